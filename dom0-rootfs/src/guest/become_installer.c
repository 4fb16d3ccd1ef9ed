/* SPDX-License-Identifier: GPL-2.0-or-later */
/* become_installer.c: a command that hands over to the installer, for what that knows. */
#include <errno.h>
#include <unistd.h>
#include "../lib/mem.h"
#include "become_installer.h"

int cmd_become_installer(const struct cmd *cmd, const char *const argv[])
{
	autofree const char **all = NULL;
	struct pvn_err err = { 0 };
	size_t n = 0;

	while (argv[n])
		n++;
	all = xcalloc(n + 2, sizeof(*all));
	all[0] = "paravane-install";
	for (size_t i = 0; i < n; i++)
		all[i + 1] = argv[i];
	execvp(all[0], (char *const *)all);
	pvn_err_errno(&err, errno, "cannot run '%s'", all[0]);
	return cmd_error(cmd, PVN_EXIT_FAILED, &err);
}
