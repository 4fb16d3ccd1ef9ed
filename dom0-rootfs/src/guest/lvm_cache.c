/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lvm_cache.c: what LVM said of a VG, as long as it has not changed it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/run.h"
#include "host.h"
#include "lvm_cache.h"

/* The format is in LVM2's lib/format_text/layout.h: the first area begins 4 KiB into a
 * PV; 4 bytes of checksum, the magic, version (4), start (8) and size (8) of the area,
 * then the place of the text: offset (8), size (8), checksum (4), flags (4). */
#define AREA_OFFSET 4096
#define HEADER_BYTES 512
#define MAGIC "\x20LVM2\x20x[5A%r0N*>"
#define MAGIC_AT 4
#define TEXT_AT 40
#define FLAG_IGNORED 1

/* The first line says of which VG and with which stamp the rest is. */
#define CACHE PATH_RUN "/volumes"

static uint64_t get(const unsigned char *at, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

bool lvm_header_parse(const unsigned char *header, struct lvm_stamp *stamp)
{
	const unsigned char *text = header + TEXT_AT;

	if (memcmp(header + MAGIC_AT, MAGIC, strlen(MAGIC)))
		return false;
	stamp->offset = get(text, 8);
	stamp->size = get(text + 8, 8);
	stamp->checksum = (uint32_t)get(text + 16, 4);
	return stamp->size && !(get(text + 20, 4) & FLAG_IGNORED);
}

static void read_header(struct lvm_stamp *stamp)
{
	autoclose int fd = open(stamp->device, O_RDONLY | O_CLOEXEC);
	unsigned char header[HEADER_BYTES];

	stamp->valid = fd >= 0 &&
		       pread(fd, header, sizeof(header), AREA_OFFSET) ==
			       (ssize_t)sizeof(header) &&
		       lvm_header_parse(header, stamp);
}

/* "VG DEVICE OFFSET SIZE CHECKSUM". Returns the text behind it, or NULL. */
static char *parse_cache(char *cache, const char *vg, struct lvm_stamp *stamp)
{
	char name[128];
	char *end = strchr(cache, '\n');

	if (!end ||
	    sscanf(cache, "%127s %63s %" SCNu64 " %" SCNu64 " %" SCNx32, name,
		   stamp->device, &stamp->offset, &stamp->size,
		   &stamp->checksum) != 5 ||
	    strcmp(name, vg))
		return NULL;
	return end + 1;
}

void lvm_stamp(const char *vg, struct lvm_stamp *stamp)
{
	autofree char *cache = NULL;
	struct pvn_err ignored = { 0 };

	*stamp = (struct lvm_stamp){ 0 };
	if (!file_exists(CACHE) || file_read(CACHE, &cache, &ignored) ||
	    !parse_cache(cache, vg, stamp)) {
		stamp->device[0] = '\0';
		return;
	}
	read_header(stamp);
}

char *lvm_cached(const char *vg, const struct lvm_stamp *stamp)
{
	autofree char *cache = NULL;
	struct lvm_stamp kept = { 0 };
	struct pvn_err ignored = { 0 };
	const char *text;

	if (!stamp->valid || file_read(CACHE, &cache, &ignored))
		return NULL;
	text = parse_cache(cache, vg, &kept);
	if (!text || kept.offset != stamp->offset || kept.size != stamp->size ||
	    kept.checksum != stamp->checksum)
		return NULL;
	return xstrdup(text);
}

static void find_device(const char *vg, struct lvm_stamp *stamp)
{
	autofree char *text = NULL;
	struct pvn_err ignored = { 0 };

	stamp->device[0] = '\0';
	if (!pvn_run_output(PVN_ARGV("lvm", "vgs", "--noheadings", "-o",
				     "pv_name", vg),
			    &text, &ignored) &&
	    sscanf(text, "%63s", stamp->device) != 1)
		stamp->device[0] = '\0';
}

static bool same(const struct lvm_stamp *a, const struct lvm_stamp *b)
{
	return a->valid && b->valid && a->offset == b->offset &&
	       a->size == b->size && a->checksum == b->checksum;
}

void lvm_cache(const char *vg, const struct lvm_stamp *before, const char *text)
{
	autofree char *cache = NULL;
	struct lvm_stamp now = *before;
	struct pvn_err ignored = { 0 };

	/* Where it is not known, the first text is kept with a stamp that is not
	 * valid, so that only the device is. */
	if (!now.valid)
		find_device(vg, &now);
	if (!now.device[0])
		return;
	read_header(&now);
	if (!now.valid || mkdir_p(PATH_RUN, 0755, &ignored))
		return;
	if (!same(before, &now))
		now.checksum = now.size = now.offset = 0;
	cache = xasprintf("%s %s %" PRIu64 " %" PRIu64 " %" PRIx32 "\n%s", vg,
			  now.device, now.offset, now.size, now.checksum, text);
	file_write(CACHE, cache, 0600, &ignored);
}
