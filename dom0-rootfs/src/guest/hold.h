/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hold.h: a guest that stands still for an instant, so that all its disks show the same one. Should
 * we be killed meanwhile, guestd lets it go on. */
#ifndef PVN_HOLD_H
#define PVN_HOLD_H

#include "guests.h"

struct hold {
	bool holds;
	int fd;
};

/* @guest runs. */
int hold_begin(struct hold *hold, const struct guest *guest,
	       struct pvn_err *err);

/* Let it go on. Does nothing where it isn't held. */
int hold_end(struct hold *hold, const struct guest *guest, struct pvn_err *err);

#endif
