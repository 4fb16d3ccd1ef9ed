/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_commands.c: every command is described, and what is made from that. */
#include <ctype.h>

#include "cmd.h"
#include "complete.h"
#include "unit.h"

static bool ends_line(const char *text)
{
	return *text && text[strlen(text) - 1] == '\n';
}

PVN_TEST(each_command_is_described)
{
	for (const struct cmd *const *c = commands; *c; c++) {
		const struct cmd *cmd = *c;
		autofree char *begin =
			xasprintf("%s %s", cmd->program, cmd->name);

		print_message("%s %s\n", cmd->program, cmd->name);
		assert_non_null(cmd_program_help(cmd->program));
		assert_true(cmd->group && *cmd->group);
		assert_true(cmd->help && *cmd->help);
		assert_true(islower((unsigned char)*cmd->help) &&
			    cmd->help[strlen(cmd->help) - 1] != '.');
		assert_non_null(cmd->synopsis);
		assert_true(!cmd->details || ends_line(cmd->details));
		assert_non_null(cmd->example);
		assert_true(ends_line(cmd->example));
		/* of this command, maybe with others before it */
		assert_non_null(strstr(cmd->example, begin));
		for (size_t i = 0; i < cmd->n_opts; i++)
			assert_true(cmd->opts[i].help && *cmd->opts[i].help);
		if (cmd->modifies) {
			bool dry = false;

			for (size_t i = 0; i < cmd->n_opts; i++)
				dry |= !strcmp(cmd->opts[i].name, "dry-run");
			assert_true(dry);
		}
	}
}

/* Commands of one group stand together, else help would have it twice. */
PVN_TEST(groups_are_whole)
{
	for (const struct cmd *const *c = commands; *c && c[1]; c++) {
		if (strcmp(c[0]->program, c[1]->program) ||
		    !strcmp(c[0]->group, c[1]->group))
			continue;
		for (const struct cmd *const *d = c + 1; *d; d++)
			assert_false(!strcmp((*d)->program, (*c)->program) &&
				     !strcmp((*d)->group, (*c)->group));
	}
}

static char *man_of(const char *program)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	program_man(program, f);
	fclose(f);
	return text;
}

/* Each line that begins with a '.' is one of the macros of man(7) that we use. */
PVN_TEST(man_page_is_roff)
{
	static const char *const macros[] = {
		".\\\"", ".TH ", ".SH ", ".SS ",  ".TP\n", ".PP\n", ".nf\n",
		".fi\n", ".B ",	 ".I ",	 ".RS\n", ".RE\n", NULL
	};
	autofree char *text = man_of("guest");

	assert_non_null(strstr(text, ".TH GUEST 8"));
	assert_non_null(strstr(text, ".SS \"guest disk add NAME"));
	assert_non_null(strstr(text, "\n\\fB\\-\\-dry\\-run\\fR\n"));
	assert_null(strstr(text, "facts"));
	for (const char *p = text; p; p = strchr(p, '\n')) {
		bool known = false;

		p += *p == '\n';
		for (size_t i = 0; *p == '.' && macros[i]; i++)
			known |= !strncmp(p, macros[i], strlen(macros[i]));
		assert_true(known || *p != '.');
		assert_int_not_equal(*p, '\'');
	}
}

static void expect_completed(const char *words, const char *wanted)
{
	autofree char *copy = xstrdup(words);
	char *v[8];
	char *rest = copy;
	int n = 0;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	while (rest)
		v[n++] = strsep(&rest, " ");
	assert_int_equal(complete(n, v, f), 0);
	fclose(f);
	assert_string_equal(text, wanted);
	free(text);
}

PVN_TEST(completes)
{
	expect_completed("", "guest\ntemplate\nhost\n");
	expect_completed("gu", "guest\n");
	expect_completed("guest des", "destroy\n");
	expect_completed("guest nic ", "add\nremove\nlist\n");
	expect_completed("guest disk gr", "grow\n");
	expect_completed("guest wait web --for s", "ssh\n");
	expect_completed("guest wait web --for ", "ssh\nip\noff\n");
	expect_completed("guest stop --t", "--timeout\n");
	expect_completed("guest stop web --f", "--force\n");
	expect_completed("guest disk add web --s", "--size\n");
	expect_completed("guest nosuch ", "");
	expect_completed("nosuch x", "");
}

PVN_TEST(completion_script_is_safe)
{
	FILE *f = fopen("/dev/null", "w");
	struct pvn_err err = { 0 };

	assert_non_null(f);
	if (!f)
		return;

	assert_int_equal(completion_script("xen1", NULL, f, &err), 0);
	assert_int_equal(completion_script("xen1", "root@10.0.0.1", f, &err),
			 0);
	assert_int_not_equal(completion_script("a b", NULL, f, &err), 0);
	assert_int_not_equal(completion_script("x;y", NULL, f, &err), 0);
	assert_int_not_equal(completion_script("x", "-oProxy", f, &err), 0);
	assert_int_not_equal(completion_script("x", "a'b", f, &err), 0);
	fclose(f);
}
