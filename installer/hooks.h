/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks.h: what others have to do with an installation. */
#ifndef PVN_HOOKS_H
#define PVN_HOOKS_H

#include "install.h"

/* Fetch the answers' script; before anything is erased. */
int hook_fetch(const struct install *in, struct pvn_err *err);

/* Run it: in the installer's root, with the host's state partition at $PARAVANE_STATE. Its failure is ours,
 * with the last line that it said. */
int hook_script(const struct install *in, struct pvn_err *err);

/* Post the result to the answers' webhook. @failure: why there is no host, or NULL. */
int hook_result(const struct install *in, const struct answers *a,
		const struct pvn_err *failure, struct pvn_err *err);

#endif
