/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_wipe.c: what old tables, whole and broken, lead to is wiped. */
#include "file.h"
#include "install.h"
#include "unit.h"

#define SIZE (6 * GIB)

static void put(int fd, uint64_t at, const void *data, size_t len)
{
	struct pvn_err err;

	assert_int_equal(write_at(fd, data, len, (off_t)at, "file", &err), 0);
}

static bool is_zero(int fd, uint64_t at, size_t len)
{
	autofree char *buf = xcalloc(1, len);
	struct pvn_err err;

	assert_int_equal(read_at(fd, buf, len, (off_t)at, "file", &err), 0);
	for (size_t i = 0; i < len; i++) {
		if (buf[i])
			return false;
	}
	return true;
}

static void wipe(int fd, unsigned int sector_size)
{
	struct pvn_err err = { 0 };

	assert_int_equal(wipe_old(fd, "file", SIZE, sector_size, &err), 0);
}

/* A disk of ours with a mark at both ends of each partition. */
static void make(int fd, struct layout *l, unsigned int sector_size)
{
	struct pvn_err err = { 0 };

	assert_int_equal(layout_make(l, SIZE, sector_size, &err), 0);
	assert_int_equal(gpt_write(fd, "file", l, "00000001", &err), 0);
	for (size_t i = 0; i < N_PARTS; i++) {
		put(fd, l->part[i].start + 4096, "mark", 4);
		put(fd, l->part[i].start + l->part[i].size - 128 * 1024, "mark",
		    4);
	}
}

static void assert_wiped(int fd, const struct layout *l)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		assert_true(is_zero(fd, l->part[i].start, MIB));
		assert_true(is_zero(
			fd, l->part[i].start + l->part[i].size - MIB, MIB));
	}
	assert_true(is_zero(fd, 0, MIB));
	assert_true(is_zero(fd, SIZE - MIB, MIB));
}

PVN_TEST(broken_gpt)
{
	static const struct {
		unsigned int sector_size;
		uint64_t at; /* what is zeroed */
		size_t len;
	} cases[] = {
		{ 512, 0, 512 }, /* the protective MBR */
		{ 512, 0, 64 * 1024 }, /* all of the first copy */
		{ 512, 512 + 16, 4 }, /* the first's checksum */
		{ 512, SIZE - 512, 512 }, /* the second header */
		{ 512, SIZE - 64 * 1024, 64 * 1024 },
		{ 4096, 0, 64 * 1024 },
		{ 4096, SIZE - 4096, 4096 },
	};
	static const char zeros[64 * 1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autoclose int fd = sparse_file(SIZE);
		struct layout l;

		make(fd, &l, cases[i].sector_size);
		put(fd, cases[i].at, zeros, cases[i].len);
		wipe(fd, cases[i].sector_size);
		assert_wiped(fd, &l);
	}
}

/* Written with sectors of 512, and now the disk has others. */
PVN_TEST(gpt_for_other_sectors)
{
	autoclose int fd = sparse_file(SIZE);
	struct layout l;

	make(fd, &l, 512);
	wipe(fd, 4096);
	assert_wiped(fd, &l);
}

static void put_mbr_entry(int fd, uint64_t sector, unsigned int i, uint8_t type,
			  uint32_t start, uint32_t size)
{
	uint8_t entry[16] = { 0 };

	entry[4] = type;
	for (unsigned int k = 0; k < 4; k++) {
		entry[8 + k] = (uint8_t)(start >> 8 * k);
		entry[12 + k] = (uint8_t)(size >> 8 * k);
	}
	put(fd, sector * 512 + 446 + 16 * i, entry, sizeof(entry));
	put(fd, sector * 512 + 510, "\x55\xaa", 2);
}

/* Two logical partitions in an extended one. */
PVN_TEST(logical_partitions)
{
	enum { EXT = 204800, SECOND = 409600, LEN = 102400 };
	static const uint64_t starts[] = { 2048, EXT + 2048, SECOND + 2048 };
	autoclose int fd = sparse_file(SIZE);

	put_mbr_entry(fd, 0, 0, 0x83, 2048, LEN);
	put_mbr_entry(fd, 0, 1, 0x05, EXT, 1024000);
	put_mbr_entry(fd, EXT, 0, 0x83, 2048, LEN);
	put_mbr_entry(fd, EXT, 1, 0x05, SECOND - EXT, LEN + 2048);
	put_mbr_entry(fd, SECOND, 0, 0x83, 2048, LEN);
	for (size_t i = 0; i < 3; i++) {
		put(fd, starts[i] * 512 + 1024, "mark", 4);
		put(fd, (starts[i] + LEN) * 512 - 65536, "mark", 4);
	}
	wipe(fd, 512);
	for (size_t i = 0; i < 3; i++) {
		assert_true(is_zero(fd, starts[i] * 512, MIB));
		assert_true(is_zero(fd, (starts[i] + LEN) * 512 - MIB, MIB));
	}
}

/* libblkid finds the second header of a LUKS2 with much metadata. */
PVN_TEST(signature_in_the_middle)
{
	autoclose int fd = sparse_file(SIZE);
	uint8_t header[512] = "SKUL\xba\xbe\x00\x02";

	header[256 + 5] = 0x40; /* where it says that it is, big-endian */
	put(fd, 4 * MIB, header, sizeof(header));
	wipe(fd, 512);
	assert_true(is_zero(fd, 4 * MIB, 6));
}

/* Entries that lead out of the disk, or that are no entries. */
PVN_TEST(nonsense)
{
	autoclose int fd = sparse_file(SIZE);
	uint8_t header[92] = "EFI PART";
	struct layout l;

	memset(header + 72, 0xff, 20);
	put(fd, 512, header, sizeof(header));
	wipe(fd, 512);
	make(fd, &l, 512);
	for (unsigned int i = 0; i < 128; i++)
		put(fd, 1024 + 128 * i + 32, header + 72, 16);
	wipe(fd, 512);
	assert_wiped(fd, &l);
}
