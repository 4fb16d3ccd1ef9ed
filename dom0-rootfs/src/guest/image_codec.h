/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_codec.h: gzip, xz and zstd behind one face. */
#ifndef PVN_IMAGE_CODEC_H
#define PVN_IMAGE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include "../lib/err.h"

struct image_codec_step {
	const unsigned char *in;
	size_t in_len;
	bool in_end; /* nothing comes after 'in' */
	void *out;
	size_t out_len;
	/* results */
	size_t in_used, out_used;
	bool complete; /* the input may end here */
};

struct image_codec {
	const char *name;
	unsigned char magic[6];
	size_t magic_len;
	void *(*open)(void); /* NULL: no memory */
	int (*step)(void *state, struct image_codec_step *step,
		    const char *name, struct pvn_err *err);
	void (*close)(void *state);
};

/* The codec whose magic number that is, or NULL. */
const struct image_codec *image_codec_find(const unsigned char *data,
					   size_t len);

#endif
