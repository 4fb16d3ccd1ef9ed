/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.h: what installer, guest and upgrade have in common: a request and the
 * facts make a plan, a list of steps with undo, which is printed or run. */
#ifndef PVN_PLAN_H
#define PVN_PLAN_H

#include <stddef.h>
#include <stdio.h>
#include "err.h"

struct pvn_step {
	const char *name; /* static; short, unique in its plan: "partition" */
	char *what; /* owned; one line for a person: "write the GPT of '/dev/sda'" */
	/* Do it. @ctx is the plan's. */
	int (*run)(void *ctx, struct pvn_err *err);
	/* Take back what run() did, also what it did half; NULL where there is
	 * nothing to take back. Called for the failed step and those before it,
	 * last first. */
	int (*undo)(void *ctx, struct pvn_err *err);
};

struct pvn_plan {
	struct pvn_step *steps;
	size_t n;
};

/* How plan_run() tells of its progress; each pointer may be NULL. */
struct pvn_plan_ui {
	void (*step)(void *arg, size_t i, size_t n,
		     const struct pvn_step *step);
	/* an undo failed, or a step is about to be undone (@err NULL) */
	void (*undone)(void *arg, const struct pvn_step *step,
		       const struct pvn_err *err);
	void *arg;
};

/* Append a step; @fmt makes its 'what'. */
void plan_add(struct pvn_plan *plan, const char *name,
	      int (*run)(void *, struct pvn_err *),
	      int (*undo)(void *, struct pvn_err *), const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

void plan_free(struct pvn_plan *plan);

/* Print the plan: one line a step, "name: what", or JSON
 * ({"steps":[{"name":...,"what":...},...]}). */
void plan_print(const struct pvn_plan *plan, FILE *f);
void plan_print_json(const struct pvn_plan *plan, FILE *f);

/* Run all steps in order. A step that fails stops the plan; it and all before
 * it are undone, last first, and *err is the failed step's error with
 * "step 'name': " before it. The environment variable PVN_FAIL_AT=name makes
 * the step of that name fail after it ran, and PVN_DIE_AT=name ends the process
 * there, as a power cut would (fault injection for the tests).
 * Returns 0 or the failed step's negative code. */
int plan_run(const struct pvn_plan *plan, void *ctx,
	     const struct pvn_plan_ui *ui, struct pvn_err *err);

#endif
