/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.c: plans are lists of steps with undo, printed or run. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "lines.h"
#include "mem.h"
#include "plan.h"
#include "run.h"

void plan_add(struct pvn_plan *plan, const char *name,
	      int (*run)(void *, struct pvn_err *),
	      int (*undo)(void *, struct pvn_err *), const char *fmt, ...)
{
	struct pvn_step *step;
	va_list ap;

	plan->steps =
		xrealloc(plan->steps, (plan->n + 1) * sizeof(*plan->steps));
	step = &plan->steps[plan->n++];
	*step = (struct pvn_step){ .name = name, .run = run, .undo = undo };
	va_start(ap, fmt);
	if (vasprintf(&step->what, fmt, ap) < 0)
		step->what = xstrdup("");
	va_end(ap);
}

void plan_free(struct pvn_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->steps[i].what);
	free(plan->steps);
	*plan = (struct pvn_plan){ 0 };
}

void plan_print(const struct pvn_plan *plan, FILE *f)
{
	for (size_t i = 0; i < plan->n; i++)
		fprintf(f, "%s: %s\n", plan->steps[i].name,
			plan->steps[i].what);
}

void plan_print_json(const struct pvn_plan *plan, FILE *f)
{
	fputs("{\"steps\":[", f);
	for (size_t i = 0; i < plan->n; i++) {
		fputs(i ? ",{\"name\":" : "{\"name\":", f);
		json_quote(f, plan->steps[i].name);
		fputs(",\"what\":", f);
		json_quote(f, plan->steps[i].what);
		fputc('}', f);
	}
	fputs("]}\n", f);
}

/* Undo steps @last..0. Nothing stops it: each undo takes back what it can. */
static void undo_from(const struct pvn_plan *plan, size_t last, void *ctx,
		      const struct pvn_plan_ui *ui)
{
	for (size_t i = last + 1; i-- > 0;) {
		const struct pvn_step *step = &plan->steps[i];
		struct pvn_err err = { 0 };

		if (!step->undo)
			continue;
		pvn_log("undo %s", step->name);
		if (ui && ui->undone)
			ui->undone(ui->arg, step, NULL);
		if (!step->undo(ctx, &err))
			continue;
		pvn_log("undo %s failed: %s", step->name, err.msg);
		if (ui && ui->undone)
			ui->undone(ui->arg, step, &err);
	}
}

/* Does the environment's @variable name this step? */
static bool is_asked(const char *variable, const struct pvn_step *step)
{
	const char *name = getenv(variable);

	return name && !strcmp(name, step->name);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int plan_run(const struct pvn_plan *plan, void *ctx,
	     const struct pvn_plan_ui *ui, struct pvn_err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct pvn_step *step = &plan->steps[i];
		const double begin = seconds();
		int rc;

		pvn_log("step %s: %s", step->name, step->what);
		if (ui && ui->step)
			ui->step(ui->arg, i, plan->n, step);
		rc = step->run(ctx, err);
		pvn_log("step %s: %.2f s", step->name, seconds() - begin);
		if (!rc && is_asked("PVN_DIE_AT", step))
			raise(SIGKILL);
		if (!rc && is_asked("PVN_FAIL_AT", step))
			rc = pvn_err(err, -EIO, "failed as PVN_FAIL_AT asks");
		if (!rc)
			continue;
		pvn_err_wrap(err, "step '%s'", step->name);
		pvn_log("%s", err->msg);
		undo_from(plan, i, ctx, ui);
		return rc;
	}
	return 0;
}
