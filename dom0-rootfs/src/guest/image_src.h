/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_src.h: a stream of bytes from anywhere, decompressed if it is gzip, xz or zstd. */
#ifndef PVN_IMAGE_SRC_H
#define PVN_IMAGE_SRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../lib/err.h"

/* How much of the start can be looked at before it is read. */
#define IMAGE_PEEK (128 * 1024)

/* Where bytes come from: at most @len bytes into @buf. Returns how many, 0 at the end, or
 * a negative errno. */
struct image_reader {
	ssize_t (*read)(void *arg, void *buf, size_t len, struct pvn_err *err);
	void *arg;
};

struct image_codec;

struct image_src {
	const char *name; /* for messages, borrowed */
	struct image_reader reader;
	int fd; /* of image_src_open_fd() */
	const struct image_codec *codec; /* NULL: the bytes are as they are */
	void *state; /* the codec's */
	unsigned char *in; /* what was read and not yet decoded */
	size_t in_pos, in_len;
	bool in_end;
	unsigned char *peek; /* decoded, not yet read */
	size_t peek_pos, peek_len;
	uint64_t taken; /* bytes that came from the reader */
	void (*progress)(uint64_t taken); /* or NULL */
};

/* Both find out whether the bytes are compressed. The descriptor is borrowed. */
int image_src_open(struct image_src *src, const char *name,
		   struct image_reader reader, struct pvn_err *err);
int image_src_open_fd(struct image_src *src, const char *name, int fd,
		      struct pvn_err *err);
void image_src_close(struct image_src *src);

#define auto_image_src __attribute__((cleanup(image_src_close)))

/* "gzip", "xz", "zstd", or "" */
const char *image_src_codec(const struct image_src *src);

/* The first bytes, at most IMAGE_PEEK; fewer only when there are no more. They will be
 * read again. Only before the first image_src_read(). */
int image_src_peek(struct image_src *src, const unsigned char **data_r,
		   size_t *len_r, struct pvn_err *err);

/* Fill @buf, less only at the end. Returns how many bytes or a negative errno; a stream
 * that is cut off is -EBADMSG. */
ssize_t image_src_read(struct image_src *src, void *buf, size_t len,
		       struct pvn_err *err);

#endif
