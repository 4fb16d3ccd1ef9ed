# What checks and tests everything, shows it at work, and measures it.
#
#   T=EXPR           of the VM tests, only those whose names match (pytest -k)
#   TIMEOUT_MULT=N   all their limits times N, for a slow machine
#   PVN_ACCEL=kvm    use KVM, where it really works
#   COLD=no         leave the build from nothing out of the figures
#   GUESTS=no       leave guests beside those of stock Debian out of them
#   PVH_GUESTS=24   so many PVH guests there instead of three; 35 minutes for each on each host
#   KEEP=yes        write the figures into docs/figures.md, too
#   PVN_CYCLES=N    guests that 'test-faults' makes and removes one after the other
#   UEFI= MEMORY= GUI= ANSWERS= QEMU_EXTRA=   for 'make run...': see images/qemu/run

UNIT_PROGRAMS := $(UNIT_TESTS) $(GUEST_UNIT_TESTS)
TEST_ENV := PVN_ISO=$(O)/paravane.iso PVN_ACCEL=$(PVN_ACCEL) TIMEOUT_MULT=$(TIMEOUT_MULT) \
	PVN_CYCLES=$(PVN_CYCLES) PVN_DESCRIBE=$$($(GIT) describe --always --dirty --tags 2>/dev/null)

VMS ?= 2
VM_ARGS := -n $(VMS) --dist loadfile

FIGURES_INPUTS := deb:$(XEN_PACKAGE)

# counts a machine's instructions
counter_build := tests/bench/counter/build
counter_inputs := source:qemu
counter_files := $(addprefix tests/bench/counter/,counter.c mark.h mark.S)

.PHONY: check test test-faults figures
check: $(UNIT_PROGRAMS) $(INSTALLER) $(PARAVANE) $(GUESTD) $(HOTPLUG) $(O)/bin/replay
	$(Q)$(IN) env LD_LIBRARY_PATH=$(XEN_STAGE)/usr/lib tests/check $(O) $(UNIT_PROGRAMS)

test: check iso
	$(Q)$(IN) env $(TEST_ENV) python3 -m pytest tests/vm $(VM_ARGS) -m 'not faults' $(if $(T),-k '$(T)')

# What takes long and seldom breaks; 'test' has a sample of it.
test-faults: check iso $(DEBIAN)
	$(Q)$(IN) env $(TEST_ENV) python3 -m pytest tests/vm $(VM_ARGS) -m faults $(if $(T),-k '$(T)')

# A picture of each of the installer's pages, for docs/installing.md.
.PHONY: screenshots
screenshots: iso
	$(Q)rm -f docs/installer/*.png
	$(Q)$(IN) env $(TEST_ENV) PVN_SCREENSHOTS=docs/installer python3 -m pytest tests/vm/test_dialog.py -k vga

figures: iso $(if $(filter no,$(GUESTS)),,$(DEBIAN) $(call component_done,counter))
	$(Q)CACHE=$(CACHE) MAKE='$(MAKE)' COLD=$(COLD) tests/bench/builds
	$(Q)rm -f $(O)/figures-guests.json
	$(Q)[ '$(GUESTS)' = no ] || IN='$(IN)' PVH_GUESTS='$(PVH_GUESTS)' tests/bench/guests
	$(Q)$(IN) env $(TEST_ENV) python3 tests/bench/figures.py
	$(Q)[ '$(KEEP)' != yes ] || $(IN) python3 tests/bench/keep.py

.PHONY: demo demo-stop run run-install run-installed
export IN PVN_ACCEL UEFI MEMORY GUI ANSWERS QEMU_EXTRA
demo: iso
	$(Q)images/qemu/demo start $(O)/paravane.iso

demo-stop:
	$(Q)images/qemu/demo stop

run: iso
	$(Q)images/qemu/run live $(ISO)

run-install: iso
	$(Q)images/qemu/run install $(ISO)

run-installed:
	$(Q)images/qemu/run installed $(ISO)

.PHONY: format
format: $(ROOT)/toolchain
	$(Q)$(IN) sh -c "find dom0-rootfs installer tests -name '*.[ch]' | xargs clang-format -i"
