/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpt_header.c: the headers of a GPT as they are on a disk, whatever their checksums say. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "file.h"
#include "gpt_header.h"

int gpt_header_read(int fd, const char *path, uint64_t at, uint64_t size,
		    struct gpt_header *h, struct pvn_err *err)
{
	uint8_t raw[92];
	int rc;

	*h = (struct gpt_header){ 0 };
	if (size < sizeof(raw) || at > size - sizeof(raw))
		return 0;
	rc = read_at(fd, raw, sizeof(raw), (off_t)at, path, err);
	if (rc || memcmp(raw, "EFI PART", 8))
		return rc;
	h->found = true;
	h->other = le64(raw + 32);
	h->entries = le64(raw + 72);
	h->n = le32(raw + 80);
	h->step = le32(raw + 84);
	return 0;
}

static bool is_too_large(const struct gpt_header *h)
{
	return h->found && (uint64_t)h->n * h->step > GPT_ENTRIES_ROOM;
}

int gpt_check_size(int fd, const char *path, unsigned int sector_size,
		   struct pvn_err *err)
{
	off_t end = lseek(fd, 0, SEEK_END);
	uint64_t size = end > 0 ? (uint64_t)end : 0;
	uint64_t sectors = size / sector_size;
	uint64_t places[] = { 1, sectors - 1, 0 };
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(places) / sizeof(*places); i++) {
		struct gpt_header h;

		if (!places[i] || places[i] >= sectors)
			continue;
		rc = gpt_header_read(fd, path, places[i] * sector_size, size,
				     &h, err);
		if (!rc && is_too_large(&h))
			rc = pvn_err(
				err, -EINVAL,
				"the GPT of '%s' has room for %u partitions, expected at most %d",
				path, h.n, GPT_ENTRIES_MAX);
		if (!i && h.found)
			places[2] = h.other;
	}
	return rc;
}
