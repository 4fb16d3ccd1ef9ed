/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_src.c: a stream of bytes, decompressed if it is gzip, xz or zstd. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "../lib/mem.h"
#include "image_codec.h"
#include "image_src.h"
#include "signals.h"

#define IN_SIZE (128 * 1024)

/* read() would be taken up again after Ctrl-C; poll() is not. */
static ssize_t read_fd(void *arg, void *buf, size_t len, struct pvn_err *err)
{
	const struct image_src *src = arg;
	struct pollfd p = { .fd = src->fd, .events = POLLIN };
	ssize_t n;

	do {
		int rc = signals_check(err);

		if (rc)
			return rc;
	} while (poll(&p, 1, -1) < 0 && errno == EINTR);
	n = read(src->fd, buf, len);
	if (n < 0)
		return pvn_err_errno(err, errno, "cannot read '%s'", src->name);
	return n;
}

static int fill_more(struct image_src *src, struct pvn_err *err)
{
	ssize_t n = src->reader.read(src->reader.arg, src->in + src->in_len,
				     IN_SIZE - src->in_len, err);

	if (n < 0)
		return (int)n;
	src->in_len += (size_t)n;
	src->in_end = !n;
	src->taken += (uint64_t)n;
	if (n && src->progress)
		src->progress(src->taken);
	return 0;
}

/* Have something in 'in', unless it is the end. */
static int fill(struct image_src *src, struct pvn_err *err)
{
	if (src->in_pos < src->in_len || src->in_end)
		return 0;
	src->in_pos = src->in_len = 0;
	return fill_more(src, err);
}

/* The magic numbers are at most 6 bytes; a pipe may give fewer at first. */
static int fill_magic(struct image_src *src, struct pvn_err *err)
{
	int rc = 0;

	while (!rc && src->in_len < 6 && !src->in_end)
		rc = fill_more(src, err);
	return rc;
}

static int start(struct image_src *src, struct pvn_err *err)
{
	int rc;

	src->in = xcalloc(1, IN_SIZE);
	rc = fill_magic(src, err);
	if (rc)
		return rc;
	src->codec = image_codec_find(src->in, src->in_len);
	if (src->codec) {
		src->state = src->codec->open();
		if (!src->state)
			return pvn_err(err, -ENOMEM,
				       "no memory to decompress '%s'",
				       src->name);
	}
	return 0;
}

int image_src_open(struct image_src *src, const char *name,
		   struct image_reader reader, struct pvn_err *err)
{
	*src = (struct image_src){ .name = name, .reader = reader, .fd = -1 };
	return start(src, err);
}

int image_src_open_fd(struct image_src *src, const char *name, int fd,
		      struct pvn_err *err)
{
	*src = (struct image_src){ .name = name,
				   .reader = { .read = read_fd, .arg = src },
				   .fd = fd };
	return start(src, err);
}

void image_src_close(struct image_src *src)
{
	if (src->state)
		src->codec->close(src->state);
	free(src->in);
	free(src->peek);
	*src = (struct image_src){ 0 };
}

const char *image_src_codec(const struct image_src *src)
{
	return src->codec ? src->codec->name : "";
}

static ssize_t copy_plain(struct image_src *src, void *buf, size_t len)
{
	size_t n = src->in_len - src->in_pos;

	if (n > len)
		n = len;
	memcpy(buf, src->in + src->in_pos, n);
	src->in_pos += n;
	return (ssize_t)n;
}

/* One step of decoding: may give nothing although there is more. */
static ssize_t decode(struct image_src *src, void *buf, size_t len, bool *end,
		      struct pvn_err *err)
{
	struct image_codec_step step = { .out = buf, .out_len = len };
	int rc = fill(src, err);

	if (rc)
		return rc;
	*end = src->in_end && src->in_pos == src->in_len;
	if (!src->codec)
		return copy_plain(src, buf, len);
	step.in = src->in + src->in_pos;
	step.in_len = src->in_len - src->in_pos;
	step.in_end = src->in_end;
	rc = src->codec->step(src->state, &step, src->name, err);
	if (rc)
		return rc;
	src->in_pos += step.in_used;
	*end = *end && !step.out_used;
	if (*end && !step.complete)
		return pvn_err(err, -EBADMSG, "'%s' ends too early", src->name);
	return (ssize_t)step.out_used;
}

static ssize_t read_decoded(struct image_src *src, void *buf, size_t len,
			    struct pvn_err *err)
{
	size_t done = 0;
	bool end = false;

	while (done < len && !end) {
		ssize_t n =
			decode(src, (char *)buf + done, len - done, &end, err);

		if (n < 0)
			return n;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int image_src_peek(struct image_src *src, const unsigned char **data_r,
		   size_t *len_r, struct pvn_err *err)
{
	if (!src->peek) {
		ssize_t n;

		src->peek = xcalloc(1, IMAGE_PEEK);
		n = read_decoded(src, src->peek, IMAGE_PEEK, err);
		if (n < 0)
			return (int)n;
		src->peek_len = (size_t)n;
	}
	*data_r = src->peek;
	*len_r = src->peek_len;
	return 0;
}

ssize_t image_src_read(struct image_src *src, void *buf, size_t len,
		       struct pvn_err *err)
{
	size_t held = src->peek_len - src->peek_pos;
	ssize_t n;

	if (held > len)
		held = len;
	if (held) {
		memcpy(buf, src->peek + src->peek_pos, held);
		src->peek_pos += held;
	}
	n = read_decoded(src, (char *)buf + held, len - held, err);
	return n < 0 ? n : n + (ssize_t)held;
}
