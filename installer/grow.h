/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grow.h: an installation that came as an image takes the whole disk. */
#ifndef PVN_GROW_H
#define PVN_GROW_H

#include "install.h"

struct grow {
	struct install
		in; /* only id, vg, disk, pool, and the guests' partition */
	struct disk disk;
	struct pvn_plan steps; /* their context is this struct */
};

/* Look at the disk of the guests' partition @guests (a device node) of installation @id. Nothing is
 * changed. grow_free() it whatever is returned. Returns 0, or negative with the reason. */
int grow_look(struct grow *g, const char *guests, const char *id,
	      struct pvn_err *err);
void grow_plan(struct grow *g);
void grow_free(struct grow *g);

#endif
