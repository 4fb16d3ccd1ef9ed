/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_gpt.c: libfdisk itself on sparse files, with small and large sectors. */
#include <errno.h>

#include "file.h"
#include "install.h"
#include "unit.h"

#define SIZE (6 * GIB)

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

static void mark(int fd, uint64_t at)
{
	struct pvn_err err;

	assert_int_equal(write_at(fd, "LABELONE", 8, (off_t)at, "file", &err),
			 0);
}

static void write_and_verify(unsigned int sector_size)
{
	autoclose int fd = sparse_file(SIZE);
	struct pvn_err err = { 0 };
	struct layout l;
	struct layout other;
	char head[8];

	assert_int_equal(layout_make(&l, SIZE, sector_size, &err), 0);
	for (size_t i = 0; i < N_PARTS; i++) {
		mark(fd, l.part[i].start + 512);
		mark(fd, l.part[i].start + l.part[i].size - 4096);
	}
	assert_int_equal(gpt_write(fd, "file", &l, "0a1b2c3d", &err), 0);
	assert_int_equal(gpt_verify(fd, "file", &l, "0a1b2c3d", &err), 0);
	assert_int_equal(read_at(fd, head, 8, sector_size, "file", &err), 0);
	assert_memory_equal(head, "EFI PART", 8);
	/* no superblock of before in the new partitions */
	for (size_t i = 0; i < N_PARTS; i++) {
		assert_true(is_zero(fd, l.part[i].start, MIB));
		assert_true(is_zero(fd, l.part[i].start + l.part[i].size - MIB,
				    MIB));
	}
	assert_int_equal(gpt_verify(fd, "file", &l, "deadbeef", &err), -EIO);
	other = l;
	other.part[PART_STATE].size -= MIB;
	assert_int_equal(gpt_verify(fd, "file", &other, "0a1b2c3d", &err),
			 -EIO);
}

PVN_TEST(sectors_of_512)
{
	write_and_verify(512);
}

PVN_TEST(sectors_of_4096)
{
	write_and_verify(4096);
}

/* Before GRUB is there, the boot sector must give the BIOS back its turn. */
PVN_TEST(boots_nothing_yet)
{
	autoclose int fd = sparse_file(SIZE);
	struct pvn_err err = { 0 };
	struct layout l;
	uint8_t s[512];

	assert_int_equal(layout_make(&l, SIZE, 512, &err), 0);
	assert_int_equal(gpt_write(fd, "file", &l, "00000001", &err), 0);
	assert_int_equal(read_at(fd, s, 512, 0, "file", &err), 0);
	/* mov si, 0x7c00 + where the text is; the code before it ends with
	 * int 0x18 and a halt */
	assert_int_equal(s[4], 0xbe);
	assert_int_equal(s[6], 0x7c);
	assert_memory_equal(s + s[5], "There is no ", 12);
	assert_memory_equal(s + s[5] - 5, "\xcd\x18\xf4\xeb\xfd", 5);
	/* and the protective table is whole */
	assert_int_equal(s[446 + 4], 0xee);
	assert_memory_equal(s + 510, "\x55\xaa", 2);
}

PVN_TEST(names_differ_between_installs)
{
	autoclose int a = sparse_file(SIZE);
	autoclose int b = sparse_file(SIZE);
	struct pvn_err err = { 0 };
	uint8_t ha[512];
	uint8_t hb[512];
	struct layout l;

	assert_int_equal(layout_make(&l, SIZE, 512, &err), 0);
	assert_int_equal(gpt_write(a, "a", &l, "00000001", &err), 0);
	assert_int_equal(gpt_write(b, "b", &l, "00000002", &err), 0);
	assert_int_equal(read_at(a, ha, 512, 512, "a", &err), 0);
	assert_int_equal(read_at(b, hb, 512, 512, "b", &err), 0);
	/* the disk's GUID */
	assert_memory_not_equal(ha + 56, hb + 56, 16);
}

