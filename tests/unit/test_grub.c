/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_grub.c: GRUB's formats, on memory; with Debian's images where they are. */
#include <errno.h>

#include "file.h"
#include "install.h"
#include "unit.h"

#define BOOT_IMG "/usr/lib/grub/i386-pc/boot.img"
#define DISKBOOT_IMG "/usr/lib/grub/i386-pc/diskboot.img"

static void fake_boot(uint8_t boot[BOOT_SECTOR_SIZE])
{
	memset(boot, 0x11, BOOT_SECTOR_SIZE);
	boot[0x64] = 0xff;
	boot[510] = 0x55;
	boot[511] = 0xaa;
}

PVN_TEST(boot_sector)
{
	static const uint8_t lba[8] = { 0x00, 0x08, 0, 0, 0x01, 0, 0, 0 };
	uint8_t boot[BOOT_SECTOR_SIZE];
	uint8_t sector[BOOT_SECTOR_SIZE];
	uint8_t before[BOOT_SECTOR_SIZE];
	struct pvn_err err = { 0 };

	fake_boot(boot);
	for (size_t i = 0; i < sizeof(sector); i++)
		before[i] = sector[i] = (uint8_t)(i * 7);
	assert_int_equal(grub_patch_boot(sector, boot, sizeof(boot),
					 0x100000800, &err),
			 0);
	/* signature and partition table are the disk's */
	assert_memory_equal(sector + 440, before + 440, 510 - 440);
	assert_memory_equal(sector + 0x5c, lba, 8);
	assert_int_equal(sector[0x64], 0xff);
	assert_memory_equal(sector + 0x66, "\x90\x90", 2);
	assert_memory_equal(sector, boot, 0x5c);
	assert_memory_equal(sector + 0x68, boot + 0x68, 440 - 0x68);
	assert_memory_equal(sector + 510, "\x55\xaa", 2);
}

PVN_TEST(bad_boot_image)
{
	uint8_t boot[BOOT_SECTOR_SIZE];
	uint8_t sector[BOOT_SECTOR_SIZE];
	struct pvn_err err = { 0 };

	fake_boot(boot);
	assert_int_equal(grub_patch_boot(sector, boot, 511, 1, &err), -EINVAL);
	boot[0x64] = 0;
	assert_int_equal(grub_patch_boot(sector, boot, 512, 1, &err), -EINVAL);
}

PVN_TEST(core_image)
{
	static const uint8_t list[12] = { 0x01, 0x08, 0, 0, 0,	  0,
					  0,	0,    3, 0, 0x20, 0x08 };
	uint8_t core[1800] = { 0 };
	struct pvn_err err = { 0 };

	core[510] = 0x20;
	core[511] = 0x08;
	assert_int_equal(grub_patch_core(core, sizeof(core), 2048, MIB, &err),
			 0);
	assert_memory_equal(core + 500, list, 12);
	assert_int_equal(core[499], 0);
	assert_int_equal(grub_patch_core(core, sizeof(core), 2048, 1799, &err),
			 -EFBIG);
	assert_int_equal(grub_patch_core(core, 512, 2048, MIB, &err), -EINVAL);
	core[511] = 0;
	assert_int_equal(grub_patch_core(core, sizeof(core), 2048, MIB, &err),
			 -EINVAL);
}

PVN_TEST(two_places_for_the_core)
{
	uint8_t sector[BOOT_SECTOR_SIZE] = { 0 };

	/* none yet */
	assert_int_equal(grub_core_place(sector, 2048, 2048, false), 2048);
	assert_int_equal(grub_core_place(sector, 2048, 2048, true), 2048);
	sector[0x5d] = 0x08; /* 2048 */
	assert_int_equal(grub_core_place(sector, 2048, 2048, false), 2048);
	assert_int_equal(grub_core_place(sector, 2048, 2048, true), 3072);
	sector[0x5d] = 0x0c; /* 3072 */
	assert_int_equal(grub_core_place(sector, 2048, 2048, false), 3072);
	assert_int_equal(grub_core_place(sector, 2048, 2048, true), 2048);
}

/* What we know of the formats holds for the images that Debian ships. */
PVN_TEST(real_images)
{
	autofree uint8_t *boot = NULL;
	autofree uint8_t *diskboot = NULL;
	uint8_t core[1024] = { 0 };
	uint8_t sector[BOOT_SECTOR_SIZE] = { 0 };
	struct pvn_err err = { 0 };
	size_t len;

	if (file_read_bytes(DISKBOOT_IMG, &diskboot, &len, &err))
		skip();
	assert_int_equal(len, 512);
	memcpy(core, diskboot, 512);
	assert_int_equal(grub_patch_core(core, sizeof(core), 2048, MIB, &err),
			 0);
	assert_int_equal(file_read_bytes(BOOT_IMG, &boot, &len, &err), 0);
	/* as shipped: core at LBA 1, and the check is jumped over */
	assert_memory_equal(boot + 0x5c, "\1\0\0\0\0\0\0\0", 8);
	assert_int_equal(boot[0x66], 0xeb);
	assert_int_equal(grub_patch_boot(sector, boot, len, 2048, &err), 0);
}
