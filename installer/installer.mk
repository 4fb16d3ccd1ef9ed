# paravane-install, and the unit tests of the library and of the installer.
# After dom0-rootfs/src/lib/lib.mk. CC (in the build root), CFLAGS_OURS, VERSION and
# IN (run in the build root) come from the top Makefile.

INSTALLER_DIR := installer
INSTALLER_SRCS := answers.c bootargs.c checks.c choose.c device.c dialog.c disk_ids.c esp.c facts.c facts_sys.c fetch.c gpt.c gpt_header.c \
	grow.c grub.c hardware.c hooks.c image.c keep.c layout.c main.c mirror.c nvram.c pages.c pages_access.c pages_disk.c \
	pages_hardware.c pages_host.c pages_network.c pages_summary.c plan.c pool.c probe.c release.c repair.c \
	repair_state.c replace.c slot.c source.c state.c steps.c ui.c ui_newt.c ui_plain.c verify.c wipe.c
INSTALLER_OBJS := $(INSTALLER_SRCS:%.c=$(O)/obj/installer/%.o)
# newt and S-Lang are linked in, a sixth of what they are; ui_newt.c tells why tempnam() is wrapped.
INSTALLER_LIBS := -lfdisk -lblkid -linih -l:libnewt.a -l:libslang.a -lcrypt -Wl,--wrap=tempnam
INSTALLER_CPPFLAGS := $(LIB_CPPFLAGS) -I$(INSTALLER_DIR)
INSTALLER := $(O)/bin/paravane-install

$(O)/obj/installer/%.o: $(INSTALLER_DIR)/%.c $(INSTALLER_DIR)/installer.mk | $(ROOT)/toolchain
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(INSTALLER_CPPFLAGS) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<

# the version is in one object only, so that a new one recompiles but that
$(O)/obj/installer/main.o: INSTALLER_CPPFLAGS += -DPVN_VERSION='"$(VERSION)"'
$(O)/obj/installer/main.o: $(O)/stamp/version

$(INSTALLER): $(INSTALLER_OBJS) $(LIBPVN)
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" LINK $(@F)
	$(Q)$(CC) $(CFLAGS_OURS) $(LDFLAGS_OURS) -o $@ $^ $(INSTALLER_LIBS)

# Each unit test is one file, tests/unit/test_NAME.c -> $(O)/bin/unit-NAME.
UNIT_NAMES := answers base64 block bootargs choose disk_image facts file gpt grub grubenv kv layout lines nvram pages plan probe release repair run shadow size slot wipe zones
UNIT_TESTS := $(UNIT_NAMES:%=$(O)/bin/unit-%)
UNIT_INSTALLER_OBJS := $(filter-out %/main.o,$(INSTALLER_OBJS))

$(O)/obj/unit/%.o: tests/unit/test_%.c $(INSTALLER_DIR)/installer.mk | $(ROOT)/toolchain
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(INSTALLER_CPPFLAGS) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<

$(O)/bin/unit-%: $(O)/obj/unit/%.o $(UNIT_INSTALLER_OBJS) $(LIBPVN)
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" LINK $(@F)
	$(Q)$(CC) $(CFLAGS_OURS) $(LDFLAGS_OURS) -o $@ $^ $(INSTALLER_LIBS) -lcmocka

.PRECIOUS: $(O)/obj/unit/%.o

# 'unit' and 'golden-install' are what 'make check' needs of this folder.
.PHONY: unit golden-install
unit: $(UNIT_TESTS)
	@for t in $(UNIT_TESTS); do $(IN) $$t || exit 1; done

golden-install: $(INSTALLER)
	$(Q)$(IN) tests/golden/run $(INSTALLER)

# With the commands' pages: the one of answer files, from the table that reads them.
man: $(O)/man/paravane-answers.5
$(O)/man/paravane-answers.5: $(INSTALLER)
	@mkdir -p $(@D)
	$(Q)$(IN) $(INSTALLER) --man >$@
	@printf "  %-10s %s\n" READY $@

# FILE may be anywhere, and only the checkout is seen in the build root.
.PHONY: answers-check
answers-check: $(INSTALLER)
	$(Q)[ -r '$(FILE)' ] || { echo "answers-check: no answer file '$(FILE)': expected FILE=answers.ini"; exit 2; }
	$(Q)said=$$($(IN) $(INSTALLER) --check --answers /dev/stdin <'$(FILE)' 2>&1) && status=0 || status=$$?; \
	printf '%s\n' "$$said" | sed 's|^/dev/stdin:|$(FILE):|'; exit $$status

-include $(INSTALLER_OBJS:.o=.d) $(UNIT_NAMES:%=$(O)/obj/unit/%.d)
