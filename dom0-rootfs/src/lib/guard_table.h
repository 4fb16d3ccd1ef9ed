/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard_table.h: the table of overlay/usr/lib/paravane/guard.nft, family bridge. */
#ifndef PVN_GUARD_TABLE_H
#define PVN_GUARD_TABLE_H

#define GUARD_TABLE "paravane_guard"
/* A map from an interface's name to the IPv4 address by which its guest spoke of itself last. */
#define GUARD_SEEN "seen"
/* A map from a MAC address to the IPv4 address that a DHCP server gave it last. */
#define GUARD_GIVEN "given"

#endif
