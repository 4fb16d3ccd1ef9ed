/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_pause.c: 'guest pause' and 'guest resume'. */
#include <errno.h>
#include "cmd.h"
#include "live.h"
#include "progress.h"

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

static int step_pause(void *ctx, struct pvn_err *err)
{
	const struct change *c = ctx;

	return live_pause(c->guest->domain->id, err);
}

static int step_resume(void *ctx, struct pvn_err *err)
{
	const struct change *c = ctx;

	return live_unpause(c->guest->domain->id, err);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct change *c = ctx;
	const bool resume = c->cmd == &cmd_guest_resume;
	const enum domain_state from = resume ? DOMAIN_PAUSED : DOMAIN_RUNNING;
	const enum domain_state to = resume ? DOMAIN_RUNNING : DOMAIN_PAUSED;
	const struct domain *domain = c->guest->domain;

	if (domain && domain->state == to)
		return change_nothing(c, "guest '%s' is %s already", c->name,
				      guest_state(c->guest));
	if (!domain || domain->state != from)
		return pvn_err(err, -EINVAL, "guest '%s' is %s, not %s",
			       c->name, guest_state(c->guest),
			       domain_state_name(from));
	if (resume)
		plan_add(plan, "resume", step_resume, NULL,
			 "let guest '%s' go on", c->name);
	else
		plan_add(plan, "pause", step_pause, step_resume,
			 "pause guest '%s'", c->name);
	return 0;
}

static void report(const void *ctx)
{
	const struct change *c = ctx;

	printf("guest '%s' is %s\n", c->name,
	       c->cmd == &cmd_guest_resume ? "running" : "paused");
}

static int run_pause(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct change change = { .cmd = &cmd_guest_pause,
				 .o = &o->change,
				 .name = args[0],
				 .plan = make_plan,
				 .report = report };

	return change_run(&change);
}

static int run_resume(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct change change = { .cmd = &cmd_guest_resume,
				 .o = &o->change,
				 .name = args[0],
				 .plan = make_plan,
				 .report = report };

	return change_run(&change);
}

const struct cmd cmd_guest_pause = {
	.program = "guest",
	.group = "run",
	.name = "pause",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "halt a guest where it is; it keeps its memory",
	.example = "guest pause web1\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run_pause,
};

const struct cmd cmd_guest_resume = {
	.program = "guest",
	.group = "run",
	.name = "resume",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "let a paused guest go on",
	.example = "guest resume web1\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run_resume,
};
