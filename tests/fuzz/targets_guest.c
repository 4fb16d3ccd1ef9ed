/* SPDX-License-Identifier: GPL-2.0-or-later */
/* targets_guest.c: what 'guest import' and 'template import' read. */
#include <string.h>

#include "image_detect.h"
#include "mem.h"
#include "tar.h"
#include "targets.h"
#include "template.h"
#include "xva.h"

#define MEMBERS_MAX 64
#define MEMBER_MAX (1024 * 1024)

struct input {
	const uint8_t *data;
	size_t left;
};

static ssize_t read_input(void *arg, void *buf, size_t len, struct pvn_err *err)
{
	struct input *in = arg;
	size_t n = len < in->left ? len : in->left;

	(void)err;
	memcpy(buf, in->data, n);
	in->data += n;
	in->left -= n;
	return (ssize_t)n;
}

/* A fuzzer does not find checksums. */
static void mend_tar(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		uint8_t *block = data + at;
		unsigned int sum = 0;

		if (memcmp(block + 257, "ustar", 5))
			continue;
		memset(block + 148, ' ', 8);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += block[i];
		snprintf((char *)block + 148, 8, "%06o", sum);
	}
}

/* Not all of a bomb: nobody waits for that. */
static void read_members(struct image_src *src)
{
	auto_tar struct tar tar;
	struct pvn_err err;
	char buf[4096];

	tar_open(&tar, src);
	for (int i = 0; i < MEMBERS_MAX && tar_next(&tar, &err) > 0; i++) {
		const char *name = tar.member.name;

		must(*name != '/' && strncmp(name, "./", 2) != 0);
		for (size_t n = 0; n < MEMBER_MAX; n += sizeof(buf)) {
			ssize_t r = tar_read(&tar, buf, sizeof(buf), &err);

			must(r <= (ssize_t)sizeof(buf));
			if (r <= 0)
				break;
		}
	}
}

/* Its codec, its format, and a root filesystem's members. */
void fuzz_image(const uint8_t *data, size_t size)
{
	autofree uint8_t *copy = xcalloc(1, size);
	struct input in = { copy, size };
	const struct image_reader reader = { .read = read_input, .arg = &in };
	struct image_info info = { 0 };
	const unsigned char *peek;
	struct image_src src;
	struct pvn_err err;
	size_t len;

	if (size)
		memcpy(copy, data, size);
	mend_tar(copy, size);
	if (!image_src_open(&src, "image", reader, &err) &&
	    !image_src_peek(&src, &peek, &len, &err)) {
		must(len <= IMAGE_PEEK);
		if (!image_detect(peek, len, "image", false, &info, &err))
			must(image_format_name(info.format) != NULL);
		read_members(&src);
	}
	image_src_close(&src);
}

/* What one from elsewhere says must not lead out of its folder, and is read as it was printed. */
void fuzz_template(const uint8_t *data, size_t size)
{
	autofree char *text = fuzz_text(data, size);
	autofree char *printed = NULL;
	struct template t = { 0 };
	struct template again = { 0 };
	struct pvn_err err;

	if (!template_parse(text, "x/template.ini", &t, &err)) {
		must(!strchr(t.name, '/') && *t.name != '.');
		must(!strchr(t.disk, '/'));
		printed = template_text(&t);
		must(!template_parse(printed, "x/template.ini", &again, &err));
	}
	template_free(&again);
	template_free(&t);
}

void fuzz_xva(const uint8_t *data, size_t size)
{
	autofree char *text = fuzz_text(data, size);
	struct xva xva = { 0 };
	struct pvn_err err;

	if (!xva_parse(&xva, text, "x.xva", &err)) {
		must(xva.n && xva.n <= XVA_MAX_DISKS);
		for (size_t i = 0; i < xva.n; i++)
			must(xva.disks[i].bytes > 0);
	}
	xva_close(&xva);
}
