/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addresses.c: the addresses that a guest's interface may send from, and its VLAN. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "addresses.h"
#include "mem.h"

static int parse_mac(const char *text, uint8_t mac[6], struct pvn_err *err)
{
	unsigned int b[6];
	char more;

	if (strlen(text) != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2],
		   &b[3], &b[4], &b[5], &more) != 6)
		return pvn_err(err, -EINVAL, "'%.40s' is no MAC address", text);
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	if (mac[0] & 1)
		return pvn_err(err, -EINVAL,
			       "'%s' is no MAC address of one station", text);
	return 0;
}

static int add(struct addresses *own, const char *text, struct pvn_err *err)
{
	struct address *a = &own->v[own->n];

	if (own->n >= MAX_ADDRESSES)
		return pvn_err(err, -E2BIG, "more than %d addresses",
			       MAX_ADDRESSES);
	if (inet_pton(AF_INET, text, a->bytes) == 1)
		a->len = 4;
	else if (inet_pton(AF_INET6, text, a->bytes) == 1)
		a->len = 16;
	else
		return pvn_err(err, -EINVAL, "'%.60s' is no IP address", text);
	own->n++;
	return 0;
}

/* fe80::/64 with the MAC in EUI-64 form */
static void add_link_local(struct addresses *own)
{
	const uint8_t *m = own->mac;

	own->v[own->n++] = (struct address){
		.len = 16,
		.bytes = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2],
			   0xff, 0xfe, m[3], m[4], m[5] },
	};
}

int addresses_parse(struct addresses *own, const char *mac, const char *ip,
		    struct pvn_err *err)
{
	autofree char *copy = xstrdup(ip ? ip : "");
	char *save = NULL;
	int rc;

	*own = (struct addresses){ 0 };
	rc = mac ? parse_mac(mac, own->mac, err) : 0;
	for (char *word = strtok_r(copy, " ", &save); word && !rc;
	     word = strtok_r(NULL, " ", &save))
		rc = add(own, word, err);
	if (!rc && own->n)
		add_link_local(own);
	return rc;
}

int vlan_parse(const char *text, unsigned int *vlan_r, struct pvn_err *err)
{
	char *end = NULL;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > 4094)
		return pvn_err(err, -EINVAL,
			       "'%.40s' is no VLAN: expected 1 to 4094", text);
	*vlan_r = (unsigned int)n;
	return 0;
}
