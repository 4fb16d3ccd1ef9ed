/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nat.c: the addresses and the texts of nat0. No I/O happens here. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "nat.h"

/* At the end of the network, for those whom we don't know. */
#define N_UNKNOWN 14

static uint32_t ip(unsigned int a, unsigned int b, unsigned int c,
		   unsigned int d)
{
	return a << 24 | b << 16 | c << 8 | d;
}

static bool is_free(const struct subnet *net, const struct subnet *used,
		    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (subnet_overlaps(net, &used[i]))
			return false;
	}
	return true;
}

/* 172.31 is what cloud and home networks use least; then the other two blocks. */
bool nat_choose(const struct subnet *used, size_t n, struct subnet *net_r)
{
	for (unsigned int i = 0; i < 3 * 225; i++) {
		unsigned int c = 31 + i % 225;

		*net_r = (struct subnet){ .length = 24 };
		net_r->address = i < 225       ? ip(172, 31, c, 1)
				 : i < 2 * 225 ? ip(10, 231, c, 1)
					       : ip(192, 168, c, 1);
		if (is_free(net_r, used, n))
			return true;
	}
	return false;
}

int nat_check(const struct subnet *net, struct pvn_err *err)
{
	static const struct subnet private[] = { { 0x0a000000, 8 },
						 { 0xac100000, 12 },
						 { 0xc0a80000, 16 } };
	uint32_t host = net->address & ~subnet_mask(net);
	char text[IP_TEXT];

	ip_print(net->address, text);
	if (net->length < 16 || net->length > 28)
		return pvn_err(
			err, -EINVAL,
			"'%s/%u' can't be nat0's: its length must be 16 to 28",
			text, net->length);
	if (is_free(net, private, 3))
		return pvn_err(err, -EINVAL,
			       "'%s/%u' can't be nat0's: it is not private",
			       text, net->length);
	if (!host || host == ~subnet_mask(net))
		return pvn_err(
			err, -EINVAL,
			"'%s/%u' is the network's own or its broadcast address",
			text, net->length);
	return 0;
}

static uint32_t last_known(const struct subnet *net)
{
	uint32_t broadcast = subnet_base(net) | ~subnet_mask(net);

	return broadcast - 1 - (net->length <= 26 ? N_UNKNOWN : 2);
}

static bool in_net(const struct subnet *net, uint32_t address)
{
	return address > subnet_base(net) && address <= last_known(net) &&
	       address != net->address;
}

uint32_t lease_find(const struct kv_list *leases, const struct subnet *net,
		    const char *mac)
{
	for (size_t i = 0; i < leases->n; i++) {
		uint32_t address;

		if (!strcasecmp(leases->v[i].key, mac) &&
		    ip_parse(leases->v[i].value, &address) &&
		    in_net(net, address))
			return address;
	}
	return 0;
}

static bool is_taken(const struct kv_list *leases, uint32_t address)
{
	char text[IP_TEXT];

	ip_print(address, text);
	for (size_t i = 0; i < leases->n; i++) {
		if (!strcmp(leases->v[i].value, text))
			return true;
	}
	return false;
}

/* FNV-1a */
static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261;

	for (; *s; s++)
		h = (h ^ (uint32_t)tolower((unsigned char)*s)) * 16777619;
	return h;
}

