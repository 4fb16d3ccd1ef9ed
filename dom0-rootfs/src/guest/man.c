/* SPDX-License-Identifier: GPL-2.0-or-later */
/* man.c: manual pages from the tables of the commands. */
#include <ctype.h>
#include <string.h>
#include "../lib/lines.h"
#include "../lib/mem.h"
#include "cmd.h"

/* A title in capitals; quotes, because it may have blanks. */
static void put_upper(const char *text, FILE *f)
{
	for (; *text; text++)
		fputc(toupper((unsigned char)*text), f);
}

static void put_option(const char *name, const char *arg, const char *help,
		       FILE *f)
{
	fputs(".TP\n\\fB\\-\\-", f);
	roff_put(name, f);
	fputs("\\fR", f);
	if (arg) {
		fputs(" \\fI", f);
		roff_put(arg, f);
		fputs("\\fR", f);
	}
	fputc('\n', f);
	roff_put(help, f);
	fputs(".\n", f);
}

static void put_as_is(const char *before, const char *text, FILE *f)
{
	fprintf(f, ".PP\n%s.nf\n", before);
	roff_put(text, f);
	fputs(".fi\n", f);
}

static void put_cmd(const struct cmd *cmd, FILE *f)
{
	fprintf(f, ".SS \"%s %s", cmd->program, cmd->name);
	if (*cmd->synopsis)
		fprintf(f, " %s", cmd->synopsis);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (cmd->opts[i].required)
			fprintf(f, " \\-\\-%s %s", cmd->opts[i].name,
				cmd->opts[i].arg);
	}
	fputs(" [OPTION...]\"\n", f);
	fputc(toupper((unsigned char)*cmd->help), f);
	roff_put(cmd->help + 1, f);
	fputs(".\n", f);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct opt *opt = &cmd->opts[i];

		if (!opt_is_hidden(opt))
			put_option(opt->name, opt->arg, opt->help, f);
	}
	if (cmd->details)
		put_as_is("", cmd->details, f);
	if (cmd->example)
		put_as_is("Example:\n.RS\n", cmd->example, f);
	if (cmd->example)
		fputs(".RE\n", f);
}

void program_man(const char *program, FILE *f)
{
	const char *group = "";

	fputs(".\\\" Made by 'paravane man'.\n.TH ", f);
	put_upper(program, f);
	fprintf(f, " 8 \"\" Paravane\n.SH NAME\n%s \\- ", program);
	roff_put(cmd_program_help(program), f);
	fprintf(f,
		"\n.SH SYNOPSIS\n.B %s\n\\fICOMMAND\\fR "
		"[\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]\n",
		program);
	for (const struct cmd *const *c = commands; *c; c++) {
		if (strcmp((*c)->program, program))
			continue;
		if (strcmp(group, (*c)->group)) {
			fputs(".SH \"", f);
			put_upper((*c)->group, f);
			fputs("\"\n", f);
		}
		group = (*c)->group;
		put_cmd(*c, f);
	}
	fputs(".SH \"EXIT STATUS\"\n"
	      "0: done. 1: failed, what was begun is undone. 2: wrong arguments. "
	      "3: refused by a safety check.\n"
	      ".SH FILES\n.TP\n.I /state/guests/NAME.cfg\n"
	      "A guest's file, in the syntax of xl.cfg(5); which keys it may have is in\n"
	      "Paravane's docs/guest-file.md, and any other is an error.\n"
	      ".SH \"SEE ALSO\"\nguest(8), template(8), host(8), xl(1), xl.cfg(5)\n",
	      f);
}
