# SPDX-License-Identifier: GPL-2.0-or-later
# Paravane: one ISO that turns a bare x86-64 server into a paravirtual host.
#
# 'make' alone prints help. One make instance: each folder's <folder>.mk is included
# here. Recipes run on the host only to fetch inputs and to enter the build
# root, a Debian tree under out/; everything is compiled, assembled and tested
# inside it (images/build-root/).

.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SUFFIXES:
MAKEFLAGS += -rR --no-print-directory
SHELL := /bin/sh
# Debian's ordinary users don't have chroot and the like in theirs
export PATH := $(PATH):/usr/sbin:/sbin
.DEFAULT_GOAL := help

ifneq ($(words $(CURDIR)),1)
$(error the path of the checkout, '$(CURDIR)', has a space in it: move it to one without)
endif
ifeq ($(filter 4.% 5.%,$(MAKE_VERSION)),)
$(error GNU make 4.0 or later is needed; this is $(MAKE_VERSION))
endif

# Settings, each also from the command line: make iso O=/tmp/out V=1
#
# O         where everything is written
# CACHE     compiled components and downloads, shared by all checkouts
# MIRROR    Debian mirror; default: this machine's own
# STRICT=1  fail where the mirror lacks what the lock file names, or it names nothing
# KEY       what 'make release' signs with; 'make keys' makes it
# FIRMWARE  'no' leaves NIC firmware out
# JOBS      parallel compile jobs
# V=1       show the commands
O ?= out
override O := $(abspath $(O))
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/paravane
override CACHE := $(abspath $(CACHE))
MIRROR ?=
STRICT ?= 0
KEY ?= $(or $(XDG_CONFIG_HOME),$(HOME)/.config)/paravane/release.key
override KEY := $(abspath $(KEY))
FIRMWARE ?= yes
JOBS ?= $(shell nproc)
V ?= 0
Q := $(if $(filter 1,$(V)),,@)

# 0.1.N counts the commits, so that a later release is a larger version. The checkout may
# be another user's.
GIT := git -c safe.directory=$(CURDIR) -C $(CURDIR)
VERSION := 0.1.$(shell $(GIT) rev-list --count HEAD 2>/dev/null || echo 0)
ifneq ($(wildcard .git),)
ifeq ($(VERSION),0.1.0)
$(warning git does not read this checkout, so that its version is $(VERSION): see '$(GIT) log')
endif
ifeq ($(shell $(GIT) rev-parse --is-shallow-repository 2>/dev/null),true)
$(warning this clone is shallow, so that its version, $(VERSION), is too small: run 'git fetch --unshallow')
endif
endif
version_stamp := $(VERSION)
# Times inside the image are the commit's; inside the components, which are
# cached across commits, a fixed one.
IMAGE_EPOCH := $(shell $(GIT) log -1 --format=%ct 2>/dev/null || echo 1760000000)
COMPONENT_EPOCH := 1760000000

export O CACHE MIRROR STRICT JOBS
export LOCK := $(CURDIR)/images/build-root/lock
export SOURCES := $(O)/apt.sources
export SOURCE_DATE_EPOCH := $(COMPONENT_EPOCH)

# IN COMMAND: run it in the build root.
ROOT := $(O)/root
IN := images/build-root/enter $(ROOT) $(O) $(CACHE)
CC := $(IN) gcc
AR := $(IN) ar
CFLAGS_OURS := -std=gnu11 -O2 -g -fstack-protector-strong -Wall -Wextra \
	-Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wwrite-strings -Wvla -Wformat=2 -Wundef -fno-common \
	$(if $(or $(DEVELOPER),$(CI)),-Werror) -ffile-prefix-map=$(CURDIR)=. \
	-ffile-prefix-map=$(O)=out

# $(O)/stamp/NAME is written anew only when $(NAME_stamp) has changed: a prerequisite of what
# depends on a setting, or on which files there are.
.PHONY: FORCE
$(O)/stamp/%: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$($*_stamp)' | cmp -s - $@ || printf '%s\n' '$($*_stamp)' >$@

files_in = $(sort $(shell find $(1) -type f))
# links with what they point to, which make would follow
names_in = $(sort $(shell find $(1) ! -type d -printf '%p>%l\n'))

include images/build-root/build-root.mk
include hypervisor/hypervisor.mk
include kernel-configs/kernel-configs.mk
include dom0-rootfs/dom0-rootfs.mk
include dom0-rootfs/src/lib/lib.mk
-include dom0-rootfs/src/src.mk
-include installer/installer.mk
include images/images.mk
include tests/tests.mk
include tests/fuzz/fuzz.mk

# Names the build: live and install mode find the medium they came on by it. Whatever
# changes something on the ISO changes it.
BUILD_ID_FILES := $(sort $(ROOTFS_FILES) $(MINI_FILES) $(ISO_FILES) $(PROGRAMS) $(O)/stamp/rootfs $(O)/stamp/mini)
$(O)/build-id: $(BUILD_ID_FILES) $(foreach c,$(ISO_COMPONENTS),$(call component_done,$(c)))
	$(Q)sha256sum $(BUILD_ID_FILES) $(ROOT)/packages $(ISO_COMPONENTS:%=$(O)/stage/%.key) | \
		sed 's|$(O)/||' | sha256sum | cut -c1-16 >$@

# Each component by its name: make linux-dom0
.PHONY: $(COMPONENTS)
$(COMPONENTS): %: $(O)/stage/%.done

.PHONY: help clean
help:
	@sed 's/@CACHE@/$(subst /,\/,$(CACHE))/' docs/make-help.txt

# The cache stays: 'rm -r' it by hand to start from nothing.
clean:
	$(Q)images/build-root/remove-tree $(O)

# Targets have absolute names; 'make out/bin/guestd' is as good.
ifneq ($(O:$(CURDIR)/%=%),$(O))
$(O:$(CURDIR)/%=%)/%: $(O)/% ;
endif

# 'make print-VAR' shows one variable.
print-%:
	@printf '%s\n' '$*=$($*)'
