/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seen.c: the addresses of guests that tell them to nobody.
 *
 * One element of a map of nftables' is asked for, by hand: to start 'nft' for each guest would make a list of
 * them slow. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <string.h>
#include "../lib/guard_table.h"
#include "../lib/mem.h"
#include "../lib/netlink.h"
#include "seen.h"

static void ask_for(struct netlink *nl, const char *vif)
{
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_BRIDGE };
	char key[IFNAMSIZ] = { 0 };
	size_t list, elem, data;

	memcpy(key, vif, strlen(vif));
	/* with NLM_F_ACK what is found has an end, as a dump */
	netlink_message(nl, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM,
			NLM_F_ACK, &head, sizeof(head));
	netlink_string(nl, NFTA_SET_ELEM_LIST_TABLE, GUARD_TABLE);
	netlink_string(nl, NFTA_SET_ELEM_LIST_SET, GUARD_SEEN);
	list = netlink_begin(nl, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = netlink_begin(nl, NFTA_LIST_ELEM);
	data = netlink_begin(nl, NFTA_SET_ELEM_KEY);
	netlink_attr(nl, NFTA_DATA_VALUE, key, sizeof(key));
	netlink_end(nl, data);
	netlink_end(nl, elem);
	netlink_end(nl, list);
}

/* The attribute of @type within @attr, which may be NULL, or NULL. */
static const struct nlattr *within(const struct nlattr *attr, uint16_t type)
{
	return attr ? netlink_find(NLATTR_DATA(attr), NLATTR_LEN(attr), type)
		    : NULL;
}

static void take_address(void *arg, const struct nlmsghdr *msg)
{
	char **address = arg;
	char text[INET_ADDRSTRLEN];
	const char *attrs = (const char *)NLMSG_DATA(msg) +
			    NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const struct nlattr *at = netlink_find(
		attrs, NLMSG_PAYLOAD(msg, NLMSG_ALIGN(sizeof(struct nfgenmsg))),
		NFTA_SET_ELEM_LIST_ELEMENTS);

	at = within(at, NFTA_LIST_ELEM);
	at = within(at, NFTA_SET_ELEM_DATA);
	at = within(at, NFTA_DATA_VALUE);
	if (at && NLATTR_LEN(at) == sizeof(struct in_addr) && !*address &&
	    inet_ntop(AF_INET, NLATTR_DATA(at), text, sizeof(text)))
		*address = xstrdup(text);
}

char *seen_address(const char *vif)
{
	auto_netlink struct netlink nl = NETLINK_CLOSED;
	struct pvn_err ignored = { 0 };
	char *address = NULL;

	if (strlen(vif) >= IFNAMSIZ ||
	    netlink_open(&nl, NETLINK_NETFILTER, &ignored))
		return NULL;
	ask_for(&nl, vif);
	netlink_dump(&nl, take_address, &address, vif, &ignored);
	return address;
}
