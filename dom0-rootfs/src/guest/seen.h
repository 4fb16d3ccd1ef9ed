/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seen.h: the addresses of guests that tell them to nobody. */
#ifndef PVN_SEEN_H
#define PVN_SEEN_H

/* The IPv4 address which the guest behind interface @vif named as its own in ARP the last time, or NULL: it has
 * spoken of none, or its vif is an open one. Where the guest isn't bound to addresses it may have claimed
 * what it likes. Caller frees. */
char *seen_address(const char *vif);

#endif
