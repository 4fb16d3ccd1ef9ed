/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template_file.c: a template as one file. */
#include <errno.h>
#include <string.h>
#include <zstd.h>
#include "../lib/file.h"
#include "import.h"
#include "sha256.h"
#include "signals.h"
#include "template_file.h"

#define INI "template.ini"
#define IMAGE "disk.img.zst"
#define SIGNATURE INI ".minisig"
#define MAX_INI (64 * 1024)
#define MAX_SIGNATURE 4096
#define PIECE (256 * 1024)
#define LEVEL 9

/* The kernel is a path on this host, which libxl opens. */
static bool kernel_allowed(const char *path)
{
	return !strcmp(path, KERNEL_GUEST) || !strcmp(path, KERNEL_GRUB_PV) ||
	       !strcmp(path, KERNEL_GRUB_PVH);
}

void template_texts_free(struct template_texts *texts)
{
	free(texts->ini);
	free(texts->signature);
	*texts = (struct template_texts){ 0 };
}

static int read_texts(struct tar *tar, struct template_texts *texts,
		      struct pvn_err *err)
{
	int rc = tar_next(tar, err);

	if (rc < 0)
		return rc;
	if (!rc || strcmp(tar->member.name, INI))
		return pvn_err(
			err, -EBADMSG,
			"'%s' is no template: it doesn't begin with '%s'",
			tar->src->name, INI);
	rc = tar_read_text(tar, MAX_INI, &texts->ini, err);
	if (!rc)
		rc = tar_next(tar, err);
	if (rc <= 0 || strcmp(tar->member.name, SIGNATURE))
		return rc < 0 ? rc : 0;
	rc = tar_read_text(tar, MAX_SIGNATURE, &texts->signature, err);
	if (!rc)
		rc = tar_next(tar, err);
	return rc < 0 ? rc : 0;
}

int template_file_open(struct tar *tar, const char *dir, struct template *t,
		       struct template_texts *texts, struct pvn_err *err)
{
	autofree char *path = NULL;
	int rc = read_texts(tar, texts, err);

	if (rc)
		return rc;
	path = xasprintf("%s/%s", tar->src->name, INI);
	rc = template_parse(texts->ini, path, t, err);
	if (rc)
		return rc;
	free(t->dir);
	t->dir = xasprintf("%s/%s", dir, t->name);
	if (!*t->disk || !*t->sha256)
		rc = pvn_err(err, -EBADMSG, "no 'disk' or no 'sha256' in '%s'",
			     path);
	else if (!kernel_allowed(t->kernel))
		rc = pvn_err(
			err, PVN_REFUSED,
			"'%s' wants the kernel '%s': a template from elsewhere has its own, or one of %s, %s, %s",
			tar->src->name, t->kernel, KERNEL_GUEST, KERNEL_GRUB_PV,
			KERNEL_GRUB_PVH);
	if (rc)
		template_free(t);
	return rc;
}

struct hashed {
	struct tar *tar;
	struct sha256 sum;
};

static ssize_t read_hashed(void *arg, void *buf, size_t len,
			   struct pvn_err *err)
{
	struct hashed *h = arg;
	ssize_t n = tar_read(h->tar, buf, len, err);

	if (n > 0)
		sha256_add(&h->sum, buf, (size_t)n);
	return n;
}

static int copy_image(struct image_src *src, struct image_out *out,
		      struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, PIECE);
	ssize_t n;

	while ((n = image_src_read(src, buf, PIECE, err)) > 0) {
		int rc = image_out_add(out, buf, (size_t)n, err);

		if (!rc)
			rc = signals_check(err);
		if (rc)
			return rc;
	}
	return n < 0 ? (int)n : image_out_finish(out, err);
}

static int check_image(const struct tar *tar, const struct template *t,
		       const struct image_out *out, struct sha256 *sum,
		       struct pvn_err *err)
{
	char hex[65];

	sha256_end(sum, hex);
	if (strcmp(hex, t->sha256))
		return pvn_err(
			err, -EBADMSG,
			"'%s' is damaged: its image's SHA-256 is %s, not %s",
			tar->src->name, hex, t->sha256);
	if (out->at != t->disk_bytes)
		return pvn_err(
			err, -EBADMSG,
			"the image in '%s' holds %llu bytes, its template.ini says %llu",
			tar->src->name, (unsigned long long)out->at,
			(unsigned long long)t->disk_bytes);
	return 0;
}

int template_file_read_image(struct tar *tar, const struct template *t,
			     struct image_out *out, struct pvn_err *err)
{
	struct hashed h = { .tar = tar };
	struct image_reader reader = { .read = read_hashed, .arg = &h };
	auto_image_src struct image_src src = { 0 };
	int rc;

	if (tar->end || strcmp(tar->member.name, t->disk))
		return pvn_err(err, -EBADMSG,
			       "'%s' has no image '%s' behind its '%s'",
			       tar->src->name, t->disk, INI);
	sha256_init(&h.sum);
	rc = image_src_open(&src, tar->src->name, reader, err);
	if (!rc)
		rc = copy_image(&src, out, err);
	return rc ? rc : check_image(tar, t, out, &h.sum, err);
}

/* Compressed output: counted and hashed, and written unless 'out' is NULL. */
struct packed {
	struct export_out *out;
	struct sha256 sum;
	uint64_t bytes;
};

