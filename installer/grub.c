/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grub.c: GRUB's on-disk formats: boot sector and block list. */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "install.h"

/* Where boot.img keeps things; from GRUB's boot.h for i386-pc. */
#define BOOT_CORE_LBA 0x5c
#define BOOT_DRIVE 0x64
#define BOOT_DRIVE_CHECK 0x66
/* The one entry of the block list: the end of the core's first sector. */
#define CORE_LIST (512 - 12)
#define CORE_SEGMENT 0x820 /* where that sector loads the rest */

static void put_le(uint8_t *p, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

int grub_patch_boot(uint8_t sector[BOOT_SECTOR_SIZE], const uint8_t *boot_img,
		    size_t boot_len, uint64_t core_lba, struct pvn_err *err)
{
	if (boot_len != BOOT_SECTOR_SIZE || boot_img[510] != 0x55 ||
	    boot_img[511] != 0xaa || boot_img[BOOT_DRIVE] != 0xff)
		return pvn_err(err, -EINVAL, "boot.img is no GRUB boot sector");
	memcpy(sector, boot_img, BOOT_CODE_SIZE);
	put_le(sector + BOOT_CORE_LBA, core_lba, 8);
	sector[BOOT_DRIVE] = 0xff; /* the drive that BIOS started from */
	/* do not jump over the cure for BIOSes that pass a bad drive number;
	 * it is jumped over for floppies only */
	memset(sector + BOOT_DRIVE_CHECK, 0x90, 2);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	return 0;
}

int grub_patch_core(uint8_t *core, size_t len, uint64_t core_lba, uint64_t room,
		    struct pvn_err *err)
{
	size_t sectors = (len + 511) / 512;

	if (sectors < 2 || core[CORE_LIST + 10] != (CORE_SEGMENT & 0xff) ||
	    core[CORE_LIST + 11] != CORE_SEGMENT >> 8)
		return pvn_err(err, -EINVAL, "core.img is no GRUB core image");
	if (len > room || sectors > UINT16_MAX)
		return pvn_err(err, -EFBIG,
			       "core.img is too large for its partition");
	put_le(core + CORE_LIST, core_lba + 1, 8);
	put_le(core + CORE_LIST + 8, sectors - 1, 2);
	put_le(core + CORE_LIST + 10, CORE_SEGMENT, 2);
	return 0;
}

static uint64_t get_le(const uint8_t *p, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i--;)
		value = value << 8 | p[i];
	return value;
}

uint64_t grub_core_place(const uint8_t sector[BOOT_SECTOR_SIZE],
			 uint64_t part_lba, uint64_t part_sectors, bool next)
{
	const uint64_t second = part_lba + part_sectors / 2;
	const uint64_t now = get_le(sector + BOOT_CORE_LBA, 8);

	if (now != part_lba && now != second) /* none of ours yet */
		return part_lba;
	if (!next)
		return now;
	return now == part_lba ? second : part_lba;
}

/* Write @len bytes at byte @at of the device @path, and read them back; or only compare. */
static int put_and_check(const char *path, const uint8_t *data, size_t len,
			 uint64_t at, bool only_verify, struct pvn_err *err)
{
	autofree uint8_t *back = xcalloc(1, len);
	autoclose int fd = device_open(path, false, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = only_verify ? 0 : write_at(fd, data, len, (off_t)at, path, err);
	if (!rc)
		rc = device_sync(fd, path, err);
	if (!rc)
		rc = read_at(fd, back, len, (off_t)at, path, err);
	if (!rc && memcmp(back, data, len))
		rc = pvn_err(err, -EIO, "'%s' does not hold what was written",
			     path);
	return rc;
}

static int read_sector(const char *path, uint8_t sector[BOOT_SECTOR_SIZE],
		       struct pvn_err *err)
{
	autoclose int fd = device_open(path, false, err);

	return fd < 0 ? fd
		      : read_at(fd, sector, BOOT_SECTOR_SIZE, 0, path, err);
}

/* The partition has room for two core images, and one sector says which counts: a power cut leaves the
 * old one or the new one. */
int grub_install_bios(const struct install *in, bool only_verify,
		      struct pvn_err *err)
{
	autofree char *boot_path =
		xasprintf("%s/boot/grub/install/boot.img", in->slot_dir);
	autofree char *core_path =
		xasprintf("%s/boot/grub/install/core.img", in->slot_dir);
	const struct part *p = &in->layout.part[PART_BIOS];
	uint64_t lba = p->start / 512, place = lba;
	autofree uint8_t *boot = NULL;
	autofree uint8_t *core = NULL;
	uint8_t sector[BOOT_SECTOR_SIZE];
	size_t boot_len;
	size_t core_len;
	int rc = file_read_bytes(boot_path, &boot, &boot_len, err);

	if (!rc)
		rc = file_read_bytes(core_path, &core, &core_len, err);
	if (!rc)
		rc = read_sector(in->disk->path, sector, err);
	if (!rc) {
		place = grub_core_place(sector, lba, p->size / 512,
					!only_verify);
		rc = grub_patch_core(core, core_len, place, p->size / 2, err);
	}
	if (!rc)
		rc = grub_patch_boot(sector, boot, boot_len, place, err);
	if (!rc)
		rc = put_and_check(in->part[PART_BIOS], core, core_len,
				   (place - lba) * 512, only_verify, err);
	if (!rc)
		rc = put_and_check(in->disk->path, sector, sizeof(sector), 0,
				   only_verify, err);
	return rc;
}
