/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nat0.h: bring nat0, the host's own network for guests, to what its files say. */
#ifndef PVN_NAT0_H
#define PVN_NAT0_H

#include "../lib/nat.h"
#include "guestconf.h"

/* The MAC of the guest's first interface on nat0, or NULL. Borrowed. */
const char *nat0_mac(const struct guestconf *conf);

/* The address of the guest's interface on nat0, or NULL: it isn't there, or has
 * none yet. Caller frees. */
char *nat0_address(const struct guestconf *conf);

/* All port forwards, with the guests' addresses where they are known. */
int nat0_forwards(struct forward_list *list, struct pvn_err *err);

/* Put nat0's rules, with the port forwards, into the kernel. */
int nat0_rules(const struct subnet *net, struct pvn_err *err);

/* A network that overlaps none of the host's, written to NAT_CONF. */
int nat0_choose(struct subnet *net_r, struct pvn_err *err);

/* Make the bridge with its address, and let it be routed. */
int nat0_bridge(const struct subnet *net, struct pvn_err *err);

#endif
