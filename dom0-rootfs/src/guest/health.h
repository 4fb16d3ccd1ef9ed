/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health.h: does this host do what it is there for? */
#ifndef PVN_HEALTH_H
#define PVN_HEALTH_H

#include <stdbool.h>
#include "../lib/err.h"

struct health_check {
	const char *name; /* "ssh" */
	int (*look)(struct pvn_err *err);
};

/* Up to one without a name. */
extern const struct health_check health_checks[];

/* All of them but the disks, one after the other; @network: also the one for the network. Returns 0, or the
 * error of the first that is not well. */
int health_look(bool network, struct pvn_err *err);

/* Is the network well? A host without one is never. */
bool health_has_network(void);

#endif
