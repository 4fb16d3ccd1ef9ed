/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slot_write.c: a release goes into a slot. Its first 64 KiB, without which neither GRUB nor
 * firmware finds anything in the slot, are kept in memory until the signature holds for the rest
 * as the disk gives it back. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/run.h"
#include "../lib/size.h"
#include "progress.h"
#include "signals.h"
#include "slot_write.h"

#define CHUNK WRITE_BEHIND_PART
/* A signature of minisign: comment, signature, trusted comment, signature of both. */
#define SIGNATURE_BEGIN "untrusted comment:"
#define SIGNATURE_LINES 4
#define SIGNATURE_MAX ((size_t)2048)

/* Fill @buf; fewer bytes only at the end. */
static ssize_t read_full(const struct slot_writer *w, void *buf, size_t len,
			 struct pvn_err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(w->in, (char *)buf + done, len - done);

		int rc = signals_check(err);

		if (rc)
			return rc;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pvn_err_errno(err, errno, "cannot read '%s'",
					     w->name);
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* What stands before the ISO, if that is a signature; what was read too much of it begins
 * the ISO. Returns how many bytes of w->head are filled, or a negative errno. */
static ssize_t read_signature(struct slot_writer *w, struct pvn_err *err)
{
	char *text = (char *)w->head;
	size_t len = 0;
	ssize_t n = read_full(w, text, SIGNATURE_MAX, err);
	int lines = 0;

	if (n < 0 || strncmp(text, SIGNATURE_BEGIN, strlen(SIGNATURE_BEGIN)))
		return n;
	while (lines < SIGNATURE_LINES && len < (size_t)n)
		lines += text[len++] == '\n';
	if (lines < SIGNATURE_LINES)
		return pvn_err(err, -EINVAL,
			       "'%s' begins with a signature that has no end",
			       w->name);
	w->leading = xasprintf("%.*s", (int)len, text);
	memmove(text, text + len, (size_t)n - len);
	return n - (ssize_t)len;
}

int slot_writer_open(struct slot_writer *w, struct pvn_err *err)
{
	char have[16], room[16];
	ssize_t begun, n;
	int rc;

	w->head = xcalloc(1, SLOT_HEAD_BYTES);
	begun = read_signature(w, err);
	n = begun < 0 ? begun
		      : read_full(w, w->head + begun,
				  SLOT_HEAD_BYTES - (size_t)begun, err);
	if (n < 0)
		return (int)n;
	if ((size_t)(begun + n) < SLOT_HEAD_BYTES)
		return pvn_err(err, -EINVAL, "'%s' is no ISO image", w->name);
	rc = slot_head_parse(w->head, &w->version, &w->bytes, err);
	if (rc)
		return pvn_err_wrap(err, "'%s'", w->name);
	if (w->bytes <= SLOT_HEAD_BYTES || w->bytes > w->slot->size)
		return pvn_err(err, -EFBIG,
			       "'%s' has %s, and slot %c has room for %s",
			       w->name, size_print(w->bytes, have),
			       w->slot->name, size_print(w->slot->size, room));
	return 0;
}

/* Written, and no longer in memory: what is read then comes from the disk. */
static int flush_to(int fd, const char *device, struct pvn_err *err)
{
	if (fsync(fd) || ioctl(fd, BLKFLSBUF))
		return pvn_err_errno(err, errno, "cannot write '%s'", device);
	return 0;
}

static int flush(const struct slot_writer *w, struct pvn_err *err)
{
	return flush_to(w->fd, w->slot->device, err);
}

static int write_head_to(int fd, const char *device, const void *head,
			 struct pvn_err *err)
{
	autofree unsigned char *back = xcalloc(1, SLOT_HEAD_BYTES);
	int rc = write_at(fd, head, SLOT_HEAD_BYTES, 0, device, err);

	if (!rc)
		rc = flush_to(fd, device, err);
	if (!rc)
		rc = read_at(fd, back, SLOT_HEAD_BYTES, 0, device, err);
	if (!rc && memcmp(back, head, SLOT_HEAD_BYTES))
		rc = pvn_err(err, -EIO, "'%s' does not hold what was written",
			     device);
	return rc;
}

static int write_head(struct slot_writer *w, const void *head,
		      struct pvn_err *err)
{
	return write_head_to(w->fd, w->slot->device, head, err);
}

static int open_slot(struct slot_writer *w, struct pvn_err *err)
{
	w->fd = open(w->slot->device, O_RDWR | O_EXCL | O_CLOEXEC);
	if (w->fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'",
				     w->slot->device);
	w->touched = true;
	return 0;
}

int slot_writer_erase(struct slot_writer *w, struct pvn_err *err)
{
	autofree unsigned char *zeroes = xcalloc(1, SLOT_HEAD_BYTES);
	int rc = 0;

	if (!w->touched)
		return 0;
	if (w->fd < 0)
		rc = open_slot(w, err);
	return rc ? rc : write_head(w, zeroes, err);
}

/* More than the ISO says of itself is not its. */
static int expect_end(const struct slot_writer *w, struct pvn_err *err)
{
	char more;
	ssize_t n = read_full(w, &more, 1, err);

	if (n > 0)
		return pvn_err(err, -EINVAL, "'%s' goes on after the ISO's end",
			       w->name);
	return (int)n;
}

int slot_writer_copy(struct slot_writer *w, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, CHUNK);
	int rc = open_slot(w, err);

	if (!rc)
		rc = slot_writer_erase(w, err);
	for (uint64_t at = SLOT_HEAD_BYTES; !rc && at < w->bytes;) {
		uint64_t left = w->bytes - at;
		size_t len = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t n = read_full(w, buf, len, err);

		if (n >= 0 && (size_t)n < len)
			n = pvn_err(err, -EBADMSG,
				    "'%s' ends too early: it is cut off",
				    w->name);
		rc = n < 0 ? (int)n
			   : write_behind_at(w->fd, buf, len, (off_t)at,
					     w->slot->device, err);
		at += len;
		progress_bytes(at);
	}
	if (!rc)
		rc = expect_end(w, err);
	return rc ? rc : flush(w, err);
}

