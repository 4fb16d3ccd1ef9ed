/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot.h: snapshots of guests: a volume guest-<guest>.<snapshot>-<disk> for each
 * of the guest's writable disks, and a copy of its file. */
#ifndef PVN_SNAPSHOT_H
#define PVN_SNAPSHOT_H

#include <time.h>
#include "guests.h"

struct snapshot {
	char *name;
	time_t made;
	size_t n_disks;
	uint64_t size; /* of its disks */
	uint64_t data; /* in them, of which the guest and others may share some ... */
	bool data_known; /* ... if the volumes were measured and are active */
};

struct snapshot_list {
	struct snapshot *v;
	size_t n;
};

/* A guest's snapshots, oldest first; the list must be zero-initialised. */
void snapshots_list(const struct guest_set *set, const char *guest,
		    struct snapshot_list *list);
void snapshots_free(struct snapshot_list *list);

#define auto_snapshots __attribute__((cleanup(snapshots_free)))

/* The folder of a guest's snapshots, and one's copy of the guest's file. Caller
 * frees. */
char *snapshot_folder(const char *guest);
char *snapshot_path(const char *guest, const char *snapshot);

/* A snapshot's volume for the guest's volume @volume. Caller frees. */
char *snapshot_volume(const char *guest, const char *snapshot,
		      const char *volume);

/* Remove the folder with the files in it; one that isn't there is fine. */
int snapshot_remove_folder(const char *guest, struct pvn_err *err);

/* Write the files of @from's snapshots for the guest's new name @to; those of @from
 * stay. */
int snapshot_copy_files(const struct guest_set *set, const char *from,
			const char *to, struct pvn_err *err);

/* Is it a name for one? */
int snapshot_name_check(const char *name, struct pvn_err *err);

#endif
