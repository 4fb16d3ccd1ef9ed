/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress.h: what all commands that change something have in common: read what
 * is, plan, then print the plan or run it for a person who waits. */
#ifndef PVN_PROGRESS_H
#define PVN_PROGRESS_H

#include <stdbool.h>
#include "../lib/plan.h"
#include "cmd.h"
#include "guests.h"
#include "json.h"

/* The options of such a command: a member 'struct change_opts change' of its
 * 'struct opts', and CHANGE_OPTS in its table. */
struct change_opts {
	bool dry_run;
	bool json;
	const char *facts;
};

#define CHANGE_OPTS                                                     \
	OPT("dry-run", OPT_FLAG, change.dry_run, NULL,                  \
	    "print what would be done, and do nothing"),                \
		OPT("json", OPT_FLAG, change.json, NULL, "print JSON"), \
		OPT("facts", OPT_STRING, change.facts, "FILE",          \
		    "plan for the host in FILE (with --dry-run; for tests)")

/* One change. The callbacks and the plan's steps get 'ctx', or the change itself
 * where that is NULL: then it comes first in the struct of a command. */
struct change {
	const struct cmd *cmd;
	const struct change_opts *o;
	void *ctx;
	const char *name; /* the guest's; NULL: it is about none yet */
	bool interruptible; /* Ctrl-C ends it where it is, nothing is undone */
	bool unlocked; /* others may work meanwhile */
	bool may_lack; /* 'guest' may be NULL, with the reason in *err */
	bool hurry; /* only removals of the guest's name are settled before; see settle.h */
	/* Add the steps. Without one, and with change_nothing(), there is
	 * nothing to do. */
	int (*plan)(void *ctx, struct pvn_plan *plan, struct pvn_err *err);
	/* Say on stdout what was done; NULL: nothing, the data is there. And with --json: the fields of an
	 * object that begins with the guest's name, if the change has one; NULL: no more. */
	void (*report)(const void *ctx);
	void (*report_json)(const void *ctx, struct json *j);
	/* Filled in before plan() is called, unless 'name' is NULL. */
	struct guest_set set;
	const struct guest *guest;
	char *nothing;
	/* The text of its file: as it is, and as it shall be; see conf_begin(). */
	char *conf_old, *conf_text;
};

/* Do it, from the lock to the report. Returns an exit code; a message was
 * printed unless it is 0. */
int change_run(struct change *change);

/* Read the guest's file into conf_old and conf_text, to change the latter. */
int conf_begin(struct change *change, struct pvn_err *err);

/* Check the changed text as the next start would, and append the step that
 * writes it, for which @what is said. */
int conf_add_step(struct change *change, struct pvn_plan *plan,
		  const char *what, struct pvn_err *err);

/* There is nothing to do, and this is why. Returns 0. */
int change_nothing(struct change *change, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Print the error and return its exit code: 3 for a refusal, else 1. */
int change_error(const struct cmd *cmd, const struct pvn_err *err);

/* With PVN_DEBUG in the environment every command and what it says goes to
 * stderr, for whoever looks for a fault. */
void progress_log(void);

/* Every few seconds a line on stderr: so much was read. */
void progress_bytes(uint64_t bytes);

#endif
