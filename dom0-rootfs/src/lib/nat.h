/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nat.h: the host's own network for guests, nat0: which addresses it has, who gets
 * which, and which ports lead in. */
#ifndef PVN_NAT_H
#define PVN_NAT_H

#include <stdbool.h>
#include <stdint.h>
#include "kv.h"
#include "mem.h"
#include "subnet.h"

#define NAT_BRIDGE "nat0"
#define NAT_CONF \
	"/etc/paravane/nat" /* address=172.31.31.1/24, the host's there */
#define NAT_LEASES "/etc/paravane/nat-leases" /* MAC=address */
#define NAT_FORWARDS "/etc/paravane/forwards" /* tcp/8080=web1:80 */
#define NAT_DHCP_CONF "/run/paravane/udhcpd.conf"

/* The first of our candidates that overlaps none of the networks @used.
 * Returns false when all do. */
bool nat_choose(const struct subnet *used, size_t n, struct subnet *net_r);

/* Check the network of NAT_CONF: a private one, from /16 to /28, and the address
 * is a host's. */
int nat_check(const struct subnet *net, struct pvn_err *err);

/* The address of @mac in @leases; 0: it has none in @net. */
uint32_t lease_find(const struct kv_list *leases, const struct subnet *net,
		    const char *mac);

/* Give @mac an address that no other has. It comes from the MAC, so that it is
 * the same again when the list was lost. Returns 0 when all are taken. */
uint32_t lease_add(struct kv_list *leases, const struct subnet *net,
		   const char *mac);

/* The text of NAT_DHCP_CONF; @dns: addresses separated by blanks, may be empty.
 * Caller frees. */
char *nat_dhcp_text(const struct subnet *net, const struct kv_list *leases,
		    const char *dns);

/* A port of the host that leads to a guest's. */
struct forward {
	bool udp;
	uint16_t port;
	char *guest;
	uint16_t to;
	uint32_t address; /* of the guest; 0: not known, nothing is forwarded */
};

struct forward_list {
	struct forward *v;
	size_t n;
};

/* Parse a port, "1" to "65535". */
int port_parse(const char *text, uint16_t *port_r, struct pvn_err *err);
/* "web1:80" */
int forward_parse_target(const char *text, char **guest_r, uint16_t *port_r,
			 struct pvn_err *err);
/* All of NAT_FORWARDS; the addresses are left 0. */
int forwards_parse(const struct kv_list *pairs, struct forward_list *list,
		   struct pvn_err *err);
/* Let those that lead to guest @from lead to @to. Returns whether there are any. */
bool forwards_rename(struct kv_list *pairs, const char *from, const char *to);
void forwards_free(struct forward_list *list);

#define auto_forwards __attribute__((cleanup(forwards_free)))

/* What nft is to read: the whole table, which replaces the one that is there. @host: the host's
 * own address, which forwards lead from; 0: it has none yet, then what comes in from br0. */
char *nat_rules_text(const struct subnet *net, uint32_t host,
		     const struct forward_list *list);

/* --- what follows reads and writes files --- */

/* Read NAT_CONF. Without the file: -ENOENT. */
int nat_read(struct subnet *net_r, struct pvn_err *err);

/* Whoever writes nat0's files or loads its rules has this lock. Returns its
 * descriptor (the lock ends with it), or a negative errno. */
int nat_lock(struct pvn_err *err);

/* The fixed address of @mac on nat0, given now if it has none. A new one is written
 * down and DHCP told. */
int nat_lease(const char *mac, uint32_t *address_r, struct pvn_err *err);

/* Write NAT_DHCP_CONF as the files say. */
int nat_write_dhcp(const struct subnet *net, struct pvn_err *err);

/* Have the service begin anew: it reads everything again. */
void nat_restart(void);

#endif
