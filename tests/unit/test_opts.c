/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_opts.c: options parsed by table. */
#include <errno.h>

#include "cmd.h"
#include "size.h"
#include "unit.h"

struct opts {
	bool flag;
	const char *text, *note;
	uint64_t size;
	unsigned int count;
};

static const struct opt opts[] = {
	OPT("flag", OPT_FLAG, flag, NULL, "a flag"),
	OPT("text", OPT_STRING, text, "TEXT", "a text", .required = true),
	OPT("note", OPT_STRING, note, "TEXT", "a note", .may_be_empty = true),
	OPT("size", OPT_SIZE, size, "SIZE", "a size", .min = MIB, .max = GIB),
	OPT("count", OPT_UINT, count, "N", "a count", .min = 1, .max = 8),
};

static const struct opts defaults = { .count = 3 };

static const struct cmd cmd = {
	.program = "guest",
	.name = "try",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "try",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
};

static int parse(char **argv, struct opts *o, char **args, struct pvn_err *err)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	*err = (struct pvn_err){ 0 };
	return opts_parse(&cmd, argc, argv, o, args, err);
}

#define ARGV(...)                 \
	(char **)(const char *[]) \
	{                         \
		__VA_ARGS__, NULL \
	}

PVN_TEST(parses)
{
	char *args[CMD_MAX_ARGS + 1];
	struct opts o;
	struct pvn_err err;

	assert_int_equal(
		parse(ARGV("--text=a=b", "web", "--size", "64M", "--flag"), &o,
		      args, &err),
		0);
	assert_string_equal(args[0], "web");
	assert_null(args[1]);
	assert_string_equal(o.text, "a=b");
	assert_true(o.flag);
	assert_int_equal(o.size, 64 * MIB);
	assert_int_equal(o.count, 3);
	assert_null(o.note);
	assert_int_equal(parse(ARGV("--text", "a", "--note", "", "web"), &o,
			       args, &err),
			 0);
	assert_string_equal(o.note, "");
	assert_string_equal(args[0], "web");
	assert_int_equal(
		parse(ARGV("--text", "-", "--", "--web"), &o, args, &err), 0);
	assert_string_equal(o.text, "-");
	assert_string_equal(args[0], "--web");
	assert_int_equal(parse(ARGV("--help", "--nonsense"), &o, args, &err),
			 1);
}

PVN_TEST(refuses)
{
	static const struct {
		const char *argv[5];
		const char *msg;
	} bad[] = {
		{ { "web" }, "option '--text TEXT' is missing" },
		{ { "--text", "x" }, "NAME is missing" },
		{ { "a", "b", "--text", "x" }, "unexpected argument 'b'" },
		{ { "a", "--tex", "x" }, "unknown option '--tex'" },
		{ { "a", "-t" }, "unknown option '-t'" },
		{ { "a", "--text" }, "option '--text' needs a value" },
		{ { "a", "--text=" }, "'--text' has an empty value" },
		{ { "a", "--flag=1" }, "option '--flag' takes no value" },
		{ { "a", "--flag", "--flag" },
		  "option '--flag' is given twice" },
		{ { "a", "--count", "1x" }, "'--count 1x' is not a number" },
		{ { "a", "--count", "-1" }, "'--count -1' is not a number" },
		{ { "a", "--count", "9" },
		  "'--count 9' is not between 1 and 8" },
		{ { "a", "--size", "1K" },
		  "'--size 1K' is not between 1.0M and 1.0G" },
		{ { "a", "--size", "big" },
		  "'--size': 'big' is not a size, expected something like 512M or 4G" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *args[CMD_MAX_ARGS + 1];
		struct opts o;
		struct pvn_err err;

		assert_int_equal(parse((char **)bad[i].argv, &o, args, &err),
				 -EINVAL);
		assert_string_equal(err.msg, bad[i].msg);
	}
}
