/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_detect.c: which format an image has, and whether it is one that we take. */
#include <errno.h>
#include <string.h>
#include "../lib/bytes.h"
#include "../lib/mem.h"
#include "image_detect.h"
#include "tar.h"

#define SECTOR 512

struct head {
	const unsigned char *p;
	size_t len;
	const char *name;
};

static bool has(const struct head *h, size_t at, const void *magic, size_t len)
{
	return h->len >= at + len && !memcmp(h->p + at, magic, len);
}

/* QCOW2, as docs/interop/qcow2.rst of QEMU has it. */
enum {
	QCOW2_DIRTY = 1 << 0,
	QCOW2_CORRUPT = 1 << 1,
	QCOW2_EXTERNAL_DATA = 1 << 2,
	QCOW2_COMPRESSION_TYPE = 1 << 3,
	QCOW2_EXTENDED_L2 = 1 << 4,
};

static int qcow2_features(const struct head *h, struct pvn_err *err)
{
	uint64_t features = be64(h->p + 72);

	if (features & QCOW2_EXTERNAL_DATA)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' keeps its data in another file: make one file of it with 'qemu-img convert'",
			h->name);
	if (features & QCOW2_CORRUPT)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is marked as corrupt: repair it with 'qemu-img check -r all'",
			h->name);
	if (features & QCOW2_DIRTY)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' was in use when it was copied, or its machine crashed: close it with 'qemu-img check -r all'",
			h->name);
	if (features & ~(uint64_t)(QCOW2_COMPRESSION_TYPE | QCOW2_EXTENDED_L2))
		return pvn_err(err, PVN_REFUSED,
			       "'%s' uses qcow2 features that are not known",
			       h->name);
	return 0;
}

static int detect_qcow2(const struct head *h, struct image_info *info,
			struct pvn_err *err)
{
	uint32_t version = h->len < 104 ? 0 : be32(h->p + 4);

	if (version != 2 && version != 3)
		return pvn_err(
			err, -EBADMSG,
			"'%s' is a damaged qcow2 image, or one of a version that is not known",
			h->name);
	if (be64(h->p + 8) || be32(h->p + 16))
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' has a backing file: make one file of both with 'qemu-img convert'",
			h->name);
	if (be32(h->p + 32))
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is encrypted: decrypt it with 'qemu-img convert'",
			h->name);
	info->size = be64(h->p + 24);
	return version == 3 ? qcow2_features(h, err) : 0;
}

/* VHD: a sum over the footer, its own four bytes left out. */
static bool vhd_sum_ok(const unsigned char *p)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < SECTOR; i++) {
		if (i < 64 || i > 67)
			sum += p[i];
	}
	return ~sum == be32(p + 64);
}

enum { VHD_FIXED = 2, VHD_DYNAMIC = 3, VHD_DIFFERENCING = 4 };

static int detect_vhd(const struct head *h, struct image_info *info,
		      struct pvn_err *err)
{
	uint32_t type;

	if (h->len < SECTOR || !vhd_sum_ok(h->p))
		return pvn_err(err, -EBADMSG, "'%s' is a damaged VHD", h->name);
	type = be32(h->p + 60);
	if (type == VHD_DIFFERENCING)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is a differencing VHD, which needs its parent: coalesce them first",
			h->name);
	if (type != VHD_DYNAMIC)
		return pvn_err(err, -EBADMSG,
			       "'%s' is a VHD of unknown type %u", h->name,
			       type);
	info->size = be64(h->p + 48);
	return 0;
}

bool image_is_vhd_footer(const unsigned char *sector, uint64_t *size_r)
{
	if (memcmp(sector, "conectix", 8) || !vhd_sum_ok(sector) ||
	    be32(sector + 60) != VHD_FIXED)
		return false;
	*size_r = be64(sector + 48);
	return true;
}

/* The descriptor is text within the file: which file is the parent, and which the extents. */
static int vmdk_descriptor(const struct head *h, struct pvn_err *err)
{
	uint64_t at = le64(h->p + 28);
	uint64_t len = le64(h->p + 36);
	autofree char *text = NULL;
	const char *parent;

	if (!at || !len)
		return 0;
	if (at > h->len / SECTOR || len > h->len / SECTOR ||
	    (at + len) * SECTOR > h->len)
		return pvn_err(
			err, -EBADMSG,
			"'%s' is a damaged VMDK: its descriptor is not at its start",
			h->name);
	text = xasprintf("%.*s", (int)(len * SECTOR), h->p + at * SECTOR);
	parent = strstr(text, "parentCID=");
	if (parent && strncasecmp(parent + 10, "ffffffff", 8))
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is a snapshot, which needs its parent: consolidate it first",
			h->name);
	if (strstr(text, " FLAT ") || strstr(text, " VMFS "))
		return pvn_err(err, PVN_REFUSED,
			       "'%s' keeps its data in another file", h->name);
	return 0;
}

static int detect_vmdk(const struct head *h, struct image_info *info,
		       struct pvn_err *err)
{
	uint64_t sectors;

	if (h->len < SECTOR)
		return pvn_err(err, -EBADMSG, "'%s' is a damaged VMDK",
			       h->name);
	sectors = le64(h->p + 12);
	info->size = sectors > INT64_MAX / SECTOR ? INT64_MAX
						  : sectors * SECTOR;
	return vmdk_descriptor(h, err);
}

static int detect_vhdx(const struct head *h, struct image_info *info,
		       struct pvn_err *err)
{
	(void)h;
	(void)info;
	(void)err;
	return 0;
}

