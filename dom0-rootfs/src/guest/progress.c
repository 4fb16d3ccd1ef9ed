/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress.c: print or run a plan for a person who waits. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include "../lib/run.h"
#include "../lib/size.h"
#include "create.h"
#include "progress.h"
#include "settle.h"
#include "signals.h"
#include "timing.h"

/* Between two lines of progress. */
#define SECONDS 5

static void tell_step(void *arg, size_t i, size_t n,
		      const struct pvn_step *step)
{
	(void)arg;
	timing_next(step->name);
	fprintf(stderr, "[%zu/%zu] %s\n", i + 1, n, step->what);
}

static void tell_undo(void *arg, const struct pvn_step *step,
		      const struct pvn_err *err)
{
	(void)arg;
	if (err)
		fprintf(stderr, "undo of step '%s' failed: %s\n", step->name,
			err->msg);
	else
		fprintf(stderr, "undo step '%s'\n", step->name);
}

void progress_log(void)
{
	pvn_log_to(getenv("PVN_DEBUG") ? stderr : NULL);
}

void progress_bytes(uint64_t bytes)
{
	static time_t told;
	struct timespec now;
	char size[16];

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (told && now.tv_sec - told < SECONDS)
		return;
	if (told)
		fprintf(stderr, "      %s read\n", size_print(bytes, size));
	told = now.tv_sec;
}

int change_nothing(struct change *change, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&change->nothing, fmt, ap) < 0)
		abort();
	va_end(ap);
	return 0;
}

int change_error(const struct cmd *cmd, const struct pvn_err *err)
{
	return cmd_error(cmd,
			 err->code == PVN_REFUSED ? PVN_EXIT_REFUSED
						  : PVN_EXIT_FAILED,
			 err);
}

static int check_usage(const struct change *c, struct pvn_err *err)
{
	if (c->o->facts && !c->o->dry_run)
		return pvn_err(err, -EINVAL, "'--facts' needs '--dry-run'");
	return c->name ? guest_name_check(c->name, err) : 0;
}

/* Finish what an earlier command has left and which would be in the way. */
static int settle(const struct change *c, struct pvn_err *err)
{
	auto_host struct host host = { 0 };
	int rc = host_read(&host, err);

	if (rc)
		return rc;
	if (!c->hurry)
		return settle_all(host.vg, err);
	return c->name ? settle_removal(host.vg, c->name, err) : 0;
}

/* Take the lock and read what is. */
static int begin(struct change *c, struct pvn_err *err)
{
	int rc = 0;

	timing_next("lock");
	if (!c->o->dry_run && !c->unlocked) {
		autofree char *what =
			xasprintf("%s %s", c->cmd->program, c->cmd->name);

		rc = host_lock(what, err);
		if (!rc)
			rc = settle(c, err);
	}
	if (rc || !c->name)
		return rc;
	rc = c->o->facts ? guests_load(&c->set, c->o->facts, err)
			 : guests_read(&c->set, err);
	if (rc)
		return rc;
	c->guest = guests_find(&c->set, c->name, err);
	return c->guest || c->may_lack ? 0 : err->code;
}

static void dry_run(const struct change *c, const struct pvn_plan *plan)
{
	if (c->o->json)
		plan_print_json(plan, stdout);
	else if (c->nothing)
		printf("%s\n", c->nothing);
	else
		plan_print(plan, stdout);
}

static void report(const struct change *c, const void *ctx)
{
	auto_json struct json *j = NULL;

	if (!c->report)
		return;
	if (!c->o->json) {
		if (c->nothing)
			printf("%s\n", c->nothing);
		else
			c->report(ctx);
		return;
	}
	j = json_new();
	json_object(j, NULL);
	if (c->name)
		json_string(j, "name", c->name);
	if (c->report_json)
		c->report_json(ctx, j);
	json_end_object(j);
	json_print(j, stdout);
}

static int plan_and_run(struct change *c, struct pvn_err *err)
{
	const struct pvn_plan_ui ui = { .step = tell_step,
					.undone = tell_undo };
	auto_plan struct pvn_plan plan = { 0 };
	void *ctx = c->ctx ? c->ctx : c;
	int rc = begin(c, err);

	timing_next("facts");
	if (!rc)
		rc = c->plan(ctx, &plan, err);
	if (rc)
		return rc;
	if (c->o->dry_run) {
		dry_run(c, &plan);
		return 0;
	}
	if (c->nothing) {
		report(c, ctx);
		return 0;
	}
	if (!c->interruptible)
		signals_hold();
	progress_log();
	rc = plan_run(&plan, ctx, &ui, err);
	if (!rc)
		report(c, ctx);
	return rc;
}

int change_run(struct change *c)
{
	struct pvn_err err = { 0 };
	int rc;

	if (check_usage(c, &err))
		return cmd_error(c->cmd, PVN_EXIT_USAGE, &err);
	rc = plan_and_run(c, &err);
	guests_free(&c->set);
	free(c->nothing);
	free(c->conf_old);
	free(c->conf_text);
	return rc ? change_error(c->cmd, &err) : PVN_EXIT_OK;
}
