/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shadow.h: root's password, which is for the console alone. */
#ifndef PVN_SHADOW_H
#define PVN_SHADOW_H

#include "err.h"

#define SHADOW "/etc/shadow"

/* Write to @path what is in the file @from (which may be the same), with @hash, crypt(3)'s, as root's
 * password. -ENOENT: it has no line for root. */
int shadow_set(const char *path, const char *from, const char *hash,
	       struct pvn_err *err);

#endif
