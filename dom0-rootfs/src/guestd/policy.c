/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.c: what becomes of a guest that has stopped. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "policy.h"

#define FIRST_DELAY_MS 1000

static const struct {
	const char *name;
	bool crash;
} reasons[] = {
	[REASON_POWEROFF] = { "powered off", false },
	[REASON_REBOOT] = { "rebooted", false },
	[REASON_SUSPEND] = { "suspended", false },
	[REASON_CRASH] = { "crashed", true },
	[REASON_WATCHDOG] = { "was stopped by its watchdog", true },
	[REASON_SOFT_RESET] = { "reset itself", false },
};

#define N_REASONS ((int)(sizeof(reasons) / sizeof(reasons[0])))

static enum conf_action action_or(const char *text, enum conf_action otherwise)
{
	enum conf_action action = otherwise;

	if (text && guestconf_action(text, &action))
		return otherwise;
	return action;
}

enum conf_action policy_action(const struct guestconf *conf, int reason)
{
	if (policy_is_crash(reason))
		return action_or(conf->on_crash, ACTION_DESTROY);
	if (reason == REASON_REBOOT || reason == REASON_SOFT_RESET)
		return action_or(conf->on_reboot, ACTION_RESTART);
	return action_or(conf->on_poweroff, ACTION_DESTROY);
}

const char *policy_reason_name(int reason)
{
	if (reason < 0 || reason >= N_REASONS)
		return "stopped for an unknown reason";
	return reasons[reason].name;
}

bool policy_is_crash(int reason)
{
	return reason >= 0 && reason < N_REASONS && reasons[reason].crash;
}

static void forget_old(struct policy_crashes *crashes, int64_t now)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < crashes->n; i++) {
		if (now - crashes->at[i] < POLICY_WINDOW_MS)
			crashes->at[kept++] = crashes->at[i];
	}
	crashes->n = kept;
}

int64_t policy_crashed(struct policy_crashes *crashes, int64_t now)
{
	forget_old(crashes, now);
	if (crashes->n + 1 >= POLICY_CRASHES) {
		crashes->n = 0;
		return -1;
	}
	crashes->at[crashes->n++] = now;
	return (int64_t)FIRST_DELAY_MS << (crashes->n - 1);
}

int policy_dom0_memory(const char *meminfo, struct pvn_err *err)
{
	static const char key[] = "MemAvailable:";
	const char *at = strstr(meminfo, key);
	unsigned long long kib = at ? strtoull(at + strlen(key), NULL, 10) : 0;

	if (kib >= POLICY_DOM0_KIB)
		return 0;
	return pvn_err(
		err, -ENOMEM,
		"dom0 has only %llu MiB of memory left and needs %d MiB to start a guest (stop one that can wait)",
		kib / 1024, POLICY_DOM0_KIB / 1024);
}
