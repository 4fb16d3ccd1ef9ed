# Fuzzing: what parses others' text and bytes, with libFuzzer. 'make check' replays what it found
# ('replay', by gcc); 'make fuzz' looks for more, in a root of its own, as clang is as large as the build root.
#
#   SECONDS=N   for how long, in all
#   KEEP=yes    put what reaches new code into tests/fuzz/corpus

FUZZ_DIR := tests/fuzz
FUZZ_ROOT := $(O)/fuzz-root
FUZZ_PACKAGES := clang libclang-rt-19-dev libc6-dev $(filter lib%-dev zlib1g-dev,$(BUILD_ROOT_PACKAGES))
# those with the targets, and what they call
FUZZ_GUEST_SRCS := checksums dm guesttype host image_codec image_detect image_out image_src lvm_cache pool signals tar \
	template volume xmlrpc xva
FUZZ_SRCS := $(addprefix $(INSTALLER_DIR)/,$(filter-out main.c,$(INSTALLER_SRCS))) $(LIB_SRCS:%=$(LIB_DIR)/%) \
	$(FUZZ_GUEST_SRCS:%=$(SRC_DIR)/guest/%.c) $(FUZZ_DIR)/targets.c $(FUZZ_DIR)/targets_guest.c
FUZZ_LIBS := $(INSTALLER_LIBS) -lzstd -llzma -lz
FUZZ_CFLAGS := $(INSTALLER_CPPFLAGS) -I$(SRC_DIR)/guest -std=gnu11 -g -O1 -fno-omit-frame-pointer
SANITIZE := -fno-sanitize-recover=all -fsanitize=address,undefined
SECONDS ?= 600

REPLAY := $(O)/bin/replay
REPLAY_OBJS := $(FUZZ_SRCS:%.c=$(O)/obj/replay/%.o) $(O)/obj/replay/$(FUZZ_DIR)/replay.o

$(O)/obj/replay/%.o: %.c $(FUZZ_DIR)/fuzz.mk | $(ROOT)/toolchain
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(FUZZ_CFLAGS) $(SANITIZE) -MMD -MP -c -o $@ $<

$(REPLAY): $(REPLAY_OBJS) $(O)/obj/lib/zone_table.o
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" LINK $(@F)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(FUZZ_LIBS)

fuzz-root_stamp := $(FUZZ_PACKAGES)
$(FUZZ_ROOT)/ready: $(O)/stamp/fuzz-root $(BUILD_ROOT_DIR)/make-root | $(ROOT)/toolchain $(SOURCES)
	@printf '  %-10s the root with clang\n' ROOT
	$(Q)mkdir -p $(O)/log
	$(Q)$(BUILD_ROOT_DIR)/remove-tree $(FUZZ_ROOT)
	$(Q)PINS=$(O)/apt-pins $(BUILD_ROOT_DIR)/make-root $(FUZZ_ROOT) $(CACHE)/debs $(SOURCES) $(FUZZ_PACKAGES) \
		>$(O)/log/fuzz-root.log 2>&1 || { tail -n 40 $(O)/log/fuzz-root.log >&2; exit 1; }
	$(Q)touch $@

$(O)/bin/fuzz: $(FUZZ_ROOT)/ready $(FUZZ_SRCS) $(FUZZ_DIR)/fuzz.c $(O)/gen/zone_table.c
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CLANG $(@F)
	$(Q)images/build-root/enter $(FUZZ_ROOT) $(O) $(CACHE) clang $(FUZZ_CFLAGS) $(SANITIZE),fuzzer \
		-o $@ $(filter %.c,$^) $(FUZZ_LIBS)

.PHONY: fuzz
fuzz: $(O)/bin/fuzz
	$(Q)images/build-root/enter $(FUZZ_ROOT) $(O) $(CACHE) env KEEP=$(KEEP) $(FUZZ_DIR)/run $< $(SECONDS)

-include $(REPLAY_OBJS:.o=.d)
