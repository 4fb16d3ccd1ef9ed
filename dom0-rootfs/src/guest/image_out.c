/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_out.c: write a disk image to a new thin volume. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/size.h"
#include "image_out.h"

/* Written in pieces of this size; also the least chunk of a pool. */
#define BLOCK (64 * 1024)
/* With larger chunks than this nothing is left out. */
#define MAX_CHUNK (16 * MIB)

bool image_is_zero(const void *data, size_t len)
{
	const char *p = data;

	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

int image_out_open(struct image_out *out, const char *device, uint64_t chunk,
		   struct pvn_err *err)
{
	*out = (struct image_out){ .name = device, .limit = UINT64_MAX };
	out->fd = open(device, O_WRONLY | O_EXCL | O_CLOEXEC);
	if (out->fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", device);
	out->sparse = chunk >= BLOCK && chunk <= MAX_CHUNK;
	out->chunk = out->sparse ? chunk : BLOCK;
	out->block = xcalloc(1, out->chunk);
	return 0;
}

static int flush_block(struct image_out *out, struct pvn_err *err)
{
	int rc;

	if (!out->used)
		return 0;
	if (out->used > out->limit || out->at > out->limit - out->used)
		return pvn_err(err, -EFBIG, "%s",
			       out->too_large
				       ? out->too_large
				       : "the image is larger than its disk");
	if (!out->sparse || !image_is_zero(out->block, out->used)) {
		rc = out->gauge ? pool_gauge_add(out->gauge, out->fd,
						 out->chunk, err)
				: 0;
		if (!rc)
			rc = write_at(out->fd, out->block, out->used,
				      (off_t)out->at, out->name, err);
		if (rc)
			return rc;
	}
	out->at += out->used;
	out->used = 0;
	return 0;
}

static void keep_tail(struct image_out *out, const char *data, size_t len)
{
	size_t size = sizeof(out->tail);

	if (len >= size) {
		memcpy(out->tail, data + len - size, size);
		return;
	}
	memmove(out->tail, out->tail + len, size - len);
	memcpy(out->tail + size - len, data, len);
}

int image_out_add(struct image_out *out, const void *data, size_t len,
		  struct pvn_err *err)
{
	const char *p = data;

	keep_tail(out, p, len);
	while (len) {
		size_t n = out->chunk - out->used;

		if (n > len)
			n = len;
		memcpy(out->block + out->used, p, n);
		out->used += n;
		p += n;
		len -= n;
		if (out->used == out->chunk) {
			int rc = flush_block(out, err);

			if (rc)
				return rc;
		}
	}
	return 0;
}

int image_out_seek(struct image_out *out, uint64_t offset, struct pvn_err *err)
{
	int rc = flush_block(out, err);

	out->at = offset;
	return rc;
}

int image_out_finish(struct image_out *out, struct pvn_err *err)
{
	int rc = flush_block(out, err);

	if (!rc && fsync(out->fd))
		rc = pvn_err_errno(err, errno, "cannot write '%s'", out->name);
	return rc;
}

void image_out_close(struct image_out *out)
{
	if (out->block)
		close(out->fd);
	free(out->block);
	out->block = NULL;
}
