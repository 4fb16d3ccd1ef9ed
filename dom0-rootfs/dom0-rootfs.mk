# dom0's root filesystem: its components, and O/rootfs assembled from them.

COMPONENTS += xen-tools busybox dropbear qemu-img microcode
ifneq ($(FIRMWARE),no)
COMPONENTS += firmware
endif

xen-tools_build := dom0-rootfs/xen-tools/build
xen-tools_inputs := source:xen
xen-tools_links := yes

busybox_build := dom0-rootfs/busybox/build
busybox_inputs := source:busybox
busybox_links := yes
busybox_files := dom0-rootfs/busybox/busybox.config dom0-rootfs/busybox/configure \
	kernel-configs/check-config images/build-root/apply-patches

dropbear_build := dom0-rootfs/dropbear/build
dropbear_inputs := source:dropbear
dropbear_links := yes
dropbear_files := dom0-rootfs/dropbear/localoptions.h

qemu-img_build := dom0-rootfs/qemu-img/build
qemu-img_inputs := source:qemu
qemu-img_links := yes
qemu-img_files := images/build-root/apply-patches

microcode_build := dom0-rootfs/microcode/build
microcode_inputs := deb:intel-microcode deb:amd64-microcode

# Which driver's firmware is in which package; see dom0-rootfs/firmware/build.
firmware_build := dom0-rootfs/firmware/build
firmware_inputs := deb:firmware-bnx2 deb:firmware-bnx2x deb:firmware-qlogic \
	deb:firmware-realtek deb:firmware-misc-nonfree deb:firmware-intel-misc
firmware_needs := linux-dom0

ROOTFS := $(O)/rootfs
ROOTFS_COMPONENTS := linux-dom0 $(filter xen-tools busybox dropbear qemu-img firmware,$(COMPONENTS))
ROOTFS_FILES := $(shell find dom0-rootfs/overlay -type f) dom0-rootfs/assemble \
	dom0-rootfs/from-build-root dom0-rootfs/xen-tools/install.list
PROGRAMS := $(O)/bin/paravane $(O)/bin/paravane-install $(O)/bin/guestd $(O)/bin/hotplug

# Names the build: live and install mode find the medium they came on by it.
build_id = $(shell cat $(ROOTFS_FILES) $(O)/stage/*.key $(PROGRAMS) 2>/dev/null | sha256sum | cut -c1-16)

.PHONY: rootfs busybox-menuconfig
rootfs: $(ROOTFS)
$(ROOTFS): $(foreach c,$(ROOTFS_COMPONENTS),$(call component_done,$(c))) $(PROGRAMS) \
		$(ROOTFS_FILES) $(O)/version
	@printf '  %-10s dom0 root filesystem\n' ASSEMBLE
	$(Q)SOURCE_DATE_EPOCH=$(IMAGE_EPOCH) $(IN) dom0-rootfs/assemble $(VERSION) $(build_id) \
		>$(O)/log/rootfs.log 2>&1 || { tail -n 40 $(O)/log/rootfs.log >&2; exit 1; }
	@sed 's/^/             /' $(O)/log/rootfs.log

# Rewritten only when the version changes, so that what shows it is rebuilt then.
.PHONY: FORCE
$(O)/version: FORCE
	@mkdir -p $(O)
	@printf '%s\n' $(VERSION) | cmp -s - $@ || printf '%s\n' $(VERSION) >$@

# Change BusyBox's configuration in a menu; saves the minimal fragment.
busybox-menuconfig: $(ROOT)/toolchain
	$(Q)kernel-configs/menuconfig busybox dom0-rootfs/busybox/busybox.config source:busybox
