/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xlctx.h: the one connection to libxl, shared by domain.c and live.c. */
#ifndef PVN_XLCTX_H
#define PVN_XLCTX_H

#include "../lib/err.h"
#include "xl.h"

extern libxl_ctx *xlctx;

/* Called at the start of each function: connect, forget old messages. */
int xlctx_open(struct pvn_err *err);

/* "cannot @what: " and the first error that libxl logged since. Returns -EIO. */
int xlctx_failed(struct pvn_err *err, const char *what);

#endif
