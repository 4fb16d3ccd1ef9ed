/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks.h: the disks that this installation is on: one, or two with mirrors (RAID1) over both. */
#ifndef PVN_DISKS_H
#define PVN_DISKS_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/mem.h"

#define DISKS_WANTED 2 /* of a host with mirrors */

enum disk_state {
	DISK_WELL,
	DISK_REBUILDING,
	DISK_OUT, /* it was away: the other has gone on without it */
	DISK_REPLACED, /* it is not used either, and two others have all */
	DISK_FAILED,
};

struct host_disk {
	char *name; /* "vda" */
	char *model, *serial; /* "" where it has none */
	uint64_t size;
	enum disk_state state;
};

struct host_disks {
	struct host_disk *v;
	size_t n; /* by name */
	bool mirrored;
	double rebuilt_percent; /* of all that is mirrored, when a disk is rebuilding */
};

#define auto_disks __attribute__((cleanup(disks_free)))

/* Read from sysfs; zero-initialise *disks. */
int disks_read(struct host_disks *disks, struct pvn_err *err);
void disks_free(struct host_disks *disks);

/* "well", "rebuilding", "out of date", "replaced", "failed" */
const char *disk_state_name(enum disk_state state);

/* What is not as it has to be with the disks of a host with mirrors, in one line; NULL: nothing. Caller frees. */
char *disks_problem(const struct host_disks *disks);

/* The device nodes of the partitions that have the role @role ("esp", "slot-a"), of each disk that is not out of
 * the mirrors: what is written there would be older than the rest when it comes back. -ENOENT: there is none. */
int disks_partitions(const char *role, struct strlist *devices,
		     struct pvn_err *err);

#endif
