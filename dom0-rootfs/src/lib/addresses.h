/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addresses.h: the addresses that a guest's interface may send from, and its VLAN. */
#ifndef PVN_ADDRESSES_H
#define PVN_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>
#include "err.h"

#define MAX_ADDRESSES 32

struct address {
	size_t len; /* 4 or 16 */
	uint8_t bytes[16];
};

struct addresses {
	uint8_t mac[6];
	size_t n;
	struct address v[MAX_ADDRESSES + 1];
};

/* Take the MAC (NULL: it is not known yet) and the text of a vif's "ip" (addresses separated by blanks; NULL or
 * empty: none, then nothing is asked of its addresses). Where there is one, the
 * link-local IPv6 address that belongs to the MAC is added: IPv6 doesn't work
 * without. */
int addresses_parse(struct addresses *own, const char *mac, const char *ip,
		    struct pvn_err *err);

/* The VLAN in @text: "1" to "4094". */
int vlan_parse(const char *text, unsigned int *vlan_r, struct pvn_err *err);

#endif
