/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lvm_cache.h: what LVM said of a VG, as long as it has not changed it.
 *
 * To ask LVM takes a process that reads all of its metadata. Whether that has changed is
 * seen from one block of it: the header of the metadata area has the place and the
 * checksum of the text that is in force. */
#ifndef PVN_LVM_CACHE_H
#define PVN_LVM_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct lvm_stamp {
	char device[64]; /* of a PV; "": not known yet */
	uint64_t offset, size; /* of the text, in its area */
	uint32_t checksum;
	bool valid; /* it tells of a change */
};

/* Read the header as it is now. */
void lvm_stamp(const char *vg, struct lvm_stamp *stamp);

/* What was kept with the same stamp, or NULL. Caller frees. */
char *lvm_cached(const char *vg, const struct lvm_stamp *stamp);

/* Keep @text, which LVM has said after @before was read; unless something has changed
 * since. */
void lvm_cache(const char *vg, const struct lvm_stamp *before,
	       const char *text);

/* Understand the 512 bytes at the start of a metadata area (for tests). Returns false
 * when they are none, or when LVM is told not to keep this one true. */
bool lvm_header_parse(const unsigned char *header, struct lvm_stamp *stamp);

#endif
