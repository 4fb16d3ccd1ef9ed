/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed_fat.h: a small FAT filesystem with a few files, made in memory. */
#ifndef PVN_SEED_FAT_H
#define PVN_SEED_FAT_H

#include <stddef.h>
#include "../lib/err.h"

struct fat_file {
	const char *name; /* without a dot, 26 characters at most */
	const char *text;
};

/* The filesystem of a volume of @size bytes, whose sectors have @sector bytes, labelled
 * CIDATA. *image_r (on the heap) is its beginning, *used_r bytes; behind it the volume
 * must read as zeroes, or may hold anything that no file has. -ENOSPC: the files are
 * too large. */
int seed_fat_make(size_t size, size_t sector, const struct fat_file *files,
		  size_t n, char **image_r, size_t *used_r,
		  struct pvn_err *err);

#endif