uint32_t lease_add(struct kv_list *leases, const struct subnet *net,
		   const char *mac)
{
	uint32_t first = subnet_base(net) + 1;
	uint32_t n = last_known(net) - first + 1;
	uint32_t start = hash(mac) % n;
	char text[IP_TEXT];

	for (uint32_t i = 0; i < n; i++) {
		uint32_t address = first + (start + i) % n;
		autofree char *key = xstrdup(mac);

		if (!in_net(net, address) || is_taken(leases, address))
			continue;
		for (char *c = key; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		kv_set(leases, key, ip_print(address, text));
		return address;
	}
	return 0;
}

static FILE *text_start(char **text, size_t *len)
{
	FILE *f = open_memstream(text, len);

	if (!f)
		abort();
	return f;
}

char *nat_dhcp_text(const struct subnet *net, const struct kv_list *leases,
		    const char *dns)
{
	const struct subnet mask = { .address = subnet_mask(net) };
	uint32_t broadcast = subnet_base(net) | ~subnet_mask(net);
	char *text = NULL;
	size_t len = 0;
	FILE *f = text_start(&text, &len);
	char a[IP_TEXT], b[IP_TEXT];

	fprintf(f,
		"interface %s\nstart %s\nend %s\nlease_file /run/paravane/udhcpd.leases\n"
		"pidfile /run/paravane/udhcpd.pid\n",
		NAT_BRIDGE, ip_print(last_known(net) + 1, a),
		ip_print(broadcast - 1, b));
	fprintf(f, "max_leases %u\n", broadcast - 1 - last_known(net));
	fprintf(f, "option subnet %s\n", ip_print(mask.address, a));
	fprintf(f, "option router %s\noption lease 86400\n",
		ip_print(net->address, a));
	if (*dns)
		fprintf(f, "option dns %s\n", dns);
	for (size_t i = 0; i < leases->n; i++) {
		uint32_t address = lease_find(leases, net, leases->v[i].key);

		if (address)
			fprintf(f, "static_lease %s %s\n", leases->v[i].key,
				ip_print(address, a));
	}
	if (fclose(f))
		abort();
	return text;
}

static void put_forwards(uint32_t host, const struct forward_list *list,
			 FILE *f)
{
	char a[IP_TEXT];
	autofree char *from = host ? xasprintf("ip daddr %s", ip_print(host, a))
				   : xstrdup("iifname \"br0\"");

	for (size_t i = 0; i < list->n; i++) {
		const struct forward *fw = &list->v[i];

		if (fw->address)
			fprintf(f, "\t\t%s %s dport %u dnat to %s:%u\n", from,
				fw->udp ? "udp" : "tcp", fw->port,
				ip_print(fw->address, a), fw->to);
	}
}

/* This host forwards for nat0 and for nobody else, whatever passes br0. dom0 itself and guests on
 * nat0 reach a forward, too; the answers to the latter must come back by the host. */
char *nat_rules_text(const struct subnet *net, uint32_t host,
		     const struct forward_list *list)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = text_start(&text, &len);
	char a[IP_TEXT];

	fputs("table ip paravane_nat\ndelete table ip paravane_nat\n"
	      "table ip paravane_nat {\n"
	      "\tchain prerouting {\n"
	      "\t\ttype nat hook prerouting priority dstnat; policy accept;\n",
	      f);
	put_forwards(host, list, f);
	fputs("\t}\n"
	      "\tchain output {\n"
	      "\t\ttype nat hook output priority -100; policy accept;\n",
	      f);
	if (host)
		put_forwards(host, list, f);
	ip_print(subnet_base(net), a);
	fprintf(f,
		"\t}\n"
		"\tchain postrouting {\n"
		"\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
		"\t\tip saddr %s/%u oifname != \"" NAT_BRIDGE "\" masquerade\n"
		"\t\tip saddr %s/%u oifname \"" NAT_BRIDGE
		"\" ct status dnat masquerade\n"
		"\t}\n"
		"\tchain forward {\n"
		"\t\ttype filter hook forward priority filter; policy accept;\n"
		"\t\tct state established,related accept\n"
		"\t\tiifname \"" NAT_BRIDGE "\" accept\n"
		"\t\tiifname \"br0\" ct status dnat accept\n"
		"\t\tiifname \"br0\" drop\n"
		"\t\toifname \"" NAT_BRIDGE "\" drop\n"
		"\t}\n"
		"}\n",
		a, net->length, a, net->length);
	if (fclose(f))
		abort();
	return text;
}
