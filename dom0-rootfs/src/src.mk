# paravane (guest, template, host), guestd and hotplug, and their unit and golden tests.
# After dom0-rootfs/src/lib/lib.mk; CC (in the build root), IN and CFLAGS_OURS come from
# the top Makefile.

SRC_DIR := dom0-rootfs/src
XEN_STAGE := $(O)/stage/xen-tools
# -isystem: Xen's headers are not written for our warnings
XEN_CPPFLAGS := -isystem $(XEN_STAGE)/usr/include
XEN_LDFLAGS := -L$(XEN_STAGE)/usr/lib -Wl,-rpath-link,$(XEN_STAGE)/usr/lib

PARAVANE := $(O)/bin/paravane
PARAVANE_SRCS := $(sort $(notdir $(wildcard $(SRC_DIR)/guest/*.c)))
PARAVANE_OBJS := $(PARAVANE_SRCS:%.c=$(O)/obj/guest/%.o)
PARAVANE_LIBS := -lxenlight -lxlutil -lxenstore -lxentoollog -lyajl -lzstd -llzma -lz -linih

# The commands' own code, for programs and tests that use a part of it.
LIBGUEST := $(O)/obj/libguest.a

GUESTD := $(O)/bin/guestd
GUESTD_SRCS := $(sort $(notdir $(wildcard $(SRC_DIR)/guestd/*.c)))
GUESTD_OBJS := $(GUESTD_SRCS:%.c=$(O)/obj/guestd/%.o)

HOTPLUG := $(O)/bin/hotplug
HOTPLUG_SRCS := $(sort $(notdir $(wildcard $(SRC_DIR)/hotplug/*.c)))
HOTPLUG_OBJS := $(HOTPLUG_SRCS:%.c=$(O)/obj/hotplug/%.o)

sources_stamp := $(PARAVANE_SRCS) $(GUESTD_SRCS) $(HOTPLUG_SRCS)

$(O)/obj/guest/%.o: $(SRC_DIR)/guest/%.c $(SRC_DIR)/src.mk | $(O)/stage/xen-tools.done
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(LIB_CPPFLAGS) $(XEN_CPPFLAGS) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<

$(O)/obj/hotplug/%.o: $(SRC_DIR)/hotplug/%.c $(SRC_DIR)/src.mk | $(O)/stage/xen-tools.done
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(LIB_CPPFLAGS) $(XEN_CPPFLAGS) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<

$(O)/obj/guestd/%.o: $(SRC_DIR)/guestd/%.c $(SRC_DIR)/src.mk | $(O)/stage/xen-tools.done
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(LIB_CPPFLAGS) $(XEN_CPPFLAGS) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<

$(LIBGUEST): $(filter-out %/main.o,$(PARAVANE_OBJS)) $(O)/stamp/sources
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $(filter %.o,$^)

$(GUESTD): $(GUESTD_OBJS) $(LIBGUEST) $(LIBPVN) $(O)/stamp/sources
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" LINK $(@F)
	$(Q)$(CC) $(CFLAGS_OURS) $(LDFLAGS_OURS) $(XEN_LDFLAGS) -o $@ $(filter %.o %.a,$^) \
		-lxenlight -lxlutil -lxenstore -lxentoollog -lyajl

$(PARAVANE): $(PARAVANE_OBJS) $(LIBPVN) $(O)/stamp/sources
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" LINK $(@F)
	$(Q)$(CC) $(CFLAGS_OURS) $(LDFLAGS_OURS) $(XEN_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PARAVANE_LIBS)

# It is started for each device, at a guest's start and at its end: as a static
# program it starts 2 to 3 ms sooner, of 13 (counted in instructions).
$(HOTPLUG): $(HOTPLUG_OBJS) $(LIBPVN) $(O)/stamp/sources
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" LINK $(@F)
	$(Q)$(CC) $(CFLAGS_OURS) $(LDFLAGS_OURS) $(XEN_LDFLAGS) -static -o $@ $(filter %.o %.a,$^) \
		-lxenstore -lxentoolcore

# The manual pages, from the same tables as --help.
.PHONY: man
man: $(PARAVANE)
	@mkdir -p $(O)/man
	$(Q)for program in guest template host; do \
		$(IN) env LD_LIBRARY_PATH=$(XEN_STAGE)/usr/lib $(PARAVANE) man $$program \
			>$(O)/man/$$program.8 || exit 1; done
	@printf "  %-10s %s\n" READY "$(O)/man/guest.8, template.8, host.8"

# Unit tests, tests/unit/test_NAME.c -> $(O)/bin/guest-unit-NAME.
GUEST_UNIT_NAMES := addresses
GUEST_UNIT_NAMES += become_installer
GUEST_UNIT_NAMES += bootenv
GUEST_UNIT_NAMES += commands
GUEST_UNIT_NAMES += export
GUEST_UNIT_NAMES += guest_plan
GUEST_UNIT_NAMES += guestconf
GUEST_UNIT_NAMES += guestd
GUEST_UNIT_NAMES += guestedit
GUEST_UNIT_NAMES += image
GUEST_UNIT_NAMES += import
GUEST_UNIT_NAMES += nat
GUEST_UNIT_NAMES += netlink
GUEST_UNIT_NAMES += nic
GUEST_UNIT_NAMES += opts
GUEST_UNIT_NAMES += pool
GUEST_UNIT_NAMES += seed_clone
GUEST_UNIT_NAMES += seed_fat
GUEST_UNIT_NAMES += seed_files
GUEST_UNIT_NAMES += signature
GUEST_UNIT_NAMES += slots
GUEST_UNIT_NAMES += snapshot
GUEST_UNIT_NAMES += spare
GUEST_UNIT_NAMES += template
GUEST_UNIT_NAMES += usage
GUEST_UNIT_NAMES += wait
GUEST_UNIT_NAMES += xva
GUEST_UNIT_TESTS := $(GUEST_UNIT_NAMES:%=$(O)/bin/guest-unit-%)

$(O)/obj/guest-unit/%.o: tests/unit/test_%.c $(SRC_DIR)/src.mk | $(O)/stage/xen-tools.done
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(LIB_CPPFLAGS) -I$(SRC_DIR)/guest $(XEN_CPPFLAGS) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<

$(O)/bin/guest-unit-%: $(O)/obj/guest-unit/%.o $(O)/obj/guestd/policy.o \
		$(O)/obj/guestd/request.o $(LIBGUEST) $(LIBPVN)
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" LINK $(@F)
	$(Q)$(CC) $(CFLAGS_OURS) $(LDFLAGS_OURS) $(XEN_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PARAVANE_LIBS) -lcmocka

$(O)/bin/guest-unit-guestd: $(O)/obj/guestd/record.o
$(O)/bin/guest-unit-pool: $(O)/obj/guestd/pool_guard.o

.PRECIOUS: $(O)/obj/guest-unit/%.o

# 'unit-guest' and 'golden-guest' are what 'make check' needs of this folder.
.PHONY: unit-guest golden-guest
unit-guest: $(GUEST_UNIT_TESTS)
	@for t in $(GUEST_UNIT_TESTS); do \
		$(IN) env LD_LIBRARY_PATH=$(XEN_STAGE)/usr/lib $$t || exit 1; done

golden-guest: $(PARAVANE) $(GUESTD)
	$(Q)$(IN) env LD_LIBRARY_PATH=$(XEN_STAGE)/usr/lib tests/golden/run-guest $(PARAVANE)
	$(Q)$(IN) env LD_LIBRARY_PATH=$(XEN_STAGE)/usr/lib tests/golden/run-guestd $(GUESTD)
	$(Q)$(IN) env LD_LIBRARY_PATH=$(XEN_STAGE)/usr/lib tests/golden/run-commands $(PARAVANE)

-include $(PARAVANE_OBJS:.o=.d) $(HOTPLUG_OBJS:.o=.d) $(GUESTD_OBJS:.o=.d) $(GUEST_UNIT_NAMES:%=$(O)/obj/guest-unit/%.d)
