/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_rescue.c: 'host rescue': the next start is into the rescue system, which ssh reaches. */
#include <stdio.h>
#include "../lib/run.h"
#include "cmd.h"
#include "progress.h"
#include "slots.h"

struct opts {
	struct change_opts change;
	bool reboot;
};

static const struct opt opts[] = {
	OPT("reboot", OPT_FLAG, reboot, NULL, "start it at once"),
	CHANGE_OPTS,
};

static int step_rescue(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return slots_set_rescue(true, err);
}

static int undo_rescue(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return slots_set_rescue(false, err);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	auto_slots struct slots slots = { 0 };
	int rc = slots_read(&slots, err);

	(void)ctx;
	if (rc)
		return rc;
	plan_add(
		plan, "rescue", step_rescue, undo_rescue,
		"have the next start go into the rescue system of slot %c, once",
		slots.kept);
	return 0;
}

static void report(const void *ctx)
{
	const struct opts *o = ctx;
	struct pvn_err err = { 0 };

	printf("the next start is into the rescue system: no guests, nothing on "
	       "the disks is used; the start after it is the host's again\n");
	fflush(stdout);
	if (!o->reboot)
		printf("to start it now: reboot\n");
	else if (PVN_RUN(&err, "reboot"))
		fprintf(stderr, "%s\n", err.msg);
}

static int run(void *ctx, char **args)
{
	struct opts *o = ctx;
	struct change change = { .cmd = &cmd_host_rescue,
				 .o = &o->change,
				 .ctx = o,
				 .unlocked = true,
				 .plan = make_plan,
				 .report = report };

	(void)args;
	return change_run(&change);
}

const struct cmd cmd_host_rescue = {
	.program = "host",
	.group = "releases",
	.name = "rescue",
	.synopsis = "",
	.help = "have the next start go into the rescue system, once",
	.example = "host rescue --reboot\n",
	.details =
		"It is the same system, from memory, without guests: ssh answers at the host's address with the\n"
		"host's key, for the same people, and nothing holds the disks. 'host repair' mends there what\n"
		"the host starts from; 'paravane-install --answers FILE' installs it anew, without other media.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
