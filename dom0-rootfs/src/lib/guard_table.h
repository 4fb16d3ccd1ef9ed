/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard_table.h: messages about the table of overlay/usr/lib/paravane/guard.nft, family bridge. */
#ifndef PVN_GUARD_TABLE_H
#define PVN_GUARD_TABLE_H

#include "netlink.h"

/* A map from an interface's name to the IPv4 address by which its guest spoke of itself last. */
#define GUARD_SEEN "seen"
/* A map from a MAC address to the IPv4 address that a DHCP server gave it last. */
#define GUARD_GIVEN "given"

/* Begin a message of @type (NFT_MSG_...) about one of its sets or maps. */
void guard_message(struct netlink *nl, uint16_t type, uint16_t flags,
		   const char *set);

/* Elements until guard_elements_end() are what it is about. */
size_t guard_elements(struct netlink *nl);
void guard_element(struct netlink *nl, const void *key, size_t len);
void guard_elements_end(struct netlink *nl, size_t list);

#endif
