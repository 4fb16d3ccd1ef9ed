/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard.h: what keeps a guest to its own MAC and IP addresses. */
#ifndef PVN_GUARD_H
#define PVN_GUARD_H

#include "../lib/addresses.h"

/* From now on interface @dev sends as @own says and nothing else; what was said of
 * an interface of that name before is forgotten. One transaction: frames see
 * either all of it or nothing. -ENOENT: the table isn't there, see guard_load(). */
int guard_set(const char *dev, const struct addresses *own,
	      struct pvn_err *err);

/* Load the table with its rules, and no interface in it yet. One that is there stays as
 * it is, which is an error. */
int guard_load(struct pvn_err *err);

/* Forget @dev; its frames are then looked at no more. Nothing to forget is no
 * error. */
int guard_clear(const char *dev, struct pvn_err *err);

#endif
