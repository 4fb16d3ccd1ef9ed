/* SPDX-License-Identifier: GPL-2.0-or-later */
/* consolelog.h: the logs that are kept of the guests' consoles, also when a guest is gone: guest-NAME.log
 * and, of before, guest-NAME.log.0. */
#ifndef PVN_CONSOLELOG_H
#define PVN_CONSOLELOG_H

#include "../lib/err.h"
#include "../lib/mem.h"

/* Path of the log that xenconsoled writes now. Caller frees. */
char *consolelog_path(const char *name);

/* Append the names of all guests that one is kept of. */
void consolelogs_names(struct strlist *names);

/* What was written by a guest that had the name before is not to come before what the next one writes: put it
 * beside, with '.old' behind its name, and back. */
int consolelog_set_aside(const char *name, struct pvn_err *err);
int consolelog_put_back(const char *name, struct pvn_err *err);

/* The guest gets the name @to; there is none of that name. */
int consolelog_rename(const char *name, const char *to, struct pvn_err *err);

#endif
