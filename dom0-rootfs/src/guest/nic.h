/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nic.h: what commands are told of a guest's network interface. */
#ifndef PVN_NIC_H
#define PVN_NIC_H

#include "../lib/err.h"
#include "../lib/mem.h"
#include "guestconf.h"
#include "host.h"

struct nic_opts {
	const char *bridge;
	const char *rate, *vlan; /* as in struct conf_vif; NULL: none */
};

/* A member 'struct nic_opts nic' of a command's 'struct opts', and this in its table. */
#define NIC_OPTS                                                                         \
	OPT("bridge", OPT_STRING, nic.bridge, "NAME",                                    \
	    "bridge of its network interface (default: " DEFAULT_BRIDGE ")"),            \
		OPT("network", OPT_STRING, nic.bridge, "NAME",                           \
		    "the same; nat0 is the host's own network, with its own addresses"), \
		OPT("rate", OPT_STRING, nic.rate, "RATE",                                \
		    "what it may send at most, such as 10Mb/s"),                         \
		OPT("vlan", OPT_STRING, nic.vlan, "TAG",                                 \
		    "the VLAN that it is in, 1 to 4094")

#define NIC_DEFAULTS { .bridge = DEFAULT_BRIDGE }

/* Is it a bridge's name, a rate and a VLAN? -EINVAL: a usage error. */
int nic_check(const struct nic_opts *o, struct pvn_err *err);

/* The addresses in @text, '--ip', with or without their networks' length, as a vif's "ip" has them.
 * Caller frees. -EINVAL: a usage error. */
int nic_addresses(const char *text, char **ip_r, struct pvn_err *err);

/* Has the host that bridge? May an interface on it have an address of the user's choice? PVN_REFUSED:
 * no. */
int nic_bridge_check(const char *bridge, const struct strlist *bridges,
		     struct pvn_err *err);
int nic_fixed_check(const char *bridge, struct pvn_err *err);

/* What the file of a copy of @vif's guest says: its own MAC and IP address (NULL: any), nothing that
 * belongs to the other guest. Caller frees. */
char *nic_clone_text(const struct conf_vif *vif, const char *mac,
		     const char *ip);

#endif