static int take_packed(struct packed *p, const void *data, size_t len,
		       struct pvn_err *err)
{
	sha256_add(&p->sum, data, len);
	p->bytes += len;
	return p->out ? export_write(p->out, data, len, err)
		      : signals_check(err);
}

static int compress_piece(ZSTD_CCtx *ctx, const void *data, size_t len,
			  bool last, struct packed *p, struct pvn_err *err)
{
	size_t room = ZSTD_CStreamOutSize();
	autofree char *buf = xcalloc(1, room);
	ZSTD_inBuffer in = { .src = data, .size = len };
	size_t left;
	int rc = 0;

	do {
		ZSTD_outBuffer out = { .dst = buf, .size = room };

		left = ZSTD_compressStream2(
			ctx, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return pvn_err(err, -EIO, "cannot compress: %s",
				       ZSTD_getErrorName(left));
		rc = take_packed(p, buf, out.pos, err);
	} while (!rc && (last ? left > 0 : in.pos < in.size));
	return rc;
}

static int compress_disk(ZSTD_CCtx *ctx, struct export_disk *disk,
			 struct packed *p, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, PIECE);
	autoclose int fd = -1;
	int rc = export_disk_open(disk, &fd, err);

	sha256_init(&p->sum);
	for (uint64_t at = 0; !rc && at < disk->bytes;) {
		uint64_t left = disk->bytes - at;
		size_t len = left < PIECE ? (size_t)left : PIECE;

		rc = export_read(disk, fd, buf, len, at, err);
		at += len;
		if (!rc)
			rc = compress_piece(ctx, buf, len, at == disk->bytes, p,
					    err);
	}
	return rc;
}

static int compress(struct export_disk *disk, struct packed *p,
		    struct pvn_err *err)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	int rc;

	if (!ctx)
		return pvn_err(err, -ENOMEM, "no memory to compress");
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL);
	rc = compress_disk(ctx, disk, p, err);
	ZSTD_freeCCtx(ctx);
	return rc;
}

static int put_member(struct export_out *out, const char *name,
		      const char *text, uint64_t size, struct pvn_err *err)
{
	unsigned char block[TAR_BLOCK];
	int rc;

	tar_header(block, name, size);
	rc = export_write(out, block, TAR_BLOCK, err);
	if (rc || !text)
		return rc;
	rc = export_write(out, text, size, err);
	memset(block, 0, TAR_BLOCK);
	return rc ? rc : export_write(out, block, -size % TAR_BLOCK, err);
}

/* The template.ini for an image @disk of that checksum. Caller frees. */
static char *ini_text(const struct template *t, const char *disk,
		      const char *hex)
{
	struct template copy = *t;
	autofree char *name = xstrdup(disk);
	autofree char *sum = xstrdup(hex);
	autofree char *nobody = xstrdup("");

	copy.disk = name;
	copy.sha256 = sum;
	copy.signed_by = nobody;
	return template_text(&copy);
}

/* What was signed, if that says the same of the same image: name, checksum and all. */
static bool read_signed(const struct template *t, const char *hex,
			struct template_texts *texts)
{
	autofree char *ini = template_signed_ini(t);
	autofree char *signature = template_signed_signature(t);
	autofree char *now = ini_text(t, t->disk, hex);
	autofree char *then = NULL;
	struct pvn_err ignored = { 0 };
	struct template kept;

	if (!file_exists(ini) || file_read(ini, &texts->ini, &ignored) ||
	    file_read(signature, &texts->signature, &ignored) ||
	    template_parse(texts->ini, ini, &kept, &ignored))
		return false;
	then = ini_text(&kept, kept.disk, kept.sha256);
	template_free(&kept);
	return !strcmp(now, then);
}

static int put_head(const struct template *t, const struct packed *image,
		    const char *hex, struct export_out *out,
		    struct pvn_err *err)
{
	struct template_texts texts = { 0 };
	const bool is_signed = read_signed(t, hex, &texts);
	autofree char *made = ini_text(t, IMAGE, hex);
	const char *text = is_signed ? texts.ini : made;
	int rc = put_member(out, INI, text, strlen(text), err);

	if (!rc && is_signed)
		rc = put_member(out, SIGNATURE, texts.signature,
				strlen(texts.signature), err);
	if (!rc)
		rc = put_member(out, is_signed ? t->disk : IMAGE, NULL,
				image->bytes, err);
	template_texts_free(&texts);
	return rc;
}

int template_file_write(const struct template *t, struct export_disk *disk,
			struct export_out *out, struct pvn_err *err)
{
	const char end[3 * TAR_BLOCK] = { 0 };
	struct packed first = { 0 };
	struct packed second = { .out = out };
	char hex[65], again[65];
	int rc = compress(disk, &first, err);

	if (rc)
		return rc;
	sha256_end(&first.sum, hex);
	rc = put_head(t, &first, hex, out, err);
	if (!rc)
		rc = compress(disk, &second, err);
	if (rc)
		return rc;
	sha256_end(&second.sum, again);
	if (strcmp(hex, again))
		return pvn_err(err, -EIO, "'%s' changed while it was written",
			       disk->path);
	return export_write(out, end,
			    (size_t)(-second.bytes % TAR_BLOCK) + 2 * TAR_BLOCK,
			    err);
}
