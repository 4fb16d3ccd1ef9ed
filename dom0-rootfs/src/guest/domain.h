/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.h: running guests, as Xen sees them. */
#ifndef PVN_DOMAIN_H
#define PVN_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "../lib/err.h"

enum domain_state {
	DOMAIN_RUNNING,
	DOMAIN_PAUSED,
	DOMAIN_STOPPING, /* it has stopped, or is being taken apart */
	DOMAIN_CRASHED,
};

struct domain {
	uint32_t id;
	char *name;
	char uuid[37];
	enum domain_state state;
	const char *type; /* "pv" or "pvh" */
	uint64_t memory_bytes;
	unsigned int vcpus;
	uint64_t cpu_ns; /* used since it began */
	/* What it may have at most while it runs; only from guests_load(), else
	 * see live_limits(). */
	uint64_t max_memory;
	unsigned int max_vcpus;
};

struct domain_list {
	struct domain *v;
	size_t n;
	uint64_t spare_memory; /* of domains made ahead of need, which are not listed */
};

struct domain_host {
	uint64_t memory_total;
	uint64_t memory_free;
	unsigned int cpus;
	bool pvh; /* its CPU and Xen can run PVH guests */
	bool iommu; /* Xen uses one */
};

/* "running", "paused", "stopping", "crashed" */
const char *domain_state_name(enum domain_state state);

/* Since when it runs; 0: not known. */
time_t domain_started(uint32_t id);

/* All domains but dom0 and spares; the list must be zero-initialised. */
int domains_read(struct domain_list *list, struct pvn_err *err);
/* The same, with the names that guestd knows: xenstore is asked only for the others, as that takes
 * longer with each. */
int domains_read_by_guestd(struct domain_list *list, struct pvn_err *err);
void domains_free(struct domain_list *list);

#define auto_domains __attribute__((cleanup(domains_free)))

const struct domain *domains_find(const struct domain_list *list,
				  const char *name);

/* What Xen says of the machine. */
int domain_host_read(struct domain_host *host, struct pvn_err *err);

/* Is it there, and does it run? Domains that have stopped and wait to be cleaned
 * up don't. */
bool domain_runs(uint32_t id);

/* Release the connection to Xen, if there is one. */
void domain_close(void);

#endif
