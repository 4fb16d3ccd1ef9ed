/* SPDX-License-Identifier: GPL-2.0-or-later */
/* neighbour.h: whom the host believes to have an address. */
#ifndef PVN_NEIGHBOUR_H
#define PVN_NEIGHBOUR_H

#include "../lib/addresses.h"

/* Who had these addresses on @bridge is forgotten: what the host sends there next, it asks about
 * anew, and does not go on sending to a guest that is gone. What fails is left alone: it
 * will be found out later. */
void neighbours_forget(const char *bridge, const struct addresses *own);

#endif
