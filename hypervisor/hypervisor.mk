# The hypervisor: xen.gz.

COMPONENTS += hypervisor
hypervisor_build := hypervisor/build
hypervisor_inputs := source:xen
hypervisor_files := hypervisor/xen.config kernel-configs/check-config

# only compared with ours
export XEN_PACKAGE := xen-hypervisor-4.20-amd64
hypervisor:
	@set -- $$(hypervisor/sizes) && printf '  %-10s xen.gz, %s bytes (Debian: %s)\n' READY $$1 $$2

.PHONY: xen-menuconfig
# Change Xen's configuration in a menu; saves the minimal fragment.
xen-menuconfig: $(ROOT)/toolchain
	$(Q)kernel-configs/menuconfig xen hypervisor/xen.config source:xen
