/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout.h: where the partitions lie. Pure: no device is touched. */
#ifndef PVN_LAYOUT_H
#define PVN_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "mem.h"
#include "size.h"

#define DISK_SIZE_MIN (4 * GIB)
/* An image has but a place for the guests' partition: that grows at the first start. */
#define IMAGE_SIZE (1606 * MIB)

/* In the order of their numbers on the disk, which are one higher. */
enum part_role {
	PART_BIOS,
	PART_ESP,
	PART_SLOT_A,
	PART_SLOT_B,
	PART_STATE,
	PART_GUESTS,
	N_PARTS,
};

/* Bytes; whole MiB. */
struct part {
	uint64_t start;
	uint64_t size;
};

struct layout {
	unsigned int sector_size;
	bool mirrored; /* state and guests are halves of mirrors over two disks */
	struct part part[N_PARTS];
};

/* How the guests' partition is divided, in bytes. */
struct pool_layout {
	uint64_t extent;
	uint64_t data;
	uint64_t metadata; /* there is a spare of the same size */
	uint64_t chunk;
};

/* "bios", "esp", "slot-a" ...: the middle of the GPT name. */
const char *part_role_name(enum part_role role);

/* The partition's name in the GPT, "pvn-esp-0a1b2c3d"; "pvn-md-state-0a1b2c3d" for the half of a mirror, which
 * nobody must take for the whole. Caller frees. */
char *part_name(const struct layout *layout, enum part_role role,
		const char *id);

/* The GUID of the partition's type. */
const char *part_type(const struct layout *layout, enum part_role role);

/* Lay out a disk of @size bytes with sectors of @sector_size. Only MiB that
 * are wholly on the disk are used; the first and the last are left to the GPT.
 * Returns 0, -ENOSPC (too small) or -EINVAL (sector size). */
int layout_make(struct layout *layout, uint64_t size, unsigned int sector_size,
		struct pvn_err *err);

/* The same for an image, which may be smaller than a disk. */
void layout_make_image(struct layout *layout);

/* Where the last partition of a disk of @size bytes ends. */
uint64_t layout_end(uint64_t size);

/* The layout that a disk has already: of each of its partitions with a name of ours, in the order of
 * their numbers, @named has the line "NAME START SIZE" (bytes). Returns 0 and the installation's
 * id, or -EINVAL: not all are there, one is smaller than this release needs, or
 * they overlap. That it is one of two disks @layout says. */
int layout_take(struct layout *layout, char id_r[9],
		const struct strlist *named, unsigned int sector_size,
		struct pvn_err *err);

/* What a mirror's own data takes of its guests' partitions: at the start, and rounding. */
#define MIRROR_HEAD (2 * MIB)

/* Divide a guests' partition, or mirror, of @size bytes. */
void pool_layout_make(struct pool_layout *pool, uint64_t size);

/* The device node of partition @number (1...) of @disk: sda1, nvme0n1p1.
 * Caller frees. */
char *part_path(const char *disk, unsigned int number);

#endif
