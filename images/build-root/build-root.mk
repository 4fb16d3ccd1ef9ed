# The build root, what is fetched, and the one rule that builds every component.

BUILD_ROOT_DIR := images/build-root
BUILD_ROOT_PACKAGES := $(shell sed 's/\#.*//' $(BUILD_ROOT_DIR)/packages)

# What the machine itself must have; each with the package that has it.
HOST_TOOLS := mmdebstrap:mmdebstrap unshare:util-linux sha256sum:coreutils \
	/usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring

.PHONY: prereq build-root lock source
prereq:
	$(Q)$(BUILD_ROOT_DIR)/host-tools $(HOST_TOOLS)

# Each time, as MIRROR= and the machine's own may have changed. Another mirror has the same
# packages: no reason to make the build root anew.
$(SOURCES): FORCE | prereq
	$(Q)mkdir -p $(O)/log
	$(Q)$(BUILD_ROOT_DIR)/proxies >$(O)/apt-proxies
	$(Q)$(BUILD_ROOT_DIR)/mirror >$@.new
	$(Q)cmp -s $@.new $@ || cp $@.new $@
	$(Q)rm $@.new

# The build root is ready when the versions of what compiles are written down:
# they are part of every component's cache key.
build-root: $(ROOT)/toolchain
$(ROOT)/toolchain: $(BUILD_ROOT_DIR)/packages $(BUILD_ROOT_DIR)/make-root | $(SOURCES)
	$(Q)$(BUILD_ROOT_DIR)/build-root $(ROOT) $(BUILD_ROOT_PACKAGES)

# A component NAME is described by variables:
#   NAME_build   its build script, run in the build root
#   NAME_inputs  what it takes from the archive, as kind:name
#   NAME_files   our files that go into it
#   NAME_needs   components whose stage trees it reads
#   NAME_args    further settings that change the result
#   NAME_links   'yes' if it links the build root's libraries
# and ends up in $(O)/stage/NAME, from the cache when nothing that goes in changed.
COMPONENTS :=
INPUTS = $(sort $(foreach c,$(COMPONENTS),$($(c)_inputs)) $(FIGURES_INPUTS))

component_done = $(O)/stage/$(1).done
$(O)/stage/%.done: $(ROOT)/toolchain $(LOCK) $$($$*_build) $$($$*_files) \
		$$(foreach n,$$($$*_needs),$$(call component_done,$$n))
	$(Q)BUILD='$($*_build)' INPUTS='$($*_inputs)' FILES='$($*_files)' \
		NEEDS='$($*_needs)' ARGS='$($*_args)' LINKS='$($*_links)' $(BUILD_ROOT_DIR)/component $*

# Fetch everything that is compiled, so that the rest works without a network.
source: $(ROOT)/toolchain
	$(Q)for input in $(INPUTS); do $(BUILD_ROOT_DIR)/inputs get $$input | head -n 1; done

# Write the lock anew from what the mirror carries today.
lock: $(ROOT)/toolchain
	$(Q)INPUT_NAMES='$(INPUTS)' $(BUILD_ROOT_DIR)/inputs lock $(ROOT)/packages >$(LOCK).new
	$(Q)mv $(LOCK).new $(LOCK)
