/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xva.h: what XenServer and XCP-ng export: a tar of ova.xml and of the disks in blocks of 1 MiB,
 * those that are empty left out. */
#ifndef PVN_XVA_H
#define PVN_XVA_H

#include <stdbool.h>
#include "image_out.h"
#include "tar.h"

#define XVA_MAX_DISKS 16
#define XVA_MAX_NICS 16
#define XVA_BLOCK (1024 * 1024)

/* A key of other_config, which XenServer keeps and does not look at: the type that the guest had here. */
#define XVA_TYPE "paravane_type"

struct xva_disk {
	char *ref; /* "Ref:4", its folder in the archive */
	uint64_t bytes;
	unsigned int number; /* of the device: 0 is xvda */
	bool bootable;
	uint64_t next; /* the block that may come next */
};

struct xva_nic {
	char mac[18]; /* in small letters; "": none is given */
	unsigned int number; /* of the device */
};

struct xva {
	struct tar *tar;
	struct xva_disk
		*disks; /* in the order of their numbers, bootable ones first */
	size_t n;
	struct xva_nic nics[XVA_MAX_NICS]; /* in the order of their numbers */
	size_t n_nics;
	uint64_t memory;
	unsigned int vcpus;
	const char *type; /* what suits its kernel: "auto", "pv" or "pvh" */
};

/* Read ova.xml, the first member. The archive is borrowed. */
int xva_open(struct xva *xva, struct tar *tar, struct pvn_err *err);
void xva_close(struct xva *xva);

/* Parse the text of an ova.xml. */
int xva_parse(struct xva *xva, const char *text, const char *name,
	      struct pvn_err *err);

/* Write the blocks of all disks; @outs has one for each. Checks their checksums, and that
 * none is missing at the end. */
int xva_read_disks(struct xva *xva, struct image_out *outs,
		   struct pvn_err *err);

#endif
