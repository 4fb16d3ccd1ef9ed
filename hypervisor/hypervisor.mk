# The hypervisor: xen.gz.

COMPONENTS += hypervisor
hypervisor_build := hypervisor/build
hypervisor_inputs := source:xen
hypervisor_files := hypervisor/xen.config kernel-configs/check-config

.PHONY: xen-menuconfig
# Change Xen's configuration in a menu; saves the minimal fragment.
xen-menuconfig: $(ROOT)/toolchain
	$(Q)kernel-configs/menuconfig xen hypervisor/xen.config source:xen
