/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_convert.h: let qemu-img read a stranger's image: without rights, without network,
 * and seeing nothing but the two volumes. */
#ifndef PVN_IMAGE_CONVERT_H
#define PVN_IMAGE_CONVERT_H

#include "image_detect.h"
#include "pool.h"

/* An image as it lies at the start of a volume. */
struct image_spool {
	enum image_format format;
	const char *device;
	uint64_t bytes; /* of the image */
	const char *name; /* for messages */
};

/* *size_r: of the disk in it; *data_r: how much of that is not empty, at most. */
int image_measure(const struct image_spool *spool, uint64_t *size_r,
		  uint64_t *data_r, struct pvn_err *err);

/* Write the disk in it to the volume @device, which reads as zeroes, as long as the pool has
 * room for it. */
int image_convert(const struct image_spool *spool, const char *device,
		  struct pool_gauge *gauge, struct pvn_err *err);

/* What qemu-img is told to read: "driver=qcow2,...". Caller frees. */
char *image_convert_source(enum image_format format, uint64_t bytes,
			   const char *node);

#endif