PVN_TEST(wipes_what_was_there)
{
	autoclose int fd = sparse_file(SIZE);
	struct pvn_err err = { 0 };
	struct layout l;

	assert_int_equal(layout_make(&l, SIZE, 512, &err), 0);
	assert_int_equal(gpt_write(fd, "file", &l, "00000001", &err), 0);
	mark(fd, 0);
	for (size_t i = 0; i < N_PARTS; i++) {
		mark(fd, l.part[i].start + 1024);
		mark(fd, l.part[i].start + l.part[i].size - 65536);
	}
	assert_int_equal(gpt_wipe_old(fd, "file", SIZE, 512, &err), 0);
	assert_true(is_zero(fd, 0, MIB));
	assert_true(is_zero(fd, SIZE - MIB, MIB));
	for (size_t i = 0; i < N_PARTS; i++) {
		assert_true(is_zero(fd, l.part[i].start, MIB));
		assert_true(is_zero(fd, l.part[i].start + l.part[i].size - MIB,
				    MIB));
	}
}

PVN_TEST(wipes_disk_without_table)
{
	autoclose int fd = sparse_file(SIZE);
	struct pvn_err err = { 0 };

	mark(fd, 1024);
	mark(fd, SIZE - 8);
	assert_int_equal(gpt_wipe_old(fd, "file", SIZE, 512, &err), 0);
	assert_true(is_zero(fd, 0, MIB));
	assert_true(is_zero(fd, SIZE - MIB, MIB));
}

PVN_TEST(erase_is_the_undo)
{
	autoclose int fd = sparse_file(SIZE);
	struct pvn_err err = { 0 };
	struct layout l;

	assert_int_equal(layout_make(&l, SIZE, 512, &err), 0);
	assert_int_equal(gpt_write(fd, "file", &l, "00000001", &err), 0);
	assert_int_equal(gpt_erase(fd, "file", SIZE, &err), 0);
	assert_int_equal(gpt_verify(fd, "file", &l, "00000001", &err), -EIO);
	assert_string_equal(err.msg, "no GPT on 'file'");
}

/* One damaged byte in the primary header: we do not call that fine. */
PVN_TEST(verify_sees_damage)
{
	autoclose int fd = sparse_file(SIZE);
	struct pvn_err err = { 0 };
	struct layout l;

	assert_int_equal(layout_make(&l, SIZE, 512, &err), 0);
	assert_int_equal(gpt_write(fd, "file", &l, "00000001", &err), 0);
	assert_int_equal(write_at(fd, "X", 1, 1024 + 128 + 56, "file", &err),
			 0);
	assert_int_equal(gpt_verify(fd, "file", &l, "00000001", &err), -EIO);
}

/* An image on a larger disk: the table is whole, with its backup at the end, and nothing else changed. */
PVN_TEST(grows_to_the_disk)
{
	autoclose int fd = sparse_file(IMAGE_SIZE);
	struct pvn_err err = { 0 };
	uint8_t before[440];
	uint8_t after[440];
	char guid[40];
	char same[40];
	uint8_t disk[16];
	uint8_t same_disk[16];
	struct layout l;

	layout_make_image(&l);
	assert_int_equal(gpt_write(fd, "file", &l, "0a1b2c3d", &err), 0);
	mark(fd, 0); /* GRUB's boot sector */
	assert_int_equal(read_at(fd, before, 440, 0, "file", &err), 0);
	assert_int_equal(read_at(fd, disk, 16, 512 + 56, "file", &err), 0);
	assert_int_equal(gpt_part_guid(fd, "file", 512, PART_ESP, guid, &err),
			 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	l.part[PART_GUESTS].size = layout_end(SIZE) - l.part[PART_GUESTS].start;
	/* twice: the first may have been cut off when it was done */
	for (int i = 0; i < 2; i++) {
		if (gpt_grow(fd, "file", &l.part[PART_GUESTS], &err))
			fail_msg("%s", err.msg);
		assert_int_equal(gpt_verify(fd, "file", &l, "0a1b2c3d", &err),
				 0);
		assert_false(is_zero(fd, SIZE - 512, 512));
	}
	assert_int_equal(gpt_part_guid(fd, "file", 512, PART_ESP, same, &err),
			 0);
	assert_string_equal(guid, same);
	assert_int_equal(read_at(fd, after, 440, 0, "file", &err), 0);
	assert_memory_equal(before, after, 440);
	assert_int_equal(read_at(fd, same_disk, 16, 512 + 56, "file", &err), 0);
	assert_memory_equal(disk, same_disk, 16);
}
