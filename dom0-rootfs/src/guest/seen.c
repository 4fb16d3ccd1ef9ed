/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seen.c: the addresses of guests that tell them to nobody.
 *
 * Elements of the guard's maps are asked for by hand: to start 'nft' for each guest would make a list of them
 * slow. */
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include "../lib/guard_table.h"
#include "../lib/mem.h"
#include "../lib/netlink.h"
#include "../lib/subnet.h"
#include "seen.h"

static void put_question(struct netlink *nl, const char *map, const void *key,
			 size_t len)
{
	size_t list;

	/* with NLM_F_ACK what is found has an end, as a dump */
	guard_message(nl, NFT_MSG_GETSETELEM, NLM_F_ACK, map);
	list = guard_elements(nl);
	guard_element(nl, key, len);
	guard_elements_end(nl, list);
}

/* The attribute of @type within @attr, which may be NULL, or NULL. */
static const struct nlattr *within(const struct nlattr *attr, uint16_t type)
{
	return attr ? netlink_find(NLATTR_DATA(attr), NLATTR_LEN(attr), type)
		    : NULL;
}

/* By a link-local one it is reached by nobody who isn't in its network. */
static bool is_useful(uint32_t ip)
{
	return ip_is_of_host(ip) && ip >> 16 != 0xa9fe;
}

static void take_address(void *arg, const struct nlmsghdr *msg)
{
	char **address = arg;
	char text[IP_TEXT];
	uint32_t ip;
	const char *attrs = (const char *)NLMSG_DATA(msg) +
			    NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const struct nlattr *at = netlink_find(
		attrs, NLMSG_PAYLOAD(msg, NLMSG_ALIGN(sizeof(struct nfgenmsg))),
		NFTA_SET_ELEM_LIST_ELEMENTS);

	at = within(at, NFTA_LIST_ELEM);
	at = within(at, NFTA_SET_ELEM_DATA);
	at = within(at, NFTA_DATA_VALUE);
	if (!at || NLATTR_LEN(at) != sizeof(ip) || *address)
		return;
	memcpy(&ip, NLATTR_DATA(at), sizeof(ip));
	if (is_useful(ntohl(ip)))
		*address = xstrdup(ip_print(ntohl(ip), text));
}

static char *ask(const char *map, const void *key, size_t len)
{
	auto_netlink struct netlink nl = NETLINK_CLOSED;
	struct pvn_err ignored = { 0 };
	char *address = NULL;

	if (netlink_open(&nl, NETLINK_NETFILTER, &ignored))
		return NULL;
	put_question(&nl, map, key, len);
	netlink_dump(&nl, take_address, &address, map, &ignored);
	return address;
}

char *seen_given(const uint8_t mac[6])
{
	return ask(GUARD_GIVEN, mac, 6);
}

char *seen_used(const char *vif)
{
	char key[IFNAMSIZ] = { 0 };

	if (strlen(vif) >= sizeof(key))
		return NULL;
	memcpy(key, vif, strlen(vif));
	return ask(GUARD_SEEN, key, sizeof(key));
}
