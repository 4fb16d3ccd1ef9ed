/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard_table.c: messages about the guard's table. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include "guard_table.h"

#define TABLE "paravane_guard"

void guard_message(struct netlink *nl, uint16_t type, uint16_t flags,
		   const char *set)
{
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_BRIDGE };

	netlink_message(nl, (NFNL_SUBSYS_NFTABLES << 8) | type, flags, &head,
			sizeof(head));
	netlink_string(nl, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	netlink_string(nl, NFTA_SET_ELEM_LIST_SET, set);
}

size_t guard_elements(struct netlink *nl)
{
	return netlink_begin(nl, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void guard_element(struct netlink *nl, const void *key, size_t len)
{
	size_t elem = netlink_begin(nl, NFTA_LIST_ELEM);
	size_t data = netlink_begin(nl, NFTA_SET_ELEM_KEY);

	netlink_attr(nl, NFTA_DATA_VALUE, key, len);
	netlink_end(nl, data);
	netlink_end(nl, elem);
}

void guard_elements_end(struct netlink *nl, size_t list)
{
	netlink_end(nl, list);
}
