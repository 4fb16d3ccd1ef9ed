# The library that our programs share: $(LIBPVN), and the flags to use it.
# CC and AR (in the build root) and CFLAGS_OURS come from the top Makefile.

LIB_DIR := dom0-rootfs/src/lib
LIB_SRCS := addresses.c backup.c base64.c block.c err.c file.c forward.c grubenv.c guard_table.c ini_lines.c iso.c kv.c lines.c mem.c nat.c nat_files.c netlink.c nics.c plan.c run.c shadow.c size.c \
	subnet.c zones.c
LIB_OBJS := $(LIB_SRCS:%.c=$(O)/obj/lib/%.o) $(O)/obj/lib/zone_table.o
LIB_CPPFLAGS := -D_GNU_SOURCE -I$(LIB_DIR)
LIBPVN := $(O)/obj/libpvn.a

$(O)/obj/lib/%.o: $(LIB_DIR)/%.c $(LIB_DIR)/lib.mk | $(ROOT)/toolchain
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" CC $<
	$(Q)$(CC) $(LIB_CPPFLAGS) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<

# What time zones there are, of the build root's tzdata
$(O)/gen/zone_table.c: $(LIB_DIR)/make-zones | $(ROOT)/toolchain
	@mkdir -p $(@D)
	@printf "  %-10s %s\n" GEN $(@F)
	$(Q)$(IN) $(LIB_DIR)/make-zones /usr/share/zoneinfo >$@

$(O)/obj/lib/zone_table.o: $(O)/gen/zone_table.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_OURS) -c -o $@ $<

# 'D': no times and owners in the archive
$(LIBPVN): $(LIB_OBJS)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

-include $(LIB_OBJS:.o=.d)
