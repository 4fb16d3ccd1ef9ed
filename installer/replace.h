/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replace.h: a disk takes a place in the mirrors of an installed host, and everything else that its disks have. */
#ifndef PVN_REPLACE_H
#define PVN_REPLACE_H

#include <stdbool.h>
#include "facts.h"
#include "repair.h"

struct replace {
	struct repair found; /* the installation and its disks, as they are */
	struct install
		in; /* the disk that has all; its second one is the new disk */
	struct facts facts;
	bool again; /* the new disk has our partitions already */
	bool member; /* ... and is in the mirrors: what comes before that is done */
	bool done; /* ... and has all: only the old one is to go */
	bool swap; /* the old disk is well, and stays until the new one has all */
	const struct repair
		*old; /* in @found: it is taken out; NULL: its place is free */
	struct pvn_plan steps; /* their context is this struct */
};

/* What is asked for; all are borrowed. */
struct replace_request {
	const char *new_disk,
		*old_disk; /* "vdb" or "/dev/vdb"; old_disk may be NULL */
	const char *slot_dir;
	bool force; /* erase what is on the new disk */
};

/* Look, and make the steps. Nothing is changed. PVN_REFUSED when the disk can't be taken. replace_free() it
 * whatever is returned. */
int replace_plan(struct replace *p, const struct replace_request *request,
		 struct pvn_err *err);
void replace_free(struct replace *p);

#endif
