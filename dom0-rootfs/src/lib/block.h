/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block.h: the kernel's names of block devices. */
#ifndef PVN_BLOCK_H
#define PVN_BLOCK_H

#include <stdbool.h>

/* Is @name, of /sys/block, a disk or an optical drive? Not what is made of others or of
 * memory, and no part of an eMMC chip but the one that holds data. */
bool block_is_disk(const char *name);

#endif
