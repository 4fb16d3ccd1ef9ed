/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sha256.h: SHA-256 (FIPS 180-4). */
#ifndef PVN_SHA256_H
#define PVN_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* The hash as 64 lowercase hex digits and a NUL. */
void sha256_end(struct sha256 *s, char hex[65]);

#endif
