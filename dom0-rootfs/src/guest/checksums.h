/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checksums.h: what XVA files carry: SHA-1 (FIPS 180-4) and XXH64. Neither guards against
 * an attacker, only against a bad copy. */
#ifndef PVN_CHECKSUMS_H
#define PVN_CHECKSUMS_H

#include <stddef.h>

/* As lowercase hex digits and a NUL. */
void sha1_hex(const void *data, size_t len, char hex[41]);
void xxh64_hex(const void *data, size_t len, char hex[17]);

#endif
