/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_console.c: 'guest console': connect the terminal to a guest. */
#include <errno.h>
#include <signal.h>
#include "cmd.h"
#include "create.h"
#include "guests.h"

static int find_running(const char *name, char **id_r, struct pvn_err *err)
{
	auto_guests struct guest_set set = { 0 };
	const struct guest *guest;
	int rc;

	rc = guests_read(&set, err);
	if (rc)
		return rc;
	guest = guests_find(&set, name, err);
	if (!guest)
		return err->code;
	if (!guest->domain)
		return pvn_err(
			err, -ENOENT,
			"guest '%s' is not running ('guest start %s' starts it)",
			name, name);
	*id_r = xasprintf("%u", guest->domain->id);
	return 0;
}

static int run(void *ctx, char **args)
{
	autofree char *id = NULL;
	struct pvn_err err = { 0 };

	(void)ctx;
	if (guest_name_check(args[0], &err))
		return cmd_error(&cmd_guest_console, PVN_EXIT_USAGE, &err);
	if (find_running(args[0], &id, &err))
		return cmd_error(&cmd_guest_console, PVN_EXIT_FAILED, &err);
	printf("console of guest '%s', Ctrl-] leaves it\n", args[0]);
	fflush(stdout);
	domain_close();
	signal(SIGPIPE, SIG_DFL);
	/* No child of ours, but what this process becomes: the terminal is its. */
	execlp("xl", "xl", "console", id, (char *)NULL);
	pvn_err_errno(&err, errno, "cannot run 'xl'");
	return cmd_error(&cmd_guest_console, PVN_EXIT_FAILED, &err);
}

const struct cmd cmd_guest_console = {
	.program = "guest",
	.group = "run",
	.name = "console",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "connect to a guest's console (Ctrl-] leaves it)",
	.example = "guest console web1\n",
	.run = run,
};
