/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syscalls.h: leave a process only the system calls that its work needs. */
#ifndef PVN_SYSCALLS_H
#define PVN_SYSCALLS_H

#include "../lib/err.h"

/* For good, for this process and those that it starts. The others answer EPERM. Needs
 * no_new_privs. One for qemu-img, which is still to be started; one for what unpacks
 * a tar, which starts nothing. */
int syscalls_for_converter(struct pvn_err *err);
int syscalls_for_unpacker(struct pvn_err *err);

#endif
