/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_file.h: a disk is a sparse file, in the tests of what is written to disks. */
#ifndef PVN_DISK_FILE_H
#define PVN_DISK_FILE_H

#include "file.h"
#include "install.h"
#include "unit.h"

#define UNUSED __attribute__((unused))
#define DISK_SIZE (6 * GIB)

UNUSED static void put(int fd, uint64_t at, const void *data, size_t len)
{
	struct pvn_err err;

	assert_int_equal(write_at(fd, data, len, (off_t)at, "file", &err), 0);
}

UNUSED static void get(int fd, uint64_t at, void *data, size_t len)
{
	struct pvn_err err;

	assert_int_equal(read_at(fd, data, len, (off_t)at, "file", &err), 0);
}

UNUSED static bool is_zero(int fd, uint64_t at, size_t len)
{
	autofree char *buf = xcalloc(1, len);

	get(fd, at, buf, len);
	for (size_t i = 0; i < len; i++) {
		if (buf[i])
			return false;
	}
	return true;
}

/* Nothing is left of what is known by its first or its last MiB. */
UNUSED static void assert_both_ends_zero(int fd, uint64_t start, uint64_t size)
{
	assert_true(is_zero(fd, start, MIB));
	assert_true(is_zero(fd, start + size - MIB, MIB));
}

UNUSED static void assert_parts_zero(int fd, const struct layout *l)
{
	for (size_t i = 0; i < N_PARTS; i++)
		assert_both_ends_zero(fd, l->part[i].start, l->part[i].size);
}

/* Marks where superblocks of old are, at both ends of each partition. */
UNUSED static void mark_parts(int fd, const struct layout *l)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		put(fd, l->part[i].start + 4096, "mark", 4);
		put(fd, l->part[i].start + l->part[i].size - 128 * 1024, "mark",
		    4);
	}
}

/* A disk of ours, called "file", of the installation @id. Returns its descriptor. */
UNUSED static int make_disk(struct layout *l, unsigned int sector_size,
			    const char *id)
{
	int fd = sparse_file(DISK_SIZE);
	struct pvn_err err = { 0 };

	assert_int_equal(layout_make(l, DISK_SIZE, sector_size, &err), 0);
	assert_int_equal(gpt_write(fd, "file", l, id, &err), 0);
	return fd;
}

UNUSED static uint32_t crc32(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < 8 * len; i++) {
		crc ^= i % 8 ? 0 : data[i / 8];
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* The GPT's header at the byte @at says that there are @n entries, and has the right checksum. */
UNUSED static void claim_entries(int fd, uint64_t at, uint32_t n)
{
	uint8_t header[92];
	uint32_t crc;

	get(fd, at, header, sizeof(header));
	memcpy(header + 80, &n, sizeof(n));
	memset(header + 16, 0, sizeof(crc));
	crc = crc32(header, sizeof(header));
	memcpy(header + 16, &crc, sizeof(crc));
	put(fd, at, header, sizeof(header));
}

#endif
