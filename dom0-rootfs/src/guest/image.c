/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.c: write a template's compressed disk image to a volume. */
#include <errno.h>
#include <string.h>
#include <zstd.h>
#include "../lib/mem.h"
#include "image_out.h"
#include "sha256.h"
#include "template.h"

/* Read and hashed in pieces of this size. */
#define BLOCK (64 * 1024)
/* Limits what a bad image can make us allocate: a 64 MiB window. */
#define WINDOW_LOG 26

static int check_sha256(const struct template *t, const char *path, FILE *f,
			struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, BLOCK);
	struct sha256 hash;
	char hex[65];
	size_t n;

	sha256_init(&hash);
	while ((n = fread(buf, 1, BLOCK, f)) > 0)
		sha256_add(&hash, buf, n);
	if (ferror(f))
		return pvn_err_errno(err, errno, "cannot read '%s'", path);
	sha256_end(&hash, hex);
	if (strcmp(hex, t->sha256))
		return pvn_err(err, -EBADMSG,
			       "'%s' is damaged: its SHA-256 is %s, not %s",
			       path, hex, t->sha256);
	rewind(f);
	return 0;
}

static int decompress(ZSTD_DStream *stream, const char *path, FILE *f,
		      struct image_out *out, struct pvn_err *err)
{
	size_t in_size = ZSTD_DStreamInSize();
	size_t out_size = ZSTD_DStreamOutSize();
	autofree char *in_buf = xcalloc(1, in_size);
	autofree char *out_buf = xcalloc(1, out_size);
	size_t left = 1;
	size_t n;

	while ((n = fread(in_buf, 1, in_size, f)) > 0) {
		ZSTD_inBuffer in = { .src = in_buf, .size = n };
		ZSTD_outBuffer buf = { .dst = out_buf, .size = out_size };

		do {
			int rc;

			buf.pos = 0;
			left = ZSTD_decompressStream(stream, &buf, &in);
			if (ZSTD_isError(left))
				return pvn_err(err, -EBADMSG,
					       "cannot decompress '%s': %s",
					       path, ZSTD_getErrorName(left));
			rc = image_out_add(out, out_buf, buf.pos, err);
			if (rc)
				return rc;
		} while (in.pos < in.size || (left && buf.pos == buf.size));
	}
	if (ferror(f))
		return pvn_err_errno(err, errno, "cannot read '%s'", path);
	if (left)
		return pvn_err(err, -EBADMSG, "'%s' ends too early", path);
	return image_out_finish(out, err);
}

int template_write(const struct template *t, const char *device, uint64_t chunk,
		   struct pvn_err *err)
{
	autofree char *path = xasprintf("%s/%s", t->dir, t->disk);
	autofclose FILE *f = NULL;
	auto_image_out struct image_out out = { 0 };
	ZSTD_DStream *stream;
	int rc;

	if (template_is_users(t))
		return pvn_err(
			err, -ENOENT,
			"the volume of template '%s' %s is gone: 'template delete' it, then 'template import' it again",
			t->name, t->version);
	f = fopen(path, "re");
	if (!f)
		return pvn_err_errno(err, errno, "cannot open '%s'", path);
	rc = check_sha256(t, path, f, err);
	if (rc)
		return rc;
	rc = image_out_open(&out, device, chunk, err);
	if (rc)
		return rc;
	out.limit = t->disk_bytes;
	out.too_large = "the image is larger than the template's 'disk-size'";
	stream = ZSTD_createDStream();
	if (!stream)
		return pvn_err(err, -ENOMEM, "no memory to decompress '%s'",
			       path);
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, WINDOW_LOG);
	rc = decompress(stream, path, f, &out, err);
	ZSTD_freeDStream(stream);
	if (!rc && out.at != t->disk_bytes)
		rc = pvn_err(
			err, -EBADMSG,
			"'%s' holds %llu bytes, its template.ini says %llu",
			path, (unsigned long long)out.at,
			(unsigned long long)t->disk_bytes);
	return rc;
}
