/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checksums.c: SHA-1 and XXH64. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "../lib/bytes.h"
#include "checksums.h"

static uint32_t rol32(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void sha1_block(uint32_t h[5], const unsigned char *p)
{
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	uint32_t w[80];

	for (int i = 0; i < 16; i++)
		w[i] = be32(p + 4 * i);
	for (int i = 16; i < 80; i++)
		w[i] = rol32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f, k, t;

		if (i < 20)
			f = (b & c) | (~b & d), k = 0x5a827999;
		else if (i < 40)
			f = b ^ c ^ d, k = 0x6ed9eba1;
		else if (i < 60)
			f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
		else
			f = b ^ c ^ d, k = 0xca62c1d6;
		t = rol32(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rol32(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sha1_hex(const void *data, size_t len, char hex[41])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
			  0xc3d2e1f0 };
	const unsigned char *p = data;
	unsigned char last[128] = { 0 };
	size_t left = len % 64;
	size_t size = left < 56 ? 64 : 128;

	for (size_t i = 0; i < len / 64; i++)
		sha1_block(h, p + 64 * i);
	memcpy(last, p + len - left, left);
	last[left] = 0x80;
	put_be64(last + size - 8, (uint64_t)len * 8);
	for (size_t i = 0; i < size; i += 64)
		sha1_block(h, last + i);
	for (int i = 0; i < 5; i++)
		snprintf(hex + 8 * i, 9, "%08x", h[i]);
}

#define P1 0x9e3779b185ebca87ULL
#define P2 0xc2b2ae3d27d4eb4fULL
#define P3 0x165667b19e3779f9ULL
#define P4 0x85ebca77c2b2ae63ULL
#define P5 0x27d4eb2f165667c5ULL

static uint64_t rol64(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static uint64_t xxh_round(uint64_t acc, uint64_t in)
{
	return rol64(acc + in * P2, 31) * P1;
}

static uint64_t xxh_merge(uint64_t h, uint64_t acc)
{
	return (h ^ xxh_round(0, acc)) * P1 + P4;
}

/* The stripes of 32 bytes; returns what they give. */
static uint64_t xxh_stripes(const unsigned char **p, const unsigned char *end)
{
	uint64_t a = P1 + P2, b = P2, c = 0, d = -P1;
	uint64_t h;

	for (; *p + 32 <= end; *p += 32) {
		a = xxh_round(a, le64(*p));
		b = xxh_round(b, le64(*p + 8));
		c = xxh_round(c, le64(*p + 16));
		d = xxh_round(d, le64(*p + 24));
	}
	h = rol64(a, 1) + rol64(b, 7) + rol64(c, 12) + rol64(d, 18);
	h = xxh_merge(h, a);
	h = xxh_merge(h, b);
	h = xxh_merge(h, c);
	return xxh_merge(h, d);
}

void xxh64_hex(const void *data, size_t len, char hex[17])
{
	const unsigned char *p = data;
	const unsigned char *end = p + len;
	uint64_t h = len >= 32 ? xxh_stripes(&p, end) : P5;

	h += len;
	for (; p + 8 <= end; p += 8)
		h = rol64(h ^ xxh_round(0, le64(p)), 27) * P1 + P4;
	if (p + 4 <= end) {
		h = rol64(h ^ le32(p) * P1, 23) * P2 + P3;
		p += 4;
	}
	for (; p < end; p++)
		h = rol64(h ^ *p * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	snprintf(hex, 17, "%016llx", (unsigned long long)(h ^ h >> 32));
}
