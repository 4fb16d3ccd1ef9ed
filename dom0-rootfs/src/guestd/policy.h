/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.h: what becomes of a guest that has stopped. Pure functions. */
#ifndef PVN_POLICY_H
#define PVN_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include "../guest/guestconf.h"

/* Why a domain stopped; the values are Xen's (SHUTDOWN_*). */
enum policy_reason {
	REASON_POWEROFF,
	REASON_REBOOT,
	REASON_SUSPEND,
	REASON_CRASH,
	REASON_WATCHDOG,
	REASON_SOFT_RESET,
};

/* What the guest's file says is to be done; the defaults are xl's: destroy, and
 * restart after a reboot. The watchdog counts as a crash. */
enum conf_action policy_action(const struct guestconf *conf, int reason);

/* "powered off", "rebooted", "crashed" ... */
const char *policy_reason_name(int reason);
bool policy_is_crash(int reason);

#define POLICY_CRASHES 5
#define POLICY_WINDOW_MS (10 * 60 * 1000)

/* The crashes of a guest within the window, oldest first, in ms. */
struct policy_crashes {
	int64_t at[POLICY_CRASHES];
	unsigned int n;
};

/* The guest crashed at @now. Returns how many ms to wait before it is started
 * again (1 s, doubled each time), or -1: it crashed POLICY_CRASHES times within
 * the window and stays down. */
int64_t policy_crashed(struct policy_crashes *crashes, int64_t now);

/* What a start leaves dom0 at the least, in KiB: a guest takes up to 1 MiB of it
 * for its back ends, and LVM's commands 20 MiB while they run. */
#define POLICY_DOM0_KIB (24 * 1024)

/* Has dom0 memory for one more guest? @meminfo is the text of /proc/meminfo.
 * Returns 0 or -ENOMEM. */
int policy_dom0_memory(const char *meminfo, struct pvn_err *err);

#endif
