/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_codec.c: gzip, xz and zstd behind one face. What they may allocate for
 * a stranger's file is limited. */
#include <errno.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include "../lib/mem.h"
#include "../lib/size.h"
#include "image_codec.h"

/* 'xz -9' needs 65 MiB */
#define XZ_MEMORY (80 * MIB)
/* zstd: a 64 MiB window */
#define ZSTD_WINDOW_LOG 26

struct gzip {
	z_stream z;
	bool complete;
};

static void *gzip_open(void)
{
	struct gzip *g = xcalloc(1, sizeof(*g));

	if (inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK) {
		free(g);
		return NULL;
	}
	return g;
}

static int gzip_step(void *state, struct image_codec_step *step,
		     const char *name, struct pvn_err *err)
{
	struct gzip *g = state;
	int r = Z_OK;

	/* 'gzip -c a b' makes two streams in a row */
	if (g->complete && step->in_len) {
		inflateReset(&g->z);
		g->complete = false;
	}
	g->z.next_in = (unsigned char *)(uintptr_t)step->in;
	g->z.avail_in = (unsigned int)step->in_len;
	g->z.next_out = step->out;
	g->z.avail_out = (unsigned int)step->out_len;
	if (!g->complete)
		r = inflate(&g->z, Z_NO_FLUSH);
	step->in_used = step->in_len - g->z.avail_in;
	step->out_used = step->out_len - g->z.avail_out;
	g->complete = g->complete || r == Z_STREAM_END;
	step->complete = g->complete;
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return pvn_err(err, -EBADMSG, "cannot decompress '%s': %s",
			       name, g->z.msg ? g->z.msg : "bad gzip data");
	return 0;
}

static void gzip_close(void *state)
{
	struct gzip *g = state;

	inflateEnd(&g->z);
	free(g);
}

struct xz {
	lzma_stream s;
	bool complete;
};

static void *xz_open(void)
{
	struct xz *x = xcalloc(1, sizeof(*x));

	x->s = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&x->s, XZ_MEMORY, LZMA_CONCATENATED) !=
	    LZMA_OK) {
		free(x);
		return NULL;
	}
	return x;
}

static int xz_step(void *state, struct image_codec_step *step, const char *name,
		   struct pvn_err *err)
{
	struct xz *x = state;
	lzma_ret r = LZMA_STREAM_END;

	x->s.next_in = step->in;
	x->s.avail_in = step->in_len;
	x->s.next_out = step->out;
	x->s.avail_out = step->out_len;
	if (!x->complete)
		r = lzma_code(&x->s, step->in_end ? LZMA_FINISH : LZMA_RUN);
	step->in_used = step->in_len - x->s.avail_in;
	step->out_used = step->out_len - x->s.avail_out;
	x->complete = r == LZMA_STREAM_END;
	step->complete = x->complete;
	if (r == LZMA_MEMLIMIT_ERROR)
		return pvn_err(
			err, -EFBIG,
			"'%s' needs more than 80 MiB to be decompressed: compress it with 'xz -9' or less",
			name);
	if (r != LZMA_OK && r != LZMA_STREAM_END && r != LZMA_BUF_ERROR)
		return pvn_err(err, -EBADMSG,
			       "cannot decompress '%s': bad xz data", name);
	return 0;
}

static void xz_close(void *state)
{
	struct xz *x = state;

	lzma_end(&x->s);
	free(x);
}

struct zst {
	ZSTD_DStream *s;
	bool complete;
};

static void *zst_open(void)
{
	struct zst *z = xcalloc(1, sizeof(*z));

	z->s = ZSTD_createDStream();
	if (!z->s) {
		free(z);
		return NULL;
	}
	ZSTD_DCtx_setParameter(z->s, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	return z;
}

static int zst_step(void *state, struct image_codec_step *step,
		    const char *name, struct pvn_err *err)
{
	struct zst *z = state;
	ZSTD_inBuffer in = { .src = step->in, .size = step->in_len };
	ZSTD_outBuffer out = { .dst = step->out, .size = step->out_len };
	size_t left;

	if (z->complete && !step->in_len) {
		step->complete = true;
		return 0;
	}
	left = ZSTD_decompressStream(z->s, &out, &in);
	if (ZSTD_isError(left))
		return pvn_err(err, -EBADMSG, "cannot decompress '%s': %s",
			       name, ZSTD_getErrorName(left));
	step->in_used = in.pos;
	step->out_used = out.pos;
	z->complete = !left;
	step->complete = z->complete;
	return 0;
}

static void zst_close(void *state)
{
	struct zst *z = state;

	ZSTD_freeDStream(z->s);
	free(z);
}

static const struct image_codec codecs[] = {
	{ "gzip", { 0x1f, 0x8b, 8 }, 3, gzip_open, gzip_step, gzip_close },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, xz_open, xz_step, xz_close },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, zst_open, zst_step, zst_close },
};

const struct image_codec *image_codec_find(const unsigned char *data,
					   size_t len)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (len >= codecs[i].magic_len &&
		    !memcmp(data, codecs[i].magic, codecs[i].magic_len))
			return &codecs[i];
	}
	return NULL;
}
