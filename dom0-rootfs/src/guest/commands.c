/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.c: the table of all commands. */
#include <string.h>
#include "cmd.h"

const struct cmd *const commands[] = {
#define CMD(name) &cmd_##name,
#include "cmd_list.def"
#undef CMD
	NULL,
};

const struct cmd_program cmd_programs[] = {
	{ "guest", "make, run and remove guests" },
	{ "template", "what guests can be made from" },
	{ "host", "this machine" },
	{ NULL, NULL },
};

const char *cmd_program_help(const char *name)
{
	for (const struct cmd_program *p = cmd_programs; p->name; p++) {
		if (!strcmp(p->name, name))
			return p->help;
	}
	return NULL;
}

const struct cmd *cmd_find(const char *program, int argc, char **argv,
			   int *words_r)
{
	const struct cmd *found = NULL;

	for (const struct cmd *const *c = commands; *c; c++) {
		const char *name = (*c)->name;
		size_t len = strcspn(name, " ");

		if (strcmp((*c)->program, program) || strlen(argv[0]) != len ||
		    strncmp(argv[0], name, len))
			continue;
		if (name[len] && (argc < 2 || strcmp(argv[1], name + len + 1)))
			continue;
		/* 'host disk replace' is more than 'host disk' */
		if (found && !name[len])
			continue;
		found = *c;
		*words_r = name[len] ? 2 : 1;
	}
	return found;
}