/* The release as it will be: its start from memory, the rest from the disk. */
struct reader {
	const struct slot_writer *w;
	uint64_t at;
	char *buf;
};

static ssize_t next_chunk(void *arg, const char **data_r, struct pvn_err *err)
{
	struct reader *r = arg;
	uint64_t left = r->w->bytes - r->at;
	size_t len = left < CHUNK ? (size_t)left : CHUNK;
	int rc;

	if (!r->at) {
		r->at = SLOT_HEAD_BYTES;
		*data_r = (const char *)r->w->head;
		return SLOT_HEAD_BYTES;
	}
	if (!left)
		return 0;
	rc = read_at(r->w->fd, r->buf, len, (off_t)r->at, r->w->slot->device,
		     err);
	if (rc)
		return rc;
	r->at += len;
	*data_r = r->buf;
	return (ssize_t)len;
}

/* -H: signatures of the old kind, which are not over a hash, are no longer made */
static int verify(const struct slot_writer *w, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, CHUNK);
	struct reader reader = { w, 0, buf };
	const struct pvn_feed feed = { next_chunk, &reader };

	if (!pvn_run_feed(PVN_ARGV("minisign", "-V", "-q", "-H", "-p", w->key,
				   "-m", "/dev/stdin", "-x", w->signature),
			  &feed, err))
		return 0;
	err->code = PVN_REFUSED;
	return pvn_err_wrap(err, "the signature of '%s' is not good", w->name);
}

int slot_writer_finish(struct slot_writer *w, struct pvn_err *err)
{
	int rc = verify(w, err);

	if (!rc)
		rc = write_head(w, w->head, err);
	if (!rc) {
		close(w->fd);
		w->fd = -1;
	}
	return rc;
}

void slot_writer_close(struct slot_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->head);
	free(w->leading);
	free(w->version);
	w->fd = -1;
	w->head = NULL;
	w->leading = w->version = NULL;
}

static size_t chunk_at(uint64_t at, uint64_t end)
{
	return end - at < CHUNK ? (size_t)(end - at) : CHUNK;
}

/* All but the start. */
static int copy_rest(int from, int to, const struct slot *slot,
		     const char *device, uint64_t bytes, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, CHUNK);
	autofree char *back = xcalloc(1, CHUNK);
	int rc = 0;

	for (uint64_t at = SLOT_HEAD_BYTES; !rc && at < bytes; at += CHUNK) {
		size_t len = chunk_at(at, bytes);

		rc = read_at(from, buf, len, (off_t)at, slot->device, err);
		if (!rc)
			rc = write_behind_at(to, buf, len, (off_t)at, device,
					     err);
		if (!rc)
			rc = signals_check(err);
	}
	if (!rc)
		rc = flush_to(to, device, err);
	for (uint64_t at = SLOT_HEAD_BYTES; !rc && at < bytes; at += CHUNK) {
		size_t len = chunk_at(at, bytes);

		rc = read_at(from, buf, len, (off_t)at, slot->device, err);
		if (!rc)
			rc = read_at(to, back, len, (off_t)at, device, err);
		if (!rc && memcmp(buf, back, len))
			rc = pvn_err(err, -EIO,
				     "'%s' does not hold what was written",
				     device);
	}
	return rc;
}

/* Without @bytes it is left empty. */
static int write_copy(const char *device, const struct slot *slot,
		      uint64_t bytes, struct pvn_err *err)
{
	autofree unsigned char *head = xcalloc(1, SLOT_HEAD_BYTES);
	autoclose int to = open(device, O_RDWR | O_EXCL | O_CLOEXEC);
	autoclose int from = -1;
	int rc;

	if (to < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", device);
	rc = write_head_to(to, device, head, err);
	if (rc || !bytes)
		return rc;
	from = open(slot->device, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'",
				     slot->device);
	rc = copy_rest(from, to, slot, device, bytes, err);
	if (!rc)
		rc = read_at(from, head, SLOT_HEAD_BYTES, 0, slot->device, err);
	return rc ? rc : write_head_to(to, device, head, err);
}

int slot_copy_release(const struct slot *slot, uint64_t bytes,
		      struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < slot->copies.n; i++)
		rc = write_copy(slot->copies.v[i], slot, bytes, err);
	return rc;
}

int slot_erase_copies(const struct slot *slot, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < slot->copies.n; i++) {
		int r = write_copy(slot->copies.v[i], slot, 0, err);

		rc = rc ? rc : r;
	}
	return rc;
}
