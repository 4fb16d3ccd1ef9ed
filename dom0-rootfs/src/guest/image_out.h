/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_out.h: write a disk image to a new thin volume, leaving out what is zero. */
#ifndef PVN_IMAGE_OUT_H
#define PVN_IMAGE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/err.h"
#include "pool.h"

struct image_out {
	const char *name; /* of the device, borrowed */
	const char *too_large; /* message when the image goes beyond 'limit' */
	uint64_t limit; /* bytes that the device takes */
	struct pool_gauge *
		gauge; /* what the pool has room for, borrowed; NULL: no limit */
	int fd;
	uint64_t at; /* bytes of the image so far, without those in 'block' */
	size_t used;
	size_t chunk;
	bool sparse; /* leave out chunks that are zero */
	char *block; /* chunk bytes */
	unsigned char tail[512]; /* the image's last bytes that were added */
};

/* Open the block device @device, a new thin volume that reads as zeroes, or a file. Of what is
 * written to it whole chunks of @chunk bytes (the pool's) that are zero are left
 * out; a chunk that is no sane number leaves out nothing. */
int image_out_open(struct image_out *out, const char *device, uint64_t chunk,
		   struct pvn_err *err);
/* -EFBIG beyond 'limit', -ENOSPC beyond what the gauge says. */
int image_out_add(struct image_out *out, const void *data, size_t len,
		  struct pvn_err *err);
/* Write what is still held, and go on at @offset. */
int image_out_seek(struct image_out *out, uint64_t offset, struct pvn_err *err);
/* Write what is still held, and wait until it is on the disk. */
int image_out_finish(struct image_out *out, struct pvn_err *err);
void image_out_close(struct image_out *out);

#define auto_image_out __attribute__((cleanup(image_out_close)))

bool image_is_zero(const void *data, size_t len);

#endif
