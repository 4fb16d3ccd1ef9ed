/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_lines.c: whole lines are found, and appended once. */
#include "lines.h"
#include "unit.h"

PVN_TEST(whole_lines)
{
	assert_true(lines_have("a\nb c\n", "b c"));
	assert_true(lines_have("a\nb c", "b c"));
	assert_false(lines_have("#b c\n", "b c"));
	assert_false(lines_have("b cd\n", "b c"));
	assert_false(lines_have("", "a"));
}

static void expect(const char *text, const char *line, const char *after)
{
	char *copy = xstrdup(text);

	lines_add(&copy, line);
	assert_string_equal(copy, after);
	free(copy);
}

PVN_TEST(appended_once)
{
	expect("", "a", "a\n");
	expect("a\n", "a", "a\n");
	expect("a\n", "b", "a\nb\n");
	expect("a", "b", "a\nb\n"); /* whose last line has no end */
	expect("# a\n", "a", "# a\na\n");
}
