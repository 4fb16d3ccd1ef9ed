/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c: one program for 'guest', 'template' and 'host', by its name or by its
 * first argument ('paravane guest list'). */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/mem.h"
#include "cmd.h"
#include "complete.h"
#include "upkeep.h"

static bool is_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-h") ||
	       !strcmp(arg, "help");
}

static void overview(FILE *f)
{
	fputs("usage: paravane PROGRAM COMMAND [ARGUMENT...] [OPTION...]\n\nprograms:\n",
	      f);
	for (const struct cmd_program *p = cmd_programs; p->name; p++)
		fprintf(f, "  %-22s%s\n", p->name, p->help);
	fputs("\n'PROGRAM' alone lists its commands; 'paravane' before it may be left out.\n"
	      "'paravane completion NAME' prints what makes these commands, with completion,\n"
	      "those of a shell elsewhere; 'paravane man PROGRAM' prints its manual page.\n",
	      f);
}

/* "guest disk" alone, or with a second word that isn't there: say which are.
 * Returns false when no command begins with that word. */
static bool tell_second_words(const char *program, const char *word)
{
	auto_strlist struct strlist words = { 0 };
	size_t len = strlen(word);

	for (const struct cmd *const *c = commands; *c; c++) {
		const char *name = (*c)->name;

		if (!strcmp((*c)->program, program) &&
		    !strncmp(name, word, len) && name[len] == ' ')
			strlist_add(&words, name + len + 1);
	}
	if (!words.n)
		return false;
	autofree char *all = strlist_quoted(&words);

	fprintf(stderr, "%s %s: expected one of %s\n", program, word, all);
	return true;
}

static int run_cmd(const struct cmd *cmd, int argc, char **argv)
{
	autofree void *ctx = xcalloc(1, cmd->ctx_size + 1);
	char *args[CMD_MAX_ARGS + 1] = { 0 };
	struct pvn_err err = { 0 };
	int rc = opts_parse(cmd, argc, argv, ctx, args, &err);

	if (rc < 0)
		return cmd_error(cmd, PVN_EXIT_USAGE, &err);
	if (rc > 0) {
		cmd_help(cmd, stdout);
		return PVN_EXIT_OK;
	}
	return cmd->run(ctx, args);
}

static int run_program(const char *program, int argc, char **argv)
{
	const struct cmd *cmd;
	int words = 0;

	if (argc < 1 || is_help(argv[0])) {
		cmd = argc > 1 ? cmd_find(program, argc - 1, argv + 1, &words)
			       : NULL;
		if (cmd)
			cmd_help(cmd, stdout);
		else
			program_help(commands, program, stdout);
		return PVN_EXIT_OK;
	}
	cmd = cmd_find(program, argc, argv, &words);
	if (cmd)
		return run_cmd(cmd, argc - words, argv + words);
	if (!tell_second_words(program, argv[0]))
		fprintf(stderr, "%s: unknown command '%s' (see '%s --help')\n",
			program, argv[0], program);
	return PVN_EXIT_USAGE;
}

/* A full disk or a closed pipe on stdout is an error, too. */
static int close_stdout(int exit_code)
{
	if (fclose(stdout) && exit_code == PVN_EXIT_OK) {
		fprintf(stderr, "cannot write the output: %s\n",
			strerror(errno));
		return PVN_EXIT_FAILED;
	}
	return exit_code;
}

static int run_man(int argc, char **argv)
{
	if (argc == 1 && cmd_program_help(argv[0])) {
		program_man(argv[0], stdout);
		return PVN_EXIT_OK;
	}
	fputs("usage: paravane man guest|template|host\n", stderr);
	return PVN_EXIT_USAGE;
}

static int run_completion(int argc, char **argv)
{
	struct pvn_err err = { 0 };

	if (argc < 1 || argc > 2) {
		fputs("usage: paravane completion NAME [SSH-DESTINATION]\n",
		      stderr);
		return PVN_EXIT_USAGE;
	}
	if (completion_script(argv[0], argc > 1 ? argv[1] : NULL, stdout,
			      &err)) {
		fprintf(stderr, "paravane completion: %s\n", err.msg);
		return PVN_EXIT_USAGE;
	}
	return PVN_EXIT_OK;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	signal(SIGPIPE, SIG_IGN);
	if (cmd_program_help(name))
		return close_stdout(run_program(name, argc - 1, argv + 1));
	if (argc < 2 || is_help(argv[1])) {
		overview(stdout);
		return close_stdout(PVN_EXIT_OK);
	}
	if (cmd_program_help(argv[1]))
		return close_stdout(run_program(argv[1], argc - 2, argv + 2));
	if (!strcmp(argv[1], "complete"))
		return close_stdout(complete(argc - 2, argv + 2, stdout));
	if (!strcmp(argv[1], "completion"))
		return close_stdout(run_completion(argc - 2, argv + 2));
	if (!strcmp(argv[1], "man"))
		return close_stdout(run_man(argc - 2, argv + 2));
	if (!strcmp(argv[1], "upkeep"))
		return close_stdout(upkeep_run(argc - 2, argv + 2));
	fprintf(stderr,
		"paravane: unknown program '%s' (see 'paravane --help')\n",
		argv[1]);
	return PVN_EXIT_USAGE;
}
