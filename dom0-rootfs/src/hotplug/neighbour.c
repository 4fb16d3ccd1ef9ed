/* SPDX-License-Identifier: GPL-2.0-or-later */
/* neighbour.c: whom the host believes to have an address. */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include "../lib/netlink.h"
#include "neighbour.h"

static void forget(const char *bridge, const struct address *address)
{
	const struct ndmsg head = {
		.ndm_family = address->len == 4 ? AF_INET : AF_INET6,
		.ndm_ifindex = (int)if_nametoindex(bridge),
	};
	auto_netlink struct netlink nl = NETLINK_CLOSED;
	struct pvn_err ignored = { 0 };

	if (netlink_open(&nl, NETLINK_ROUTE, &ignored))
		return;
	netlink_message(&nl, RTM_DELNEIGH, NLM_F_ACK, &head, sizeof(head));
	netlink_attr(&nl, NDA_DST, address->bytes, address->len);
	netlink_send(&nl, "the host's neighbours", &ignored);
}

void neighbours_forget(const char *bridge, const struct addresses *own)
{
	for (size_t i = 0; i < own->n; i++)
		forget(bridge, &own->v[i]);
}
