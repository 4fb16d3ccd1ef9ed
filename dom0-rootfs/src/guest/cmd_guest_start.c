/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_start.c: 'guest start': activate a guest's volumes and start it. */
#include <errno.h>
#include "../lib/size.h"
#include "cmd.h"
#include "create.h"
#include "progress.h"
#include "start.h"

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct change *c = ctx;
	int rc;

	if (c->guest->domain)
		return change_nothing(c, "guest '%s' is %s already", c->name,
				      guest_state(c->guest));
	rc = start_check(&c->set, c->guest, err);
	if (!rc)
		start_add_steps(plan, c->guest);
	return rc;
}

static void report(const void *ctx)
{
	const struct change *c = ctx;

	printf("guest '%s' is started\n", c->name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct change change = {
		.cmd = &cmd_guest_start,
		.o = &o->change,
		.name = args[0],
		.plan = make_plan,
		.report = report,
	};

	return change_run(&change);
}

const struct cmd cmd_guest_start = {
	.program = "guest",
	.group = "run",
	.name = "start",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "start a guest",
	.example = "guest start web1\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
