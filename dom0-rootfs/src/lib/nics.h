/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nics.h: the machine's network interfaces, as far as a person has to choose one. */
#ifndef PVN_NICS_H
#define PVN_NICS_H

#include <stdbool.h>
#include <stddef.h>

struct nic {
	char *name; /* "eth0" */
	char *mac;
	char *driver;
	bool carrier; /* there is a link */
};

struct nic_list {
	struct nic *v;
	size_t n;
};

/* Those that are devices, no bridges and no guests' (vif*), by name. Zero-initialise *list. */
void nics_read(struct nic_list *list);
void nics_free(struct nic_list *list);

#endif
