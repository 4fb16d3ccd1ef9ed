/* SPDX-License-Identifier: GPL-2.0-or-later */
/* help.c: --help, from the tables of the commands; the manual pages are in man.c. */
#include <string.h>
#include "../lib/mem.h"
#include "cmd.h"

#define HELP_COLUMN 24

bool opt_is_hidden(const struct opt *opt)
{
	return !strcmp(opt->name, "facts");
}

static void help_line(const char *left, const char *right, FILE *f)
{
	if (strlen(left) + 4 > HELP_COLUMN)
		fprintf(f, "  %s\n%*s%s\n", left, HELP_COLUMN, "", right);
	else
		fprintf(f, "  %-*s%s\n", HELP_COLUMN - 2, left, right);
}

static void put_example(const char *text, FILE *f)
{
	fputs("\nexample:\n", f);
	while (*text) {
		int len = (int)strcspn(text, "\n");

		fprintf(f, "  %.*s\n", len, text);
		text += len + (text[len] == '\n');
	}
}

void cmd_help(const struct cmd *cmd, FILE *f)
{
	fprintf(f, "usage: %s %s", cmd->program, cmd->name);
	if (*cmd->synopsis)
		fprintf(f, " %s", cmd->synopsis);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (cmd->opts[i].required)
			fprintf(f, " --%s %s", cmd->opts[i].name,
				cmd->opts[i].arg);
	}
	fprintf(f, " [OPTION...]\n\n%s.\n\noptions:\n", cmd->help);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct opt *opt = &cmd->opts[i];

		if (opt_is_hidden(opt))
			continue;
		autofree char *left =
			opt->arg ? xasprintf("--%s %s", opt->name, opt->arg)
				 : xasprintf("--%s", opt->name);

		help_line(left, opt->help, f);
	}
	help_line("--help", "print this", f);
	if (cmd->details)
		fprintf(f, "\n%s", cmd->details);
	if (cmd->example)
		put_example(cmd->example, f);
	fputs("\nexit code: 0 done, 1 failed, 2 wrong arguments, 3 refused\n",
	      f);
}

void program_help(const struct cmd *const *cmds, const char *program, FILE *f)
{
	const char *group = NULL;

	fprintf(f, "usage: %s COMMAND [ARGUMENT...] [OPTION...]\n", program);
	for (; *cmds; cmds++) {
		const struct cmd *cmd = *cmds;

		if (strcmp(cmd->program, program))
			continue;
		if (!group || strcmp(group, cmd->group))
			fprintf(f, "\n%s:\n", cmd->group);
		group = cmd->group;
		autofree char *left = xasprintf("%s%s%s", cmd->name,
						*cmd->synopsis ? " " : "",
						cmd->synopsis);
		help_line(left, cmd->help, f);
	}
	fprintf(f, "\n'%s COMMAND --help' tells about a command's options.\n",
		program);
}
