/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import.h: make a guest from a disk image, in one pass over a file or a pipe. */
#ifndef PVN_IMPORT_H
#define PVN_IMPORT_H

#include <stdbool.h>
#include "create.h"
#include "guesttype.h"
#include "image_detect.h"
#include "image_src.h"
#include "tar.h"
#include "xva.h"

struct import_request {
	struct create_request create;
	const char *file; /* "-": standard input */
	const char *kernel; /* "own", "host"; NULL: by what is in the image */
	bool as_raw;
};

/* Begins with what 'create' has: its steps are used, too. */
struct import {
	struct create create;
	struct create_source source;
	struct create_facts facts; /* what 'create' plans by; borrowed */
	const char *name; /* of the file, for messages */
	int fd;
	struct image_src src;
	struct image_info info;
	struct tar tar; /* an XVA's */
	struct xva xva;
	bool as_raw; /* the image is taken as it is */
	bool size_known; /* before the image is read */
	bool kernel_open; /* which kernel depends on what is on the disk */
	bool no_more; /* --disk was given: the disk must not be larger */
	uint64_t volume_bytes; /* of the guest's first volume, as it is now */
	uint64_t pool_bytes;
	uint64_t room; /* what the pool takes */
	struct pool_gauge gauge; /* the same, while it is written to */
	char *spool; /* name of the volume that the image is kept in meanwhile */
	uint64_t spooled; /* bytes in it */
	struct strlist
		macs_taken; /* addresses in the XVA that others have here */
};

/* Open the file and see what it is. Waits for the first bytes of a pipe: not to be done with the
 * lock. */
int import_open(struct import *im, const struct import_request *req,
		struct pvn_err *err);

/* The plan, or why it can't be; after import_open(). */
int import_plan(struct import *im, const struct import_request *req,
		const struct create_facts *facts, struct pvn_plan *plan,
		struct pvn_err *err);

/* Who starts the guest: GRUB with the kernel on its disk (@own), or the host's kernel. */
void import_set_kernel(struct import *im, bool own);

void import_close(struct import *im);

/* The steps; the context is a struct import. */
int step_import_volumes(void *ctx, struct pvn_err *err);
int undo_import_volumes(void *ctx, struct pvn_err *err);
int step_import_raw(void *ctx, struct pvn_err *err);
int step_import_spool_volume(void *ctx, struct pvn_err *err);
int undo_import_spool_volume(void *ctx, struct pvn_err *err);
int step_import_spool(void *ctx, struct pvn_err *err);
int step_import_convert(void *ctx, struct pvn_err *err);
int step_import_format(void *ctx, struct pvn_err *err);
int step_import_unpack(void *ctx, struct pvn_err *err);
int step_import_xva(void *ctx, struct pvn_err *err);
int step_import_finish(void *ctx, struct pvn_err *err);

#endif
