/* SPDX-License-Identifier: GPL-2.0-or-later */
/* size.h: sizes as people write them. */
#ifndef PVN_SIZE_H
#define PVN_SIZE_H

#include <stdint.h>
#include "err.h"

#define MIB (1024ULL * 1024)
#define GIB (1024ULL * MIB)

/* Parse "512M", "4G", "1T", "64K" or plain bytes; suffixes are powers of 1024,
 * "MiB" and "MB" mean the same as "M". No sign, no fraction, no blank.
 * Returns 0, -EINVAL (not a size) or -ERANGE (over 2^63-1). */
int size_parse(const char *text, uint64_t *bytes_r, struct pvn_err *err);

/* "4.0G", "512M", "12K": at most three digits. @buf has at least 16 bytes.
 * Returns @buf. */
char *size_print(uint64_t bytes, char *buf);

#endif
