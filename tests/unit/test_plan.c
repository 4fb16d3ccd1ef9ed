/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_plan.c: plans are run, undone and printed. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "plan.h"
#include "unit.h"

static char trace[64];

static int note(const char *what)
{
	strcat(trace, what);
	return 0;
}

static int run_a(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	(void)err;
	return note("a");
}

static int undo_a(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	note("A");
	return pvn_err(err, -EIO, "undo failed");
}

static int run_b(void *ctx, struct pvn_err *err)
{
	note("b");
	return *(int *)ctx ? pvn_err(err, -ENOSPC, "no room") : 0;
}

static int undo_b(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	(void)err;
	return note("B");
}

static int run_c(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	(void)err;
	return note("c");
}

static void on_step(void *arg, size_t i, size_t n, const struct pvn_step *step)
{
	(void)step;
	assert_ptr_equal(arg, trace);
	assert_true(i < n);
	note(".");
}

static void on_undone(void *arg, const struct pvn_step *step,
		      const struct pvn_err *err)
{
	(void)arg;
	(void)step;
	note(err ? "!" : "-");
}

static const struct pvn_plan_ui ui = {
	.step = on_step,
	.undone = on_undone,
	.arg = trace,
};

static struct pvn_plan make(void)
{
	struct pvn_plan plan = { 0 };

	trace[0] = '\0';
	unsetenv("PVN_FAIL_AT");
	plan_add(&plan, "first", run_a, undo_a, "do %s", "\"a\"\n");
	plan_add(&plan, "second", run_b, undo_b, "do b");
	plan_add(&plan, "third", run_c, NULL, "do c");
	return plan;
}

PVN_TEST(runs_in_order)
{
	struct pvn_plan plan = make();
	struct pvn_err err = { 0 };
	int fail = 0;

	assert_int_equal(plan_run(&plan, &fail, &ui, &err), 0);
	assert_string_equal(trace, ".a.b.c");
	plan_free(&plan);
}

PVN_TEST(undoes_the_failed_step_too)
{
	struct pvn_plan plan = make();
	struct pvn_err err = { 0 };
	int fail = 1;

	assert_int_equal(plan_run(&plan, &fail, &ui, &err), -ENOSPC);
	assert_string_equal(trace, ".a.b-B-A!");
	assert_string_equal(err.msg, "step 'second': no room");
	plan_free(&plan);
}

PVN_TEST(fails_where_asked)
{
	struct pvn_plan plan = make();
	struct pvn_err err = { 0 };
	int fail = 0;

	setenv("PVN_FAIL_AT", "third", 1);
	assert_int_equal(plan_run(&plan, &fail, NULL, &err), -EIO);
	assert_string_equal(trace, "abcBA");
	unsetenv("PVN_FAIL_AT");
	plan_free(&plan);
}

PVN_TEST(dies_where_asked)
{
	struct pvn_plan plan = make();
	struct pvn_err err = { 0 };
	int fail = 0;
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		setenv("PVN_DIE_AT", "second", 1);
		plan_run(&plan, &fail, NULL, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	plan_free(&plan);
}

PVN_TEST(prints)
{
	struct pvn_plan plan = make();
	autofree char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	plan_print(&plan, f);
	plan_print_json(&plan, f);
	fclose(f);
	assert_string_equal(
		text, "first: do \"a\"\n\nsecond: do b\nthird: do c\n"
		      "{\"steps\":["
		      "{\"name\":\"first\",\"what\":\"do \\\"a\\\"\\u000a\"},"
		      "{\"name\":\"second\",\"what\":\"do b\"},"
		      "{\"name\":\"third\",\"what\":\"do c\"}]}\n");
	plan_free(&plan);
}