static int detect_tar(const struct head *h, struct image_info *info,
		      struct pvn_err *err)
{
	autofree char *first = xasprintf("%.100s", h->p);
	const char *name = strncmp(first, "./", 2) ? first : first + 2;
	size_t len = strlen(name);

	if (!strcmp(name, "ova.xml"))
		info->format = IMAGE_XVA, info->boots = true;
	else if (!strcmp(name, "template.ini"))
		info->format = IMAGE_TEMPLATE;
	else if (len > 4 && !strcasecmp(name + len - 4, ".ovf"))
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is an OVA: unpack it with 'tar -xf' and import the .vmdk in it",
			h->name);
	return 0;
}

/* What we know and don't take. */
static const struct {
	size_t at;
	const char *magic;
	const char *what;
} refused[] = {
	{ 0, "# Disk DescriptorFile",
	  "is only the description of a VMDK: import the file that it names, or make one file with 'qemu-img convert'" },
	{ 0, "COWD", "is an ESX snapshot: consolidate it first" },
	{ 64, "\x7f\x10\xda\xbe",
	  "is a VDI: make a qcow2 of it with 'qemu-img convert -O qcow2'" },
	{ 0, "PK\003\004", "is a zip archive: unpack it first" },
	{ 0, "7z\xbc\xaf\x27\x1c", "is a 7z archive: unpack it first" },
	{ 0, "BZh", "is bzip2: unpack it first" },
	{ 32769, "CD001",
	  "is a CD image: guests are made from installed disks, not from installers" },
};

static const struct {
	size_t at;
	const char *magic;
	size_t len;
	enum image_format format;
	int (*check)(const struct head *h, struct image_info *info,
		     struct pvn_err *err);
} formats[] = {
	{ 0, "QFI\xfb", 4, IMAGE_QCOW2, detect_qcow2 },
	{ 0, "conectix", 8, IMAGE_VHD, detect_vhd },
	{ 0, "vhdxfile", 8, IMAGE_VHDX, detect_vhdx },
	{ 0, "KDMV", 4, IMAGE_VMDK, detect_vmdk },
};

/* What a raw disk starts with; the first is a partition table. */
static const struct {
	size_t at;
	const char *magic;
	size_t len;
} signs[] = {
	{ 510, "\x55\xaa", 2 }, { 1080, "\x53\xef", 2 }, /* ext2, ext3, ext4 */
	{ 0, "XFSB", 4 },	{ 65600, "_BHRfS_M", 8 }, /* btrfs */
	{ 0, "hsqs", 4 }, /* squashfs */
	{ 536, "LVM2 001", 8 },
};

/* A disk that was cut off has less than this. */
static uint64_t least_size(const struct head *h)
{
	uint64_t least = 0;

	if (has(h, 512, "EFI PART", 8) && h->len >= 552) {
		uint64_t last = le64(h->p + 544); /* its second header */

		return last < INT64_MAX / SECTOR ? (last + 1) * SECTOR
						 : INT64_MAX;
	}
	if (has(h, 1080, "\x53\xef", 2)) {
		unsigned int shift = 10 + (le32(h->p + 1048) & 15);

		return (uint64_t)le32(h->p + 1028) << shift;
	}
	if (!has(h, 510, "\x55\xaa", 2))
		return 0;
	for (const unsigned char *p = h->p + 446; p < h->p + 510; p += 16) {
		uint64_t end = ((uint64_t)le32(p + 8) + le32(p + 12)) * SECTOR;

		if (p[0] & 0x7f) /* no partition table, but a FAT */
			return 0;
		if (p[4] && end > least)
			least = end;
	}
	return least;
}

static int detect_raw(const struct head *h, struct image_info *info,
		      struct pvn_err *err)
{
	bool partitioned = has(h, 510, "\x55\xaa", 2);

	info->format = IMAGE_RAW;
	info->least = least_size(h);
	info->boots = partitioned && !has(h, 1080, "\x53\xef", 2);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (has(h, signs[i].at, signs[i].magic, signs[i].len))
			return 0;
	}
	return pvn_err(
		err, PVN_REFUSED,
		"'%s' is no disk image that is known: no format, no partition table, no filesystem ('--raw' takes it as it is)",
		h->name);
}

int image_detect(const unsigned char *data, size_t len, const char *name,
		 bool as_raw, struct image_info *info, struct pvn_err *err)
{
	struct head h = { .p = data, .len = len, .name = name };

	*info = (struct image_info){ .format = IMAGE_RAW };
	if (!len)
		return pvn_err(err, -EBADMSG, "'%s' is empty", name);
	info->boots = has(&h, 510, "\x55\xaa", 2);
	if (as_raw)
		return 0;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (has(&h, refused[i].at, refused[i].magic,
			strlen(refused[i].magic)))
			return pvn_err(err, PVN_REFUSED, "'%s' %s", name,
				       refused[i].what);
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!has(&h, formats[i].at, formats[i].magic, formats[i].len))
			continue;
		info->format = formats[i].format;
		info->boots = true;
		return formats[i].check(&h, info, err);
	}
	if (tar_is_header(data, len)) {
		info->format = IMAGE_TAR;
		return detect_tar(&h, info, err);
	}
	return detect_raw(&h, info, err);
}

const char *image_format_name(enum image_format format)
{
	switch (format) {
	case IMAGE_RAW:
		return "raw";
	case IMAGE_QCOW2:
		return "qcow2";
	case IMAGE_VHD:
		return "VHD";
	case IMAGE_VHDX:
		return "VHDX";
	case IMAGE_VMDK:
		return "VMDK";
	case IMAGE_XVA:
		return "XVA";
	case IMAGE_TAR:
		return "tar";
	case IMAGE_TEMPLATE:
		return "template";
	}
	return "";
}
