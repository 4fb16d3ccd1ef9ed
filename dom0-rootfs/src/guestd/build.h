/* SPDX-License-Identifier: GPL-2.0-or-later */
/* build.h: from a guest's file to what libxl is to build. */
#ifndef PVN_BUILD_H
#define PVN_BUILD_H

#include "guestd.h"

/* Read the guest's file, check it, activate its volumes: ward->config and ->uuid
 * are set. After a failure nothing is to be undone. */
int build_prepare(struct guestd *g, struct ward *ward, struct pvn_err *err);

/* Release ward->config. */
void build_forget(struct ward *ward);

#endif
