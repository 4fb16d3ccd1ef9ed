/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nic.c: what commands are told of a guest's network interface. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/addresses.h"
#include "../lib/nat.h"
#include "../lib/subnet.h"
#include "live.h"
#include "nic.h"
#include "seed.h"

static bool is_bridge_name(const char *name)
{
	size_t len = strspn(
		name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789._-");

	return len && !name[len] && len < 16 && name[0] != '.' &&
	       name[0] != '-';
}

int nic_check(const struct nic_opts *o, struct pvn_err *err)
{
	if (!is_bridge_name(o->bridge))
		return pvn_err(err, -EINVAL,
			       "'--bridge %.40s' is no interface name",
			       o->bridge);
	return live_nic_check(o->rate, o->vlan, err);
}

/* Of an IPv6 address; that of an IPv4 one is judged with it. */
static int check_length(const char *word, const char *length,
			struct pvn_err *err)
{
	size_t n = strspn(length, "0123456789");

	if (n < 1 || n > 3 || length[n] || atoi(length) < 1 ||
	    atoi(length) > 128)
		return pvn_err(
			err, -EINVAL,
			"'--ip %.60s' is not an address with its length, like 2001:db8::5/64",
			word);
	return 0;
}

/* "192.0.2.5", "192.0.2.5/24" as 'guest create' takes it, or the same of IPv6 */
static int check_address(const char *word, struct pvn_err *err)
{
	const struct seed_net net = { .address = word };
	const char *slash = strchr(word, '/');
	uint32_t address;

	if (slash && strchr(word, ':'))
		return check_length(word, slash + 1, err);
	if (slash)
		return seed_net_check(&net, err);
	if (ip_parse(word, &address) && !ip_is_of_host(address))
		return pvn_err(err, -EINVAL,
			       "'--ip %.60s' is no address of a host", word);
	return 0;
}

int nic_addresses(const char *text, char **ip_r, struct pvn_err *err)
{
	autofree char *copy = xstrdup(text);
	autofree char *ip = NULL;
	auto_strlist struct strlist words = { 0 };
	struct addresses own;
	char *save = NULL;
	int rc = 0;

	for (char *word = strtok_r(copy, " ,", &save); word && !rc;
	     word = strtok_r(NULL, " ,", &save)) {
		rc = check_address(word, err);
		strlist_addf(&words, "%.*s", (int)strcspn(word, "/"), word);
	}
	if (rc)
		return rc;
	if (!words.n)
		return pvn_err(err, -EINVAL, "'--ip %.60s' has no address",
			       text);
	ip = strlist_joined(&words, " ");
	if (addresses_parse(&own, NULL, ip, err)) {
		pvn_err_wrap(err, "'--ip'");
		return -EINVAL;
	}
	*ip_r = steal_ptr(&ip);
	return 0;
}

int nic_bridge_check(const char *bridge, const struct strlist *bridges,
		     struct pvn_err *err)
{
	autofree char *names = strlist_quoted(bridges);

	if (strlist_has(bridges, bridge))
		return 0;
	return pvn_err(err, PVN_REFUSED, "no bridge '%s', there is %s", bridge,
		       *names ? names : "none");
}

int nic_fixed_check(const char *bridge, struct pvn_err *err)
{
	if (strcmp(bridge, NAT_BRIDGE))
		return 0;
	return pvn_err(
		err, PVN_REFUSED,
		"'--ip' can't be had on '%s': the host gives each guest its address there",
		NAT_BRIDGE);
}

char *nic_clone_text(const struct conf_vif *vif, const char *mac,
		     const char *ip)
{
	struct conf_vif clone = *vif;

	clone.mac = (char *)mac;
	clone.ip = (char *)ip;
	clone.vifname = NULL;
	return guestconf_vif_text(&clone);
}
