/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xl.h: libxl and libxlutil at the API version that we use. Only guestconf.c and
 * those behind xlctx.h include it. */
#ifndef PVN_XL_H
#define PVN_XL_H

/* The newest that Xen 4.20's libxl.h knows. */
#define LIBXL_API_VERSION 0x041800
#include <libxl.h>
#include <libxl_utils.h>
#include <libxlutil.h>

#endif
