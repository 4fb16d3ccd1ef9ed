/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpt_header.h: the headers of a GPT as they are on a disk, whatever their checksums say. */
#ifndef PVN_GPT_HEADER_H
#define PVN_GPT_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* More than anybody has; 128 are usual. */
#define GPT_ENTRIES_MAX 1024
#define GPT_ENTRIES_ROOM (GPT_ENTRIES_MAX * 4096)

struct gpt_header {
	bool found;
	uint64_t other; /* sector of the other copy's header */
	uint64_t entries; /* sector of the first entry */
	uint32_t n; /* entries, each of @step bytes */
	uint32_t step;
};

/* The one at the byte @at of a disk of @size bytes; nothing there that looks like one: h->found is false. */
int gpt_header_read(int fd, const char *path, uint64_t at, uint64_t size,
		    struct gpt_header *h, struct pvn_err *err);

/* May libfdisk and libblkid read the partition table? They take as much memory as its headers say that there are
 * entries, and a dom0 has little. 0 when there is no GPT. */
int gpt_check_size(int fd, const char *path, unsigned int sector_size,
		   struct pvn_err *err);

#endif
