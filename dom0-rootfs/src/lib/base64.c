/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64.c: base64, RFC 4648 with padding, without line breaks. */
#include <string.h>
#include "base64.h"
#include "mem.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
	const uint8_t *in = data;
	char *text = xcalloc((len + 2) / 3 * 4 + 1, 1);
	char *out = text;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[v & 63] : '=';
	}
	return text;
}

int64_t base64_decode(const char *text, size_t chars, uint8_t *data)
{
	uint32_t bits = 0, acc = 0;
	int64_t n = 0;

	for (size_t i = 0; i < chars && text[i] && text[i] != '='; i++) {
		const char *digit = strchr(digits, text[i]);

		if (!digit)
			return -1;
		acc = (acc << 6 | (uint32_t)(digit - digits)) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			data[n++] = (uint8_t)(acc >> bits);
		}
	}
	return n;
}
