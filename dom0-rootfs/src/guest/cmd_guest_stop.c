/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_stop.c: 'guest stop': shut a guest down and wait for it. */
#include <errno.h>
#include "cmd.h"
#include "progress.h"
#include "supervisor.h"

#define DEFAULT_TIMEOUT 60

struct opts {
	bool force;
	unsigned int timeout;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("force", OPT_FLAG, force, NULL,
	    "stop it at once, like pulling the plug"),
	OPT("timeout", OPT_UINT, timeout, "SECONDS",
	    "how long to wait for it (default: 60)", .min = 1, .max = 86400),
	CHANGE_OPTS,
};

static const struct opts defaults = { .timeout = DEFAULT_TIMEOUT };

struct stop {
	struct change change;
	const struct opts *o;
};

static int step_shutdown(void *ctx, struct pvn_err *err)
{
	const struct stop *s = ctx;

	return supervisor_ask(err, NULL, "stop %s %u", s->change.name,
			      s->o->timeout);
}

static int step_force(void *ctx, struct pvn_err *err)
{
	const struct stop *s = ctx;

	return supervisor_ask(err, NULL, "kill %s", s->change.name);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct stop *s = ctx;
	const char *name = s->change.name;
	const struct domain *domain = s->change.guest->domain;

	if (!domain && supervisor_plan(name) != SUPERVISOR_STARTS)
		return change_nothing(&s->change,
				      "guest '%s' is stopped already", name);
	/* What has crashed, or is to be started again, would not hear the request. */
	if (s->o->force || !domain || domain->state == DOMAIN_CRASHED) {
		plan_add(plan, "force", step_force, NULL,
			 "stop guest '%s' at once", name);
		return 0;
	}
	if (domain->state == DOMAIN_PAUSED)
		return pvn_err(
			err, -EINVAL,
			"guest '%s' is paused and can't shut down ('guest resume %s', or 'guest stop --force %s')",
			name, name, name);
	plan_add(plan, "shutdown", step_shutdown, NULL,
		 "ask guest '%s' to shut down and wait at most %u s", name,
		 s->o->timeout);
	return 0;
}

static void report(const void *ctx)
{
	const struct stop *s = ctx;

	printf("guest '%s' is stopped\n", s->change.name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct stop stop = {
		.change = { .cmd = &cmd_guest_stop,
			    .o = &o->change,
			    .name = args[0],
			    .interruptible = true,
			    .unlocked = true,
			    .plan = make_plan,
			    .report = report },
		.o = o,
	};

	return change_run(&stop.change);
}

const struct cmd cmd_guest_stop = {
	.program = "guest",
	.group = "run",
	.name = "stop",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "shut a guest down and wait until it is down",
	.example = "guest stop web1 --timeout 120\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = run,
};
