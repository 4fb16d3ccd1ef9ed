/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd.h: commands and their options as tables; parsing and help come from them. */
#ifndef PVN_CMD_H
#define PVN_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "../lib/err.h"

#define CMD_MAX_ARGS 4

enum opt_type {
	OPT_FLAG, /* bool */
	OPT_STRING, /* const char *, borrowed from argv */
	OPT_SIZE, /* uint64_t, bytes */
	OPT_UINT, /* unsigned int */
};

/* One option; its value is a member of the command's context. */
struct opt {
	const char *name; /* without "--" */
	enum opt_type type;
	size_t offset;
	const char *arg; /* what stands for the value in the help */
	const char *help;
	uint64_t min, max; /* of OPT_SIZE and OPT_UINT; both 0: no limit */
	bool required;
	bool may_be_empty; /* OPT_STRING: '' is a value, too */
};

/* An entry of an options table whose context is a 'struct opts': the option's
 * name, type, member, placeholder, help, and then maybe .min = ... and so on. */
#define OPT(opt_name, opt_type, member, opt_arg, opt_help, ...) \
	{ .name = (opt_name),                                   \
	  .type = (opt_type),                                   \
	  .offset = offsetof(struct opts, member),              \
	  .arg = (opt_arg),                                     \
	  .help = (opt_help),                                   \
	  ##__VA_ARGS__ }

struct cmd {
	const char *program; /* "guest", "template" or "host" */
	const char *group; /* heading in the list of commands */
	const char *name; /* one word, or two: "disk add" */
	const char *synopsis; /* its arguments, "NAME"; "" without */
	unsigned int n_args; /* at least so many */
	unsigned int n_optional; /* and at most so many more */
	const char *help; /* one line */
	const char *details; /* more lines for --help, or NULL */
	const char *example; /* lines of a shell */
	const struct opt *opts;
	size_t n_opts;
	size_t ctx_size;
	const void *defaults; /* the context before parsing; NULL: zeroes */
	bool modifies; /* takes the lock, has --dry-run */
	/* Returns an exit code. */
	int (*run)(void *ctx, char **args);
};

#define OPTS(table) \
	.opts = (table), .n_opts = sizeof(table) / sizeof((table)[0])

/* Parse the arguments after the command's name. @ctx has cmd->ctx_size bytes
 * and gets the defaults first; @args gets the positional ones.
 * Returns 0, 1 when --help was among them, or -EINVAL. */
int opts_parse(const struct cmd *cmd, int argc, char **argv, void *ctx,
	       char *args[CMD_MAX_ARGS + 1], struct pvn_err *err);

struct cmd_program {
	const char *name;
	const char *help;
};

/* The programs, up to one without a name; and the help of one, or NULL. */
extern const struct cmd_program cmd_programs[];
const char *cmd_program_help(const char *name);

/* The command that the arguments begin with, or NULL; *words_r: how many words of
 * them it is. */
const struct cmd *cmd_find(const char *program, int argc, char **argv,
			   int *words_r);

/* An option for tests alone is in no help. */
bool opt_is_hidden(const struct opt *opt);

/* The manual page of a program, roff with the macros of man(7). */
void program_man(const char *program, FILE *f);

/* The help of one command, and of a whole program. */
void cmd_help(const struct cmd *cmd, FILE *f);
void program_help(const struct cmd *const *cmds, const char *program, FILE *f);

/* Print "program name: message" and return the exit code given. */
int cmd_error(const struct cmd *cmd, int exit_code, const struct pvn_err *err);

/* The commands, a NULL-terminated list in the order of the help. */
extern const struct cmd *const commands[];

#define CMD(name) extern const struct cmd cmd_##name;
#include "cmd_list.def"
#undef CMD

#endif
