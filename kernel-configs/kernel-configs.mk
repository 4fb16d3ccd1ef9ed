# The kernels: dom0's with its modules, and the guest's for our own template.

KERNEL_FRAGMENTS := $(wildcard kernel-configs/*.config)
COMPONENTS += linux-dom0 linux-guest

linux-dom0_build := kernel-configs/build
linux-dom0_inputs := deb:linux-source-6.12
linux-dom0_files := kernel-configs/check-config kernel-configs/fragments \
	$(addprefix kernel-configs/,$(addsuffix .config,base hardening console storage network dom0))
linux-dom0_args := dom0

linux-guest_build := kernel-configs/build
linux-guest_inputs := deb:linux-source-6.12
linux-guest_files := kernel-configs/check-config kernel-configs/fragments \
	$(addprefix kernel-configs/,$(addsuffix .config,base hardening guest))
linux-guest_args := guest

.PHONY: linux-menuconfig
# Change dom0's kernel configuration in a menu (KERNEL=guest: the guest's); saves the minimal fragment.
KERNEL ?= dom0
linux-menuconfig: $(ROOT)/toolchain
	$(Q)kernel-configs/menuconfig $(KERNEL) kernel-configs/$(KERNEL).config deb:linux-source-6.12
