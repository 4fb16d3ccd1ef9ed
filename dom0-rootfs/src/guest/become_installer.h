/* SPDX-License-Identifier: GPL-2.0-or-later */
/* become_installer.h: a command that hands over to the installer, for what that knows. */
#ifndef PVN_BECOME_INSTALLER_H
#define PVN_BECOME_INSTALLER_H

#include "cmd.h"

/* Become the installer, for what it knows and @cmd does not: @argv is its arguments from argv[1] on,
 * and NULL. Returns only where it can't be run, with the exit code. */
int cmd_become_installer(const struct cmd *cmd, const char *const argv[]);

#endif
