/* SPDX-License-Identifier: GPL-2.0-or-later */
/* complete.h: completion of commands. dom0's own shell can't complete arguments; the
 * shell of an admin's machine can, and asks the host for what there is. */
#ifndef PVN_COMPLETE_H
#define PVN_COMPLETE_H

#include <stdio.h>
#include "../lib/err.h"

/* Print, one a line, what the last of the words may become: words[0] is the program,
 * the last one may be empty. Returns an exit code. */
int complete(int n, char **words, FILE *f);

/* Print what makes @name a command of bash or zsh, which runs commands on the host
 * over ssh and completes them. @destination is ssh's; NULL: root@<name>.
 * Returns 0 or -EINVAL. */
int completion_script(const char *name, const char *destination, FILE *f,
		      struct pvn_err *err);

#endif
