/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upgrade.c: what the commands that change the release have in common. */
#include <stdbool.h>
#include <stdio.h>
#include "../lib/mem.h"
#include "../lib/run.h"
#include "health.h"
#include "upgrade.h"

int upgrade_begin(struct slots *slots, struct pvn_err *err)
{
	int rc = slots_read(slots, err);

	if (!rc && slots->trying)
		rc = pvn_err(err, PVN_REFUSED,
			     "release %s is on trial itself: wait until it is "
			     "kept, see 'host slots'",
			     slots->booted->version);
	return rc;
}

int upgrade_check_failed(const struct slots *slots, const char *version,
			 bool again, struct pvn_err *err)
{
	const char *why = slots_failed(slots, version);

	if (!why || again)
		return 0;
	return pvn_err(err, PVN_REFUSED,
		       "release %s was given up before (%s); "
		       "'--again' tries it again",
		       version, why);
}

/* A host that has no network before needs none after. */
static int step_note(void *ctx, struct pvn_err *err)
{
	const struct upgrade_try *tried = ctx;
	struct slots *slots = tried->slots;
	const char name[] = { slots->other->name, '\0' };
	autofree char *minutes = xasprintf("%u", tried->confirm);

	kv_set(&slots->notes, "try", name);
	kv_set(&slots->notes, "confirm", minutes);
	kv_set(&slots->notes, "network", health_has_network() ? "yes" : "no");
	return slots_write_notes(slots, err);
}

static int undo_note(void *ctx, struct pvn_err *err)
{
	struct slots *slots = ((struct upgrade_try *)ctx)->slots;

	kv_remove(&slots->notes, "try");
	return slots_write_notes(slots, err);
}

static int step_try(void *ctx, struct pvn_err *err)
{
	const struct slots *slots = ((struct upgrade_try *)ctx)->slots;

	return slots_set_try(slots->other->name, err);
}

static int undo_try(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return slots_set_try('\0', err);
}

void upgrade_add_try(struct pvn_plan *plan, const struct slots *slots,
		     const char *version)
{
	/* in this order: a note of what was never tried would say that it did not come up */
	plan_add(plan, "try", step_try, undo_try,
		 "have the next start try slot %c once", slots->other->name);
	plan_add(plan, "note", step_note, undo_note,
		 "note that release %s in slot %c is to be tried", version,
		 slots->other->name);
}

void upgrade_end(const struct upgrade_try *tried, const char *version,
		 bool reboot)
{
	const struct slots *slots = tried->slots;
	struct pvn_err err = { 0 };

	printf("the next start tries release %s in slot %c; it is kept when "
	       "the host is well, else %s comes back\n",
	       version, slots->other->name, slots->booted->version);
	if (tried->confirm)
		printf("and when somebody says 'host commit' there within %u %s\n",
		       tried->confirm,
		       tried->confirm == 1 ? "minute" : "minutes");
	fflush(stdout);
	if (!reboot)
		printf("to start it now: reboot\n");
	else if (PVN_RUN(&err, "reboot"))
		fprintf(stderr, "%s\n", err.msg);
}
