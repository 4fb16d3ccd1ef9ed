/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seen.h: the addresses of guests that tell them to nobody. */
#ifndef PVN_SEEN_H
#define PVN_SEEN_H

#include <stdint.h>

/* The IPv4 address that a DHCP server gave to @mac, an interface of a guest's, the last time since that is there, or
 * NULL. Caller frees. */
char *seen_given(const uint8_t mac[6]);

/* The IPv4 address which the guest behind interface @vif named as its own in ARP the last time, or NULL: it has
 * spoken of none, is bound to addresses, or its vif is an open one. It may have claimed what it likes. Caller
 * frees. */
char *seen_used(const char *vif);

#endif
