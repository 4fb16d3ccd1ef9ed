/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals.h: Ctrl-C ends a plan between two steps, so that it is undone. */
#ifndef PVN_SIGNALS_H
#define PVN_SIGNALS_H

#include "../lib/err.h"

/* From now on SIGINT, SIGTERM and SIGHUP are only noticed. */
void signals_hold(void);

/* Returns -EINTR when one of them came, else 0. */
int signals_check(struct pvn_err *err);

#endif
