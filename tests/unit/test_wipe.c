/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_wipe.c: what old tables, whole and broken, lead to is wiped. */
#include <sys/resource.h>

#include "disk_file.h"

static void wipe(int fd, unsigned int sector_size)
{
	struct pvn_err err = { 0 };

	assert_int_equal(wipe_old(fd, "file", DISK_SIZE, sector_size, &err), 0);
}

static void assert_wiped(int fd, const struct layout *l)
{
	assert_parts_zero(fd, l);
	assert_both_ends_zero(fd, 0, DISK_SIZE);
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
		{ 512, DISK_SIZE - 512, 512 }, /* the second header */
		{ 512, DISK_SIZE - 64 * 1024, 64 * 1024 },
		{ 4096, 0, 64 * 1024 },
		{ 4096, DISK_SIZE - 4096, 4096 },
	};
	static const char zeros[64 * 1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct layout l;
		autoclose int fd =
			make_disk(&l, cases[i].sector_size, "00000001");

		mark_parts(fd, &l);
		put(fd, cases[i].at, zeros, cases[i].len);
		wipe(fd, cases[i].sector_size);
		assert_wiped(fd, &l);
	}
}

/* Written with sectors of 512, and now the disk has others. */
PVN_TEST(gpt_for_other_sectors)
{
	struct layout l;
	autoclose int fd = make_disk(&l, 512, "00000001");

	mark_parts(fd, &l);
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
	autoclose int fd = sparse_file(DISK_SIZE);

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
	for (size_t i = 0; i < 3; i++)
		assert_both_ends_zero(fd, starts[i] * 512, LEN * 512);
}

/* libblkid finds the second header of a LUKS2 with much metadata. */
PVN_TEST(signature_in_the_middle)
{
	autoclose int fd = sparse_file(DISK_SIZE);
	uint8_t header[512] = "SKUL\xba\xbe\x00\x02";

	header[256 + 5] = 0x40; /* where it says that it is, big-endian */
	put(fd, 4 * MIB, header, sizeof(header));
	wipe(fd, 512);
	assert_true(is_zero(fd, 4 * MIB, 6));
}

/* Entries that lead out of the disk, or that are no entries. */
PVN_TEST(nonsense)
{
	uint8_t header[92] = "EFI PART";
	struct layout l;
	autoclose int fd = make_disk(&l, 512, "00000001");

	mark_parts(fd, &l);
	memset(header + 72, 0xff, 20);
	for (unsigned int i = 0; i < 128; i++)
		put(fd, 1024 + 128 * i + 32, header + 72, 16);
	wipe(fd, 512);
	assert_wiped(fd, &l);
	put(fd, 512, header, sizeof(header));
	wipe(fd, 512);
	assert_wiped(fd, &l);
}

/* btrfs keeps copies of its superblock at 64 MiB and at 256 GiB. */
PVN_TEST(btrfs_copies)
{
	static const uint64_t places[] = { 64 * MIB, 256 * GIB };
	const uint64_t start = 2 * MIB;
	autoclose int fd = sparse_file(300 * GIB);
	struct pvn_err err = { 0 };

	for (size_t i = 0; i < 2; i++)
		put(fd, start + places[i] + 64, "_BHRfS_M", 8);
	put(fd, start + 64 * MIB + 4096, "mark", 4);
	assert_int_equal(wipe_range(fd, "file", start, 256 * GIB, &err), 0);
	assert_true(is_zero(fd, start + places[0], 4096));
	assert_false(is_zero(fd, start + places[0] + 4096, 4));
	assert_false(is_zero(fd, start + places[1], 4096));
	assert_int_equal(wipe_range(fd, "file", start, 260 * GIB, &err), 0);
	assert_true(is_zero(fd, start + places[1], 4096));
}

/* Right checksums, and entries that would fill the memory. What the first ones lead to is wiped all the same. */
PVN_TEST(gpt_with_millions_of_entries)
{
	static const uint64_t headers[] = { 512, DISK_SIZE - 512 };

	for (size_t i = 0; i < 2; i++) {
		struct rusage before, after;
		struct layout l;
		autoclose int fd = make_disk(&l, 512, "00000001");

		mark_parts(fd, &l);
		claim_entries(fd, headers[i], 1U << 21);
		getrusage(RUSAGE_SELF, &before);
		wipe(fd, 512);
		getrusage(RUSAGE_SELF, &after);
		assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 65536);
		assert_wiped(fd, &l);
	}
}
