/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iso.h: what an ISO image says of itself (ECMA-119). */
#ifndef PVN_ISO_H
#define PVN_ISO_H

#include <stdbool.h>
#include <stdint.h>

/* Where its primary volume descriptor is, and how long that is. */
#define ISO_DESCRIPTOR_AT 32768
#define ISO_BLOCK 2048
#define ISO_NAME_LEN 32

struct iso_volume {
	uint64_t bytes;
	char name[ISO_NAME_LEN + 1]; /* without the blanks at its end */
};

/* Returns false for what is no such descriptor. */
bool iso_parse(const unsigned char descriptor[ISO_BLOCK],
	       struct iso_volume *volume);

#endif
