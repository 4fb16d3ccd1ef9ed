/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usage.h: what running guests use: counters from Xen and the kernel's back ends,
 * and the rates between two readings. */
#ifndef PVN_USAGE_H
#define PVN_USAGE_H

#include <stdint.h>
#include "domain.h"

/* Since the domain began; as the guest sees it: what it reads, what it gets. */
struct counters {
	uint64_t cpu_ns;
	uint64_t disk_read, disk_written; /* bytes */
	uint64_t net_in, net_out;
};

struct usage {
	struct domain domain; /* the name is owned */
	struct counters counters;
};

struct usage_list {
	struct usage *v;
	size_t n;
	double when; /* seconds of a clock that only goes forward */
};

int usage_read(struct usage_list *list, struct pvn_err *err);
void usage_free(struct usage_list *list);

#define auto_usage __attribute__((cleanup(usage_free)))

struct rates {
	double cpu_percent; /* 100: one vCPU all the time */
	uint64_t disk_read, disk_written, net_in, net_out; /* bytes a second */
};

/* What changed since the list @before; zero for a guest that is new. */
void usage_rates(const struct usage_list *before, const struct usage_list *now,
		 const struct usage *usage, struct rates *rates);

/* The counters of back ends of domain @id below @sysfs ("/sys"). */
void usage_back_ends(const char *sysfs, uint32_t id, struct counters *counters);

#endif
