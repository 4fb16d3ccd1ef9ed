/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_detect.h: which format an image has, by its first bytes, and whether it is one
 * that we take. */
#ifndef PVN_IMAGE_DETECT_H
#define PVN_IMAGE_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/err.h"

enum image_format {
	IMAGE_RAW,
	IMAGE_QCOW2,
	IMAGE_VHD,
	IMAGE_VHDX,
	IMAGE_VMDK,
	IMAGE_XVA,
	IMAGE_TAR, /* a root filesystem */
	IMAGE_TEMPLATE, /* what 'template export' writes */
};

struct image_info {
	enum image_format format;
	uint64_t size; /* of the disk in it, in bytes; 0: not known yet */
	uint64_t least; /* bytes that its partition table or filesystem speaks of */
	bool boots; /* it has a partition table: its kernel is its own */
};

/* "raw", "qcow2" ... */
const char *image_format_name(enum image_format format);

/* Look at the first @len bytes @data of @name. An image that needs other files, is encrypted
 * or is of a format that we don't read is refused (PVN_REFUSED); one that is damaged is -EBADMSG.
 * With @as_raw everything is raw. */
int image_detect(const unsigned char *data, size_t len, const char *name,
		 bool as_raw, struct image_info *info, struct pvn_err *err);

/* Is this the last sector of a fixed VHD, which is a raw disk with that behind it?
 * Then *size_r is the disk's size. */
bool image_is_vhd_footer(const unsigned char *sector, uint64_t *size_r);

#endif
