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
dropbear_files := dom0-rootfs/dropbear/localoptions.h images/build-root/apply-patches

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
ROOTFS_FILES := $(call files_in,dom0-rootfs/overlay) dom0-rootfs/assemble \
	dom0-rootfs/from-build-root dom0-rootfs/xen-tools/install.list \
	images/build-root/add-libraries images/build-root/packages-of
PROGRAMS := $(O)/bin/paravane $(O)/bin/paravane-install $(O)/bin/guestd $(O)/bin/hotplug
# The public half of who builds: a host takes the releases that are signed with it. The
# second line of minisign's file; empty without one.
RELEASE_PUB := $(shell sed -n 2p '$(KEY:.key=.pub)' 2>/dev/null)
rootfs_stamp := $(VERSION) $(IMAGE_EPOCH) $(ROOTFS_COMPONENTS) $(RELEASE_PUB) $(call names_in,dom0-rootfs/overlay)

.PHONY: rootfs busybox-menuconfig
rootfs: $(ROOTFS)
$(ROOTFS): $(foreach c,$(ROOTFS_COMPONENTS),$(call component_done,$(c))) $(PROGRAMS) \
		$(ROOTFS_FILES) $(O)/stamp/rootfs $(O)/build-id
	@printf '  %-10s dom0 root filesystem\n' ASSEMBLE
	$(Q)SOURCE_DATE_EPOCH=$(IMAGE_EPOCH) $(IN) env COMPONENT_EPOCH=$(COMPONENT_EPOCH) RELEASE_PUB=$(RELEASE_PUB) dom0-rootfs/assemble $(VERSION) $(ROOTFS_COMPONENTS) \
		>$(O)/log/rootfs.log 2>&1 || { tail -n 40 $(O)/log/rootfs.log >&2; exit 1; }
	@sed 's/^/             /' $(O)/log/rootfs.log

# Change BusyBox's configuration in a menu; saves the minimal fragment.
busybox-menuconfig: $(ROOT)/toolchain
	$(Q)kernel-configs/menuconfig busybox dom0-rootfs/busybox/busybox.config source:busybox
