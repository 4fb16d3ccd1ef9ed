/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subnet.c: IPv4 networks, as numbers. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "mem.h"
#include "subnet.h"

bool ip_parse(const char *text, uint32_t *address_r)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1)
		return false;
	*address_r = ntohl(addr.s_addr);
	return true;
}

char *ip_print(uint32_t address, char *buf)
{
	snprintf(buf, IP_TEXT, "%u.%u.%u.%u", address >> 24,
		 address >> 16 & 0xff, address >> 8 & 0xff, address & 0xff);
	return buf;
}

int subnet_parse(const char *text, struct subnet *net_r, struct pvn_err *err)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? strspn(slash + 1, "0123456789") : 0;
	autofree char *addr =
		xasprintf("%.*s", slash ? (int)(slash - text) : 0, text);

	if (n < 1 || n > 2 || slash[1 + n] || !ip_parse(addr, &net_r->address))
		goto bad;
	net_r->length = (unsigned int)strtoul(slash + 1, NULL, 10);
	if (net_r->length >= 1 && net_r->length <= 32)
		return 0;
bad:
	return pvn_err(
		err, -EINVAL,
		"'%.40s' is no address with its length, like 192.0.2.5/24",
		text);
}

uint32_t subnet_mask(const struct subnet *net)
{
	return net->length ? ~UINT32_C(0) << (32 - net->length) : 0;
}

uint32_t subnet_base(const struct subnet *net)
{
	return net->address & subnet_mask(net);
}

bool subnet_overlaps(const struct subnet *a, const struct subnet *b)
{
	const struct subnet *wide = a->length < b->length ? a : b;

	return !((a->address ^ b->address) & subnet_mask(wide));
}

bool ip_is_of_host(uint32_t address)
{
	return address >> 24 && address >> 24 != 127 && address < 0xe0000000;
}
