/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iso.c: what an ISO image says of itself: ECMA-119, 8.4. */
#include <string.h>

#include "iso.h"

#define NAME_AT 40
#define BLOCKS_AT 80 /* 4 bytes, little-endian; then again, big-endian */

bool iso_parse(const unsigned char descriptor[ISO_BLOCK],
	       struct iso_volume *volume)
{
	uint32_t blocks = 0;
	size_t len = ISO_NAME_LEN;

	/* type 1, the standard's identifier, version 1 */
	if (memcmp(descriptor, "\1CD001\1", 7))
		return false;
	for (int i = 3; i >= 0; i--)
		blocks = blocks << 8 | descriptor[BLOCKS_AT + i];
	volume->bytes = (uint64_t)blocks * ISO_BLOCK;
	while (len && descriptor[NAME_AT + len - 1] == ' ')
		len--;
	memcpy(volume->name, descriptor + NAME_AT, len);
	volume->name[len] = '\0';
	return true;
}
