/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_block.c: the kernel's names of block devices. */
#include "block.h"
#include "unit.h"

PVN_TEST(disks)
{
	static const char *const names[] = { "sda",	"vdb",	"xvda",
					     "nvme0n1", "sr0",	"mmcblk0",
					     "fdisk",	"mdisk" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(block_is_disk(names[i]));
}

PVN_TEST(other_devices)
{
	static const char *const names[] = {
		"ram0", "loop7", "zram0", "dm-3",	  "md127",	 "fd0",
		"nbd1", "..",	 ".",	  "mmcblk0boot0", "mmcblk0rpmb",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_false(block_is_disk(names[i]));
}
