/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start.h: the steps that start a guest which is there already. */
#ifndef PVN_START_H
#define PVN_START_H

#include "../lib/plan.h"
#include "guests.h"

/* Can it be started: is its file good, is there memory for it? */
int start_check(const struct guest_set *set, const struct guest *guest,
		struct pvn_err *err);

/* Append them; the plan's context is a struct change with that guest. */
void start_add_steps(struct pvn_plan *plan, const struct guest *guest);

#endif
