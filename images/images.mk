# The ISO and what is on it besides dom0: boot loaders and templates. Then the
# same ISO in QEMU: 'make run' and 'make demo'.

ISO := $(O)/paravane-$(VERSION).iso
MINI := $(O)/templates/mini/template.ini
MINI_FILES := $(call files_in,images/mini/overlay) images/mini/build images/build-root/add-libraries \
	images/build-root/packages-of dom0-rootfs/overlay/usr/lib/paravane/udhcpc
mini_stamp := $(call names_in,images/mini/overlay)
ISO_COMPONENTS := hypervisor linux-dom0 linux-guest microcode xen-tools busybox dropbear qemu-img \
	$(filter firmware,$(COMPONENTS))
ISO_FILES := images/make-iso $(sort $(wildcard images/boot/*))

# 'make iso ANSWERS=FILE': beside it the same with an answer file on it. FILE may be anywhere, and is
# judged first.
ANSWERED := $(O)/paravane-$(VERSION)-answers.iso
make_iso = SOURCE_DATE_EPOCH=$(IMAGE_EPOCH) $(IN) env COMPONENTS='$(ISO_COMPONENTS)'

.PHONY: iso answered
iso: $(ISO) $(if $(and $(ANSWERS),$(filter iso,$(MAKECMDGOALS))),answered)
	@printf '  %-10s %s, %s bytes\n' READY $(ISO) $$(stat -c %s $(ISO))

answered: $(ISO) $(INSTALLER)
	$(Q)$(MAKE) answers-check FILE='$(ANSWERS)'
	@printf '  %-10s %s\n' ASSEMBLE $(notdir $(ANSWERED))
	$(Q)cp '$(ANSWERS)' $(O)/answers.ini
	$(Q)$(make_iso) ANSWERS=$(O)/answers.ini images/make-iso $(VERSION) $(ANSWERED) \
		>$(O)/log/iso.log 2>&1 || { tail -n 40 $(O)/log/iso.log >&2; exit 1; }
	@printf '  %-10s %s, which installs without a question\n' READY $(ANSWERED)

$(MINI): $(MINI_FILES) $(O)/stamp/mini $(foreach c,busybox dropbear xen-tools,$(call component_done,$(c)))
	@printf '  %-10s template mini\n' ASSEMBLE
	$(Q)mkdir -p $(O)/log
	$(Q)SOURCE_DATE_EPOCH=$(COMPONENT_EPOCH) $(IN) images/mini/build 1 \
		>$(O)/log/mini.log 2>&1 || { tail -n 40 $(O)/log/mini.log >&2; exit 1; }

$(ISO): $(foreach c,$(ISO_COMPONENTS),$(call component_done,$(c))) $(ROOTFS) $(MINI) $(ISO_FILES)
	@printf '  %-10s %s\n' ASSEMBLE $(@F)
	$(Q)rm -f $(O)/paravane-*.iso
	$(Q)$(make_iso) images/make-iso $(VERSION) $@ \
		>$(O)/log/iso.log 2>&1 || { tail -n 40 $(O)/log/iso.log >&2; exit 1; }
	$(Q)ln -sf $(@F) $(O)/paravane.iso

# A release: the ISO with its signature, by a key that only who makes releases has. Where there is
# one, its public half is in the root filesystem, see RELEASE_PUB.
RELEASE := $(O)/release-$(VERSION)
.PHONY: keys release
keys: $(ROOT)/toolchain
	$(Q)mkdir -p $(O)/log
	$(Q)IN='$(IN)' images/release/make-keys '$(KEY)'

release: iso
	@[ -z "$$($(GIT) status --porcelain 2>/dev/null)" ] || \
		{ echo "the checkout has changes that no commit has, and so no version: commit them" >&2; exit 1; }
	$(Q)SOURCE_DATE_EPOCH=$(IMAGE_EPOCH) IN='$(IN)' \
		images/release/make-release $(VERSION) $(ISO) '$(KEY)' $(RELEASE)
	@printf '  %-10s %s\n' READY $(RELEASE)

# Debian 13 as a file that 'template import' takes; not part of the ISO.
DEBIAN := $(O)/templates-more/debian.tar
DEBIAN_FILES := images/debian/lock images/debian/make-tree images/debian/build \
	$(call files_in,images/debian/overlay)
.PHONY: template-debian
template-debian: $(DEBIAN)
	@printf '  %-10s %s, %s bytes\n' READY $(DEBIAN) $$(stat -c %s $(DEBIAN))

$(DEBIAN): $(ROOT)/toolchain $(DEBIAN_FILES)
	@printf '  %-10s template debian\n' ASSEMBLE
	$(Q)mkdir -p $(O)/log $(O)/build
	$(Q)SOURCE_DATE_EPOCH=$(COMPONENT_EPOCH) images/debian/make-tree $(O)/build/debian-tree.tar \
		$(CACHE)/debs-debian $(SOURCES) >$(O)/log/debian.log 2>&1 || { tail -n 40 $(O)/log/debian.log >&2; exit 1; }
	$(Q)SOURCE_DATE_EPOCH=$(COMPONENT_EPOCH) $(IN) images/debian/build /build/debian-tree.tar $@ \
		>>$(O)/log/debian.log 2>&1 || { tail -n 40 $(O)/log/debian.log >&2; exit 1; }

# A disk with that ISO installed, to be written to a server's as it is: see docs/disk-image.md. Each is
# another installation, so it is made anew whenever it is asked for.
.PHONY: disk-image
disk-image: iso $(INSTALLER)
	$(Q)[ -r '$(ANSWERS)' ] || { echo "disk-image: no answer file '$(ANSWERS)': expected ANSWERS=answers.ini"; exit 2; }
	@printf '  %-10s %s\n' INSTALL $(ISO:.iso=.img)
	$(Q)$(IN) images/make-disk-image $(ISO) $(ISO:.iso=.img) <'$(ANSWERS)' >$(O)/log/disk-image.log 2>&1 || \
		{ sed 's|^/dev/stdin:|$(ANSWERS):|' $(O)/log/disk-image.log | tail -n 40 >&2; exit 1; }
	$(Q)$(IN) sh -c 'umask 077; rm -f "$$1.gz"; gzip -n -1 <"$$1" >"$$1.gz"' gzip $(ISO:.iso=.img)
	@printf '  %-10s %s.gz, %s bytes\n' READY $(ISO:.iso=.img) $$(stat -c %s $(ISO:.iso=.img).gz)
