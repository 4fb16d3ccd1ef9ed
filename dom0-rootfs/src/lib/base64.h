/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64.h: base64, RFC 4648 with padding, without line breaks. */
#ifndef PVN_BASE64_H
#define PVN_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Caller frees. */
char *base64_encode(const void *data, size_t len);

/* The bytes that the first @chars characters of @text stand for, as far as they are whole; -1 when one
 * of them is no base64. '=' ends it. @data has room for @chars * 3 / 4 bytes. Returns how many
 * bytes there are. */
int64_t base64_decode(const char *text, size_t chars, uint8_t *data);

#endif
