/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upgrade.h: what the commands that change the release have in common. */
#ifndef PVN_UPGRADE_H
#define PVN_UPGRADE_H

#include <stdbool.h>
#include "../lib/plan.h"
#include "slots.h"

/* Read the slots for a command that will have the other one tried. Refused while the
 * release that runs is on trial itself. */
int upgrade_begin(struct slots *slots, struct pvn_err *err);

/* Refused: release @version was given up before, and nobody asked for it @again. */
int upgrade_check_failed(const struct slots *slots, const char *version,
			 bool again, struct pvn_err *err);

/* Note what is tried, and set it as the next start's; the plan's context begins with a
 * 'struct slots'-pointer: see struct upgrade_try. */
struct upgrade_try {
	struct slots *slots;
	unsigned int
		confirm; /* minutes that somebody has to confirm it; 0: nobody need */
};

#define CONFIRM_OPT                                                         \
	OPT("confirm", OPT_UINT, confirm, "MINUTES",                        \
	    "keep it only if somebody says 'host commit' within this time", \
	    .min = 1, .max = 1440)
void upgrade_add_try(struct pvn_plan *plan, const struct slots *slots,
		     const char *version);

/* Say how it goes on, and with @reboot do so. */
void upgrade_end(const struct upgrade_try *tried, const char *version,
		 bool reboot);

#endif
