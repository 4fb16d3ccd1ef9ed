/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subnet.h: IPv4 networks, as numbers. */
#ifndef PVN_SUBNET_H
#define PVN_SUBNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

/* An address and the length of its network; the first byte is the highest. */
struct subnet {
	uint32_t address;
	unsigned int length;
};

/* "192.0.2.5/24" */
int subnet_parse(const char *text, struct subnet *net_r, struct pvn_err *err);

uint32_t subnet_mask(const struct subnet *net);
/* The network's own address. */
uint32_t subnet_base(const struct subnet *net);
bool subnet_overlaps(const struct subnet *a, const struct subnet *b);

#define IP_TEXT 16 /* bytes for "255.255.255.255" */
/* Returns @buf, of IP_TEXT bytes or more. */
char *ip_print(uint32_t address, char *buf);
/* Returns false for what is no IPv4 address. */
bool ip_parse(const char *text, uint32_t *address_r);
/* May a host have it? Neither "this network" nor loopback, multicast or reserved (RFC 6890). */
bool ip_is_of_host(uint32_t address);

#endif
