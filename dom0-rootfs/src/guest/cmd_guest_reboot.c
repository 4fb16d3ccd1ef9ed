/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_reboot.c: 'guest reboot': restart a guest and wait until it runs
 * again. */
#include <errno.h>
#include <string.h>
#include "cmd.h"
#include "live.h"
#include "progress.h"
#include "supervisor.h"
#include "start.h"
#include "wait.h"

#define DEFAULT_TIMEOUT 60

struct opts {
	bool force;
	unsigned int timeout;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("force", OPT_FLAG, force, NULL,
	    "stop it at once, like the reset button"),
	OPT("timeout", OPT_UINT, timeout, "SECONDS",
	    "how long to wait for it (default: 60)", .min = 1, .max = 86400),
	CHANGE_OPTS,
};

static const struct opts defaults = { .timeout = DEFAULT_TIMEOUT };

struct reboot {
	struct change change;
	const struct opts *o;
};

static uint32_t domain_id(const struct reboot *r)
{
	return r->change.guest->domain->id;
}

static int step_ask(void *ctx, struct pvn_err *err)
{
	return live_reboot(domain_id(ctx), err);
}

static int step_wait(void *ctx, struct pvn_err *err)
{
	const struct reboot *r = ctx;
	struct wait w = { .guest = r->change.guest,
			  .what = WAIT_REBOOT,
			  .seconds = r->o->timeout,
			  .old = domain_id(r) };
	int rc = wait_until(&w, err);

	if (rc == -ETIMEDOUT)
		return pvn_err(
			err, rc,
			"guest '%s' did not reboot in %u s ('guest reboot --force %s' resets it)",
			r->change.name, r->o->timeout, r->change.name);
	return rc;
}

static int step_stop(void *ctx, struct pvn_err *err)
{
	const struct reboot *r = ctx;

	return supervisor_ask(err, NULL, "kill %s", r->change.name);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct reboot *r = ctx;
	const struct guest *guest = r->change.guest;
	const char *name = r->change.name;
	const char *policy = guest->conf.on_reboot;

	if (!guest->domain)
		return pvn_err(
			err, -EINVAL,
			"guest '%s' is stopped ('guest start %s' starts it)",
			name, name);
	if (guest->conf_error)
		return pvn_err(err, -EINVAL, "%s", guest->conf_error);
	if (r->o->force) {
		plan_add(plan, "stop", step_stop, NULL,
			 "stop guest '%s' at once", name);
		start_add_steps(plan, guest);
		return 0;
	}
	if (guest->domain->state != DOMAIN_RUNNING)
		return pvn_err(
			err, -EINVAL,
			"guest '%s' is %s and can't reboot ('guest reboot --force %s' resets it)",
			name, guest_state(guest), name);
	if (policy && strcmp(policy, "restart"))
		return pvn_err(
			err, -EINVAL,
			"guest '%s' would not come again, its file says on_reboot = \"%s\"",
			name, policy);
	plan_add(plan, "reboot", step_ask, NULL, "ask guest '%s' to reboot",
		 name);
	plan_add(plan, "wait", step_wait, NULL,
		 "wait at most %u s until it runs again", r->o->timeout);
	return 0;
}

static void report(const void *ctx)
{
	const struct reboot *r = ctx;

	printf("guest '%s' is rebooted\n", r->change.name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct reboot r = {
		.change = { .cmd = &cmd_guest_reboot,
			    .o = &o->change,
			    .name = args[0],
			    .interruptible = !o->force,
			    .unlocked = !o->force,
			    .plan = make_plan,
			    .report = report },
		.o = o,
	};

	return change_run(&r.change);
}

const struct cmd cmd_guest_reboot = {
	.program = "guest",
	.group = "run",
	.name = "reboot",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "reboot a guest and wait until it runs again",
	.details =
		"It runs again when its kernel starts; 'guest wait NAME --for ssh' waits for more.\n",
	.example = "guest reboot web1 && guest wait web1 --for ssh\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = run,
};
