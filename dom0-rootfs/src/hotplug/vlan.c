/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vlan.c: put a bridge's port into a VLAN: 'bridge vlan' for the one thing that we
 * need of it.
 *
 * A guest's port gets its VLAN untagged; the ports that lead out of the host (all
 * that belong to no guest) get it tagged, beside the untagged network that they
 * have. The bridge looks at tags only from the first guest with a VLAN on. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/netlink.h"
#include "hotplug.h"

#define SYS_NET "/sys/class/net"
#define DEFAULT_VLAN 1

static int set_filtering(const char *bridge, struct pvn_err *err)
{
	autofree char *path =
		xasprintf(SYS_NET "/%s/bridge/vlan_filtering", bridge);
	autofree char *now = file_read_line(path);
	autoclose int fd = -1;

	if (now && !strcmp(now, "1"))
		return 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1\n", 2) != 2)
		return pvn_err_errno(err, errno, "cannot write '%s'", path);
	return 0;
}

static void put_vlan(struct netlink *nl, uint16_t type, const char *port,
		     unsigned int vlan, uint16_t flags)
{
	const struct ifinfomsg head = {
		.ifi_family = PF_BRIDGE,
		.ifi_index = (int)if_nametoindex(port),
	};
	const struct bridge_vlan_info info = { .flags = flags,
					       .vid = (uint16_t)vlan };
	size_t spec;

	netlink_message(nl, type, NLM_F_ACK, &head, sizeof(head));
	spec = netlink_begin(nl, IFLA_AF_SPEC);
	netlink_attr(nl, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
	netlink_end(nl, spec);
}

/* One that is another guest's has Xen's bus behind it. */
static bool leads_out(const char *port)
{
	autofree char *path = xasprintf(SYS_NET "/%s/device/subsystem", port);
	autofree char *bus = realpath(path, NULL);

	return !bus || !strstr(bus, "/xen-backend");
}

static int add_to_uplinks(struct netlink *nl, const char *bridge,
			  unsigned int vlan, struct pvn_err *err)
{
	autofree char *path = xasprintf(SYS_NET "/%s/brif", bridge);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return pvn_err_errno(err, errno, "cannot open '%s'", path);
	while (!rc && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !leads_out(entry->d_name))
			continue;
		put_vlan(nl, RTM_SETLINK, entry->d_name, vlan, 0);
		rc = netlink_send(nl, "the VLAN of the bridge's own ports",
				  err);
	}
	closedir(dir);
	return rc;
}

int vlan_join(const char *bridge, const char *port, unsigned int vlan,
	      struct pvn_err *err)
{
	auto_netlink struct netlink nl = NETLINK_CLOSED;
	int rc;

	rc = set_filtering(bridge, err);
	if (!rc)
		rc = netlink_open(&nl, NETLINK_ROUTE, err);
	if (!rc && vlan != DEFAULT_VLAN)
		rc = add_to_uplinks(&nl, bridge, vlan, err);
	if (rc || vlan == DEFAULT_VLAN)
		return rc;
	/* The new one first: a port always has one. */
	put_vlan(&nl, RTM_SETLINK, port, vlan,
		 BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	rc = netlink_send(&nl, "the VLAN of a guest's port", err);
	if (rc)
		return rc;
	put_vlan(&nl, RTM_DELLINK, port, DEFAULT_VLAN, 0);
	return netlink_send(&nl, "the port's leaving of the default VLAN", err);
}
