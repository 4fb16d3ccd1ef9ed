/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nat0.c: bring nat0, the host's own network for guests, to what its files say. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/run.h"
#include "host.h"
#include "nat0.h"

#define UPLINK DEFAULT_BRIDGE

const char *nat0_mac(const struct guestconf *conf)
{
	for (size_t i = 0; i < conf->n_vifs; i++) {
		const struct conf_vif *vif = &conf->vifs[i];

		if (vif->mac && vif->bridge && !strcmp(vif->bridge, NAT_BRIDGE))
			return vif->mac;
	}
	return NULL;
}

char *nat0_address(const struct guestconf *conf)
{
	auto_kv struct kv_list leases = { 0 };
	struct pvn_err ignored = { 0 };
	const char *mac = nat0_mac(conf);
	struct subnet net;
	uint32_t address;
	char text[IP_TEXT];

	if (!mac || nat_read(&net, &ignored) ||
	    kv_read(&leases, NAT_LEASES, &ignored))
		return NULL;
	address = lease_find(&leases, &net, mac);
	return address ? xstrdup(ip_print(address, text)) : NULL;
}

int nat0_forwards(struct forward_list *list, struct pvn_err *err)
{
	auto_kv struct kv_list pairs = { 0 };
	int rc = file_exists(NAT_FORWARDS) ? kv_read(&pairs, NAT_FORWARDS, err)
					   : 0;

	if (!rc)
		rc = forwards_parse(&pairs, list, err);
	for (size_t i = 0; !rc && i < list->n; i++) {
		auto_guestconf struct guestconf conf = { 0 };
		autofree char *path = guestconf_path(list->v[i].guest);
		autofree char *address = NULL;
		struct pvn_err ignored = { 0 };

		if (guestconf_read(path, &conf, &ignored))
			continue; /* there is no such guest now */
		address = nat0_address(&conf);
		if (address)
			ip_parse(address, &list->v[i].address);
	}
	return rc;
}

/* 0: it has none yet. */
static uint32_t own_address(void)
{
	autofree char *text = host_address(UPLINK);
	struct subnet own = { .address = 0 };
	struct pvn_err ignored = { 0 };

	if (text && subnet_parse(text, &own, &ignored))
		own.address = 0;
	return own.address;
}

int nat0_rules(const struct subnet *net, struct pvn_err *err)
{
	auto_forwards struct forward_list list = { 0 };
	autofree char *text = NULL;
	/* who reads the file last loads its rules last */
	autoclose int lock = nat_lock(err);
	int rc = lock < 0 ? lock : nat0_forwards(&list, err);

	if (rc)
		return rc;
	text = nat_rules_text(net, own_address(), &list);
	return pvn_run_input(PVN_ARGV("nft", "-f", "-"), text, err);
}

/* The networks that the host's routes lead to, but for nat0's own. */
static size_t used_networks(const char *routes, struct subnet *used, size_t max)
{
	size_t n = 0;

	for (const char *line = strchr(routes, '\n'); line && n < max;
	     line = strchr(line + 1, '\n')) {
		char dev[16] = "";
		unsigned int dest, mask;

		if (sscanf(line, " %15s %x %*x %*x %*u %*u %*u %x", dev, &dest,
			   &mask) != 3 ||
		    !mask || !strcmp(dev, NAT_BRIDGE))
			continue;
		used[n].address = __builtin_bswap32(dest);
		used[n++].length = (unsigned int)__builtin_popcount(mask);
	}
	return n;
}

int nat0_choose(struct subnet *net_r, struct pvn_err *err)
{
	autofree char *routes = NULL;
	autofree char *conf = NULL;
	struct subnet used[64] = { 0 };
	char text[IP_TEXT];
	int rc = file_read("/proc/net/route", &routes, err);

	if (rc)
		return rc;
	if (!nat_choose(used, used_networks(routes, used, 64), net_r))
		return pvn_err(
			err, -EADDRNOTAVAIL,
			"no private network is free for '%s': write 'address=' into '%s'",
			NAT_BRIDGE, NAT_CONF);
	conf = xasprintf(
		"# The host's address on %s, and the network's length.\n"
		"# 'address=none': no such network.\naddress=%s/%u\n",
		NAT_BRIDGE, ip_print(net_r->address, text), net_r->length);
	return file_write(NAT_CONF, conf, 0644, err);
}

static int make_bridge(const struct subnet *net, struct pvn_err *err)
{
	/* of our own choice, so that it stays when ports come and go */
	autofree char *mac =
		xasprintf("02:00:%02x:%02x:%02x:%02x", net->address >> 24,
			  net->address >> 16 & 0xff, net->address >> 8 & 0xff,
			  net->address & 0xff);
	int rc = PVN_RUN(err, "brctl", "addbr", NAT_BRIDGE);

	if (!rc)
		rc = PVN_RUN(err, "brctl", "setfd", NAT_BRIDGE, "0");
	if (!rc)
		rc = PVN_RUN(err, "ip", "link", "set", "dev", NAT_BRIDGE,
			     "address", mac);
	return rc;
}

/* Forwarding is on for these two interfaces, not for the host. */
static int forward_between(const char *dev, struct pvn_err *err)
{
	autofree char *path =
		xasprintf("/proc/sys/net/ipv4/conf/%s/forwarding", dev);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1\n", 2) != 2)
		return pvn_err_errno(err, errno, "cannot write '%s'", path);
	return 0;
}

int nat0_bridge(const struct subnet *net, struct pvn_err *err)
{
	char text[IP_TEXT];
	autofree char *want =
		xasprintf("%s/%u", ip_print(net->address, text), net->length);
	autofree char *have = host_address(NAT_BRIDGE);
	int rc = 0;

	if (!file_exists("/sys/class/net/" NAT_BRIDGE))
		rc = make_bridge(net, err);
	if (!rc && have && strcmp(have, want))
		rc = PVN_RUN(err, "ip", "-4", "addr", "flush", "dev",
			     NAT_BRIDGE);
	if (!rc && (!have || strcmp(have, want)))
		rc = PVN_RUN(err, "ip", "addr", "add", want, "dev", NAT_BRIDGE);
	if (!rc)
		rc = PVN_RUN(err, "ip", "link", "set", "dev", NAT_BRIDGE, "up");
	if (!rc)
		rc = forward_between(NAT_BRIDGE, err);
	if (!rc)
		rc = forward_between(UPLINK, err);
	return rc;
}
