/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slot_write.h: a release goes into a slot: nothing of it starts before its signature holds. */
#ifndef PVN_SLOT_WRITE_H
#define PVN_SLOT_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"
#include "slots.h"

struct slot_writer {
	int in; /* where the release comes from; borrowed */
	const char *name; /* of that, for messages */
	const struct slot *slot; /* borrowed */
	const char *key; /* file with the public key, minisign's; borrowed */
	const char *signature; /* file with the signature, minisign's; borrowed */
	int fd; /* the slot, or -1 */
	bool touched; /* it was opened once */
	char *leading; /* the signature that came before the release, or NULL */
	unsigned char *
		head; /* the first SLOT_HEAD_BYTES, in the slot only at the end */
	char *version; /* from here on what the release says of itself; not to be trusted
			* before slot_writer_finish() */
	uint64_t bytes;
};

#define SLOT_WRITER_INIT { .in = -1, .fd = -1 }

/* Read the start of the release, and a signature that stands before it; fills in leading, version
 * and bytes. Nothing is written. */
int slot_writer_open(struct slot_writer *w, struct pvn_err *err);
/* Empty the slot and write the rest of the release, all but its start: nothing that boots. */
int slot_writer_copy(struct slot_writer *w, struct pvn_err *err);
/* Does the signature hold for what the slot's disk gives back? Only then write the start, and let go
 * of the slot: it can be mounted. */
int slot_writer_finish(struct slot_writer *w, struct pvn_err *err);
/* Copy what is in the slot, a release of @bytes, to its copies on the other disk, and compare; its start comes
 * last. */
int slot_copy_release(const struct slot *slot, uint64_t bytes,
		      struct pvn_err *err);
/* Make the copies empty. */
int slot_erase_copies(const struct slot *slot, struct pvn_err *err);
/* Make the slot empty. */
int slot_writer_erase(struct slot_writer *w, struct pvn_err *err);
void slot_writer_close(struct slot_writer *w);

#endif
