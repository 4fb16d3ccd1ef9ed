/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_run.c: starting other programs. */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "run.h"
#include "unit.h"

static FILE *log_file;
static char *log_text;
static size_t log_len;

static void log_start(void)
{
	log_file = open_memstream(&log_text, &log_len);
	pvn_log_to(log_file);
}

static void log_stop(void)
{
	pvn_log_to(NULL);
	fclose(log_file);
}

PVN_TEST(logs_lines)
{
	struct pvn_err err = { 0 };

	log_start();
	assert_int_equal(PVN_RUN(&err, "sh", "-c",
				 "echo one; echo two >&2; printf three"),
			 0);
	log_stop();
	assert_string_equal(log_text,
			    "+ sh -c echo one; echo two >&2; printf three\n"
			    "sh: one\nsh: two\nsh: three\n");
	free(log_text);
}

PVN_TEST(tells_exit_code_and_last_line)
{
	struct pvn_err err = { 0 };

	assert_int_equal(PVN_RUN(&err, "/bin/sh", "-c", "echo why; exit 3"),
			 -EIO);
	assert_string_equal(err.msg, "'sh' failed with exit code 3: why");
	assert_int_equal(PVN_RUN(&err, "sh", "-c", "exit 4"), -EIO);
	assert_string_equal(err.msg, "'sh' failed with exit code 4");
}

PVN_TEST(tells_signal)
{
	struct pvn_err err = { 0 };

	assert_int_equal(PVN_RUN(&err, "sh", "-c", "kill -9 $$"), -EIO);
	assert_string_equal(err.msg, "'sh' was killed by signal 9");
}

PVN_TEST(tells_what_is_not_there)
{
	struct pvn_err err = { 0 };
	char *out = log_text;

	assert_int_equal(PVN_RUN(&err, "no-such-program"), -ENOENT);
	assert_string_equal(err.msg, "cannot run 'no-such-program': "
				     "No such file or directory");
	assert_int_equal(pvn_run_output(PVN_ARGV("no-such-program"), &out,
					&err),
			 -ENOENT);
	assert_null(out);
}

PVN_TEST(returns_output)
{
	struct pvn_err err = { 0 };
	char *out;

	log_start();
	assert_int_equal(
		pvn_run_output(PVN_ARGV("sh", "-c", "echo out; echo err >&2"),
			       &out, &err),
		0);
	log_stop();
	assert_string_equal(out, "out\n");
	assert_non_null(strstr(log_text, "sh: err\n"));
	assert_null(strstr(log_text, "sh: out"));
	free(out);
	free(log_text);
	assert_int_equal(pvn_run_output(PVN_ARGV("true"), &out, &err), 0);
	assert_string_equal(out, "");
	free(out);
	assert_int_equal(pvn_run_output(PVN_ARGV("sh", "-c", "echo x; exit 1"),
					&out, &err),
			 -EIO);
	assert_null(out);
}

/* More than a pipe holds, both ways at once. */
PVN_TEST(feeds_much)
{
	size_t len = 1000 * 1000;
	autofree char *input = xcalloc(1, len + 1);
	struct pvn_err err = { 0 };

	memset(input, 'x', len);
	input[len - 1] = '\n';
	assert_int_equal(pvn_run_input(PVN_ARGV("cat"), input, &err), 0);
	/* a program that does not read is none of our business */
	assert_int_equal(pvn_run_input(PVN_ARGV("true"), input, &err), 0);
	assert_int_equal(
		pvn_run_input(PVN_ARGV("grep", "-q", "y"), input, &err), -EIO);
}

/* Gives "ab", "cd", and then the end or an error. */
struct pieces {
	int given;
	bool fails;
};

static ssize_t next_piece(void *arg, const char **data_r, struct pvn_err *err)
{
	static const char *const text[] = { "ab", "cd" };
	struct pieces *pieces = arg;

	if (pieces->given == 2)
		return pieces->fails ? pvn_err(err, -ENODATA, "no more") : 0;
	*data_r = text[pieces->given++];
	return 2;
}

PVN_TEST(input_comes_in_pieces)
{
	struct pieces pieces = { 0, false };
	struct pieces failing = { 0, true };
	const struct pvn_feed good = { next_piece, &pieces };
	const struct pvn_feed bad = { next_piece, &failing };
	struct pvn_err err = { 0 };

	assert_int_equal(
		pvn_run_feed(PVN_ARGV("grep", "-q", "^abcd$"), &good, &err), 0);
	assert_int_equal(pieces.given, 2);
	/* the program took what there was; that it was not all is an error */
	assert_int_equal(pvn_run_feed(PVN_ARGV("grep", "-q", "^abcd$"), &bad,
				      &err),
			 -ENODATA);
	assert_string_equal(err.msg, "no more");
}

PVN_TEST(stream_is_read_beside)
{
	struct pvn_stream stream = PVN_STREAM_INIT;
	struct pvn_err err = { 0 };
	char text[8] = "";

	assert_int_equal(
		pvn_stream_begin(PVN_ARGV("printf", "one"), &stream, &err), 0);
	assert_int_equal(read(stream.out, text, sizeof(text)), 3);
	assert_string_equal(text, "one");
	assert_int_equal(read(stream.out, text, sizeof(text)), 0);
	assert_int_equal(pvn_stream_end(&stream, &err), 0);
	assert_int_equal(pvn_stream_end(&stream, &err), 0);
}

PVN_TEST(stream_tells_why_it_ended)
{
	struct pvn_stream stream = PVN_STREAM_INIT;
	struct pvn_err err = { 0 };

	assert_int_equal(
		pvn_stream_begin(PVN_ARGV("sh", "-c", "echo why >&2; exit 3"),
				 &stream, &err),
		0);
	assert_int_equal(pvn_stream_end(&stream, &err), -EIO);
	assert_string_equal(err.msg, "'sh' failed with exit code 3: why");
}

/* One that nobody reads to its end. */
PVN_TEST(stream_may_be_left)
{
	struct pvn_stream stream = PVN_STREAM_INIT;
	struct pvn_err err = { 0 };

	assert_int_equal(pvn_stream_begin(PVN_ARGV("yes"), &stream, &err), 0);
	assert_int_equal(pvn_stream_end(&stream, &err), 0);
}

static bool is_even(void *arg)
{
	int *asked = arg;

	return ++*asked % 2 == 0;
}

static bool is_never(void *arg)
{
	return arg != NULL;
}

/* What comes back in time changes nothing. */
PVN_TEST(kills_what_works_on_nothing)
{
	struct pvn_err err = { 0 };
	int asked = 0;

	pvn_run_while(is_even, &asked, 1);
	assert_int_equal(PVN_RUN(&err, "sleep", "2.5"), 0);
	assert_true(asked > 1);
	pvn_run_while(is_never, NULL, 1);
	assert_int_equal(PVN_RUN(&err, "sleep", "60"), -EIO);
	assert_string_equal(err.msg, "'sleep' was killed by signal 9");
	/* what is quick is not asked for */
	assert_int_equal(PVN_RUN(&err, "true"), 0);
	pvn_run_while(NULL, NULL, 0);
}
