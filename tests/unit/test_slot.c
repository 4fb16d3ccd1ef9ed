/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_slot.c: copying an ISO from one file to another. */
#include <errno.h>

#include "file.h"
#include "install.h"
#include "unit.h"

#define BLOCKS 1000 /* of 2048 bytes: not whole MiB */
#define SIZE ((uint64_t)BLOCKS * 2048)

/* Larger than the file system on it, as a device is. */
static int fake_iso(void)
{
	static const uint8_t pvd[] = { 1, 'C', 'D', '0', '0', '1', 1 };
	static const uint8_t blocks[] = { BLOCKS & 0xff, BLOCKS >> 8, 0, 0 };
	int fd = sparse_file((off_t)(4 * MIB));
	struct pvn_err err;

	assert_int_equal(write_at(fd, pvd, 7, 32768, "iso", &err), 0);
	assert_int_equal(write_at(fd, blocks, 4, 32768 + 80, "iso", &err), 0);
	assert_int_equal(write_at(fd, "last", 4, (off_t)SIZE - 4, "iso", &err),
			 0);
	assert_int_equal(write_at(fd, "past", 4, (off_t)SIZE, "iso", &err), 0);
	return fd;
}

PVN_TEST(finds_the_size)
{
	autoclose int iso = fake_iso();
	autoclose int none = sparse_file((off_t)MIB);
	autoclose int tiny = sparse_file(100);
	struct pvn_err err = { 0 };
	uint64_t size;

	assert_int_equal(slot_iso_size(iso, "iso", &size, &err), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(slot_iso_size(none, "none", &size, &err), -EINVAL);
	assert_string_equal(err.msg, "no ISO9660 on 'none'");
	assert_int_equal(slot_iso_size(tiny, "tiny", &size, &err), -EIO);
}

PVN_TEST(copies_all_and_no_more)
{
	autoclose int iso = fake_iso();
	autoclose int slot = sparse_file((off_t)(8 * MIB));
	struct pvn_err err = { 0 };
	char tail[8];

	assert_int_equal(slot_copy(iso, slot, 0, SIZE, "slot", &err), 0);
	assert_int_equal(device_sync(slot, "slot", &err), 0);
	assert_int_equal(slot_compare(iso, slot, 0, SIZE, "slot", &err), 0);
	assert_int_equal(read_at(slot, tail, 8, (off_t)SIZE - 4, "slot", &err),
			 0);
	assert_memory_equal(tail, "last\0\0\0\0", 8);
}

/* Firmware must not take a slot for a CD before the installation is whole. */
PVN_TEST(no_iso_without_its_head)
{
	autoclose int iso = fake_iso();
	autoclose int slot = sparse_file((off_t)(8 * MIB));
	struct pvn_err err = { 0 };
	uint64_t size;

	assert_int_equal(slot_copy(iso, slot, SLOT_HEAD, SIZE, "slot", &err),
			 0);
	assert_int_equal(slot_compare(iso, slot, SLOT_HEAD, SIZE, "slot", &err),
			 0);
	assert_int_equal(slot_iso_size(slot, "slot", &size, &err), -EINVAL);
	assert_int_equal(slot_copy(iso, slot, 0, SLOT_HEAD, "slot", &err), 0);
	assert_int_equal(slot_compare(iso, slot, 0, SIZE, "slot", &err), 0);
	assert_int_equal(slot_iso_size(slot, "slot", &size, &err), 0);
}

PVN_TEST(sees_one_wrong_byte)
{
	autoclose int iso = fake_iso();
	autoclose int slot = sparse_file((off_t)(8 * MIB));
	struct pvn_err err = { 0 };

	assert_int_equal(slot_copy(iso, slot, 0, SIZE, "slot", &err), 0);
	assert_int_equal(write_at(slot, "X", 1, (off_t)SIZE - 1, "slot", &err),
			 0);
	assert_int_equal(slot_compare(iso, slot, 0, SIZE, "slot", &err), -EIO);
}

PVN_TEST(medium_that_ends_early)
{
	autoclose int iso = sparse_file((off_t)MIB);
	autoclose int slot = sparse_file((off_t)(8 * MIB));
	struct pvn_err err = { 0 };

	assert_int_equal(slot_copy(iso, slot, 0, SIZE, "slot", &err), -EIO);
	assert_string_equal(err.msg,
			    "cannot read 'the boot medium': it ends too early");
}
