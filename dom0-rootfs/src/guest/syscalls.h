/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syscalls.h: leave a process only the system calls that a converter needs. */
#ifndef PVN_SYSCALLS_H
#define PVN_SYSCALLS_H

#include "../lib/err.h"

/* For good, for this process and those that it starts. The others answer EPERM. Needs
 * no_new_privs. */
int syscalls_restrict(struct pvn_err *err);

#endif
