/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_gpt.c: libfdisk itself on sparse files, with small and large sectors. */
#include <errno.h>

#include "disk_file.h"

static void write_and_verify(unsigned int sector_size)
{
	autoclose int fd = sparse_file(DISK_SIZE);
	struct pvn_err err = { 0 };
	struct layout l;
	struct layout other;
	char head[8];

	assert_int_equal(layout_make(&l, DISK_SIZE, sector_size, &err), 0);
	mark_parts(fd, &l);
	assert_int_equal(gpt_write(fd, "file", &l, "0a1b2c3d", &err), 0);
	assert_int_equal(gpt_verify(fd, "file", &l, "0a1b2c3d", &err), 0);
	get(fd, sector_size, head, 8);
	assert_memory_equal(head, "EFI PART", 8);
	/* no superblock of before in the new partitions */
	assert_parts_zero(fd, &l);
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
	struct layout l;
	autoclose int fd = make_disk(&l, 512, "00000001");
	uint8_t s[512];

	get(fd, 0, s, 512);
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
	struct layout l;
	autoclose int a = make_disk(&l, 512, "00000001");
	autoclose int b = make_disk(&l, 512, "00000002");
	uint8_t ha[512];
	uint8_t hb[512];

	get(a, 512, ha, 512);
	get(b, 512, hb, 512);
	/* the disk's GUID */
	assert_memory_not_equal(ha + 56, hb + 56, 16);
}

PVN_TEST(wipes_what_was_there)
{
	struct layout l;
	autoclose int fd = make_disk(&l, 512, "00000001");
	struct pvn_err err = { 0 };

	put(fd, 0, "mark", 4);
	mark_parts(fd, &l);
	assert_int_equal(gpt_wipe_old(fd, "file", DISK_SIZE, 512, &err), 0);
	assert_both_ends_zero(fd, 0, DISK_SIZE);
	assert_parts_zero(fd, &l);
}

PVN_TEST(wipes_disk_without_table)
{
	autoclose int fd = sparse_file(DISK_SIZE);
	struct pvn_err err = { 0 };

	put(fd, 1024, "mark", 4);
	put(fd, DISK_SIZE - 4, "mark", 4);
	assert_int_equal(gpt_wipe_old(fd, "file", DISK_SIZE, 512, &err), 0);
	assert_both_ends_zero(fd, 0, DISK_SIZE);
}

PVN_TEST(erase_is_the_undo)
{
	struct layout l;
	autoclose int fd = make_disk(&l, 512, "00000001");
	struct pvn_err err = { 0 };

	assert_int_equal(gpt_erase(fd, "file", DISK_SIZE, &err), 0);
	assert_int_equal(gpt_verify(fd, "file", &l, "00000001", &err), -EIO);
	assert_string_equal(err.msg, "no GPT on 'file'");
}

/* One damaged byte in the primary header: we do not call that fine. */
PVN_TEST(verify_sees_damage)
{
	struct layout l;
	autoclose int fd = make_disk(&l, 512, "00000001");
	struct pvn_err err = { 0 };

	put(fd, 1024 + 128 + 56, "X", 1);
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
	put(fd, 0, "GRUB", 4); /* its boot sector */
	get(fd, 0, before, 440);
	get(fd, 512 + 56, disk, 16);
	assert_int_equal(gpt_part_guid(fd, "file", 512, PART_ESP, guid, &err),
			 0);
	assert_int_equal(ftruncate(fd, DISK_SIZE), 0);
	l.part[PART_GUESTS].size =
		layout_end(DISK_SIZE) - l.part[PART_GUESTS].start;
	/* twice: the first may have been cut off when it was done */
	for (int i = 0; i < 2; i++) {
		if (gpt_grow(fd, "file", &l.part[PART_GUESTS], &err))
			fail_msg("%s", err.msg);
		assert_int_equal(gpt_verify(fd, "file", &l, "0a1b2c3d", &err),
				 0);
		assert_false(is_zero(fd, DISK_SIZE - 512, 512));
	}
	assert_int_equal(gpt_part_guid(fd, "file", 512, PART_ESP, same, &err),
			 0);
	assert_string_equal(guid, same);
	get(fd, 0, after, 440);
	assert_memory_equal(before, after, 440);
	get(fd, 512 + 56, same_disk, 16);
	assert_memory_equal(disk, same_disk, 16);
}

/* Not even looked at by who would take memory for all of them. */
PVN_TEST(verify_sees_millions_of_entries)
{
	static const uint64_t headers[] = { 512, DISK_SIZE - 512,
					    DISK_SIZE - MIB };
	static const uint64_t other = DISK_SIZE / 512 - MIB / 512;

	for (size_t i = 0; i < 3; i++) {
		struct pvn_err err = { 0 };
		struct layout l;
		autoclose int fd = make_disk(&l, 512, "00000001");
		uint8_t header[92];

		/* the second may be elsewhere, as the disk was a smaller one */
		if (i == 2) {
			get(fd, DISK_SIZE - 512, header, sizeof(header));
			put(fd, headers[i], header, sizeof(header));
			put(fd, 512 + 32, &other, sizeof(other));
		}
		claim_entries(fd, headers[i], 1U << 31);
		assert_int_equal(gpt_verify(fd, "file", &l, "00000001", &err),
				 -EINVAL);
		assert_string_equal(
			err.msg,
			"the GPT of 'file' has room for 2147483648 partitions, expected at most 1024");
	}
}
