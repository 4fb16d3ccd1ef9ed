/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm.h: ask device-mapper, without another program: cheap enough to be done often. */
#ifndef PVN_DM_H
#define PVN_DM_H

#include <stdbool.h>
#include "../lib/err.h"

/* The name that LVM gives a volume's mapping: dashes doubled, then @suffix. Caller
 * frees. */
char *dm_name(const char *vg, const char *volume, const char *suffix);

/* The parameters of the one target of mapping @name: its status, or its table.
 * @name may also be "major:minor". Caller frees. */
int dm_target(const char *name, bool status, char **params_r,
	      struct pvn_err *err);

/* Whether something in dom0 has mapping @name open: a program, a mount, or blkback for a
 * guest. One that isn't there is not open. */
bool dm_is_open(const char *name);

#endif
