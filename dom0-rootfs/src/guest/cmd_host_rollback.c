/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_rollback.c: 'host rollback': back to the release in the other slot. */
#include <errno.h>
#include "cmd.h"
#include "progress.h"
#include "upgrade.h"

struct opts {
	struct change_opts change;
	bool again;
	bool reboot;
	unsigned int confirm;
};

static const struct opt opts[] = {
	OPT("again", OPT_FLAG, again, NULL,
	    "take it although it was given up before"),
	OPT("reboot", OPT_FLAG, reboot, NULL, "start it at once"),
	CONFIRM_OPT,
	CHANGE_OPTS,
};

struct rollback {
	struct upgrade_try tried;
	struct change change;
	const struct opts *o;
	struct slots slots;
};

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct rollback *r = ctx;
	const char *version;
	int rc = upgrade_begin(&r->slots, err);

	if (rc)
		return rc;
	version = r->slots.other->version;
	if (!version)
		return pvn_err(err, -ENOENT, "there is no release in slot %c",
			       r->slots.other->name);
	rc = upgrade_check_failed(&r->slots, version, r->o->again, err);
	if (rc)
		return rc;
	upgrade_add_try(plan, &r->slots, version);
	return 0;
}

static void report(const void *ctx)
{
	const struct rollback *r = ctx;

	upgrade_end(&r->tried, r->slots.other->version, r->o->reboot);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct rollback r = {
		.change = { .cmd = &cmd_host_rollback,
			    .o = &o->change,
			    .ctx = &r,
			    .unlocked = true,
			    .plan = make_plan,
			    .report = report },
		.o = o,
	};
	int exit_code;

	(void)args;
	r.tried = (struct upgrade_try){ &r.slots, o->confirm };
	exit_code = change_run(&r.change);
	slots_free(&r.slots);
	return exit_code;
}

const struct cmd cmd_host_rollback = {
	.program = "host",
	.group = "releases",
	.name = "rollback",
	.synopsis = "",
	.help = "go back to the release in the other slot, at the next start",
	.example = "host rollback --reboot\n",
	.details = "It is tried as a new one is: see 'host upgrade'.\n"
		   "--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
