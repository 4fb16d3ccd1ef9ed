/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpt.c: erases old partition tables and writes ours, with libfdisk. */
#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "file.h"
#include "gpt_header.h"
#include "install.h"

static void drop_context(struct fdisk_context **cxt)
{
	fdisk_unref_context(*cxt);
}

static void drop_table(struct fdisk_table **tb)
{
	fdisk_unref_table(*tb);
}

static void drop_partition(struct fdisk_partition **pa)
{
	fdisk_unref_partition(*pa);
}

static void drop_type(struct fdisk_parttype **type)
{
	fdisk_unref_parttype(*type);
}

#define auto_context __attribute__((cleanup(drop_context)))
#define auto_table __attribute__((cleanup(drop_table)))
#define auto_partition __attribute__((cleanup(drop_partition)))
#define auto_type __attribute__((cleanup(drop_type)))

static int assign(struct fdisk_context *cxt, int fd, const char *path,
		  unsigned int sector_size, bool read_only, struct pvn_err *err)
{
	int r = gpt_check_size(fd, path, sector_size, err);

	if (r)
		return r;
	fdisk_disable_dialogs(cxt, 1);
	/* a file can't tell its sector size */
	fdisk_save_user_sector_size(cxt, sector_size, sector_size);
	r = fdisk_assign_device_by_fd(cxt, fd, path, read_only);
	if (r)
		return pvn_err_errno(err, -r, "cannot read '%s'", path);
	return 0;
}

/* A BIOS starts what is in the boot sector, were it zeros, and hangs. This says so
 * and has the BIOS go on (interrupt 0x18). Loaded at 0x7c00; text from 0x1b. */
static const char no_system[BOOT_CODE_SIZE] =
	"\x31\xc0" /* xor ax, ax */
	"\x8e\xd8" /* mov ds, ax */
	"\xbe\x1b\x7c" /* mov si, text */
	"\xfc" /* cld */
	"\xac" /* next: lodsb */
	"\x84\xc0" /* test al, al */
	"\x74\x09" /* jz done */
	"\xb4\x0e" /* mov ah, 0x0e */
	"\xbb\x07\x00" /* mov bx, 7 */
	"\xcd\x10" /* int 0x10 */
	"\xeb\xf2" /* jmp next */
	"\xcd\x18" /* done: int 0x18 */
	"\xf4" /* hang: hlt */
	"\xeb\xfd" /* jmp hang */
	"There is no whole Paravane on this disk that BIOS can start.\r\n";

int gpt_unboot(int fd, const char *path, struct pvn_err *err)
{
	return write_at(fd, no_system, sizeof(no_system), 0, path, err);
}

int gpt_wipe_old(int fd, const char *path, uint64_t size,
		 unsigned int sector_size, struct pvn_err *err)
{
	/* first of all: whatever comes, the old system must not boot */
	int rc = gpt_unboot(fd, path, err);

	if (!rc)
		rc = wipe_old(fd, path, size, sector_size, err);
	return rc ? rc : device_sync(fd, path, err);
}

static int add_part(struct fdisk_context *cxt, const struct layout *layout,
		    enum part_role role, const char *id, struct pvn_err *err)
{
	auto_partition struct fdisk_partition *pa = fdisk_new_partition();
	auto_type struct fdisk_parttype *type =
		fdisk_label_get_parttype_from_string(fdisk_get_label(cxt, NULL),
						     part_type(layout, role));
	autofree char *name = part_name(layout, role, id);
	const struct part *p = &layout->part[role];
	size_t number;
	int r;

	fdisk_partition_set_partno(pa, (size_t)role);
	fdisk_partition_set_start(pa, p->start / layout->sector_size);
	fdisk_partition_set_size(pa, p->size / layout->sector_size);
	fdisk_partition_set_name(pa, name);
	fdisk_partition_set_type(pa, type);
	r = fdisk_add_partition(cxt, pa, &number);
	if (r)
		return pvn_err_errno(err, -r, "cannot add partition '%s'",
				     name);
	return 0;
}

static int reread(int fd, const char *path, struct pvn_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return pvn_err_errno(err, errno, "cannot look at '%s'", path);
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKRRPART))
		return pvn_err_errno(err, errno,
				     "the kernel can't take the new partition "
				     "table of '%s'",
				     path);
	return 0;
}

int gpt_write(int fd, const char *path, const struct layout *layout,
	      const char *id, struct pvn_err *err)
{
	auto_context struct fdisk_context *cxt = fdisk_new_context();
	int rc = 0;
	int r;

	/* old superblocks come back to life where a new partition starts at the
	 * same place as an old one: gone before the table is there */
	for (size_t i = 0; !rc && i < N_PARTS; i++)
		rc = wipe_range(fd, path, layout->part[i].start,
				layout->part[i].size, err);
	if (!rc)
		rc = assign(cxt, fd, path, layout->sector_size, false, err);
	if (rc)
		return rc;
	r = fdisk_create_disklabel(cxt, "gpt");
	if (r)
		return pvn_err_errno(err, -r, "cannot make a GPT for '%s'",
				     path);
	for (unsigned int i = 0; !rc && i < N_PARTS; i++)
		rc = add_part(cxt, layout, i, id, err);
	if (rc)
		return rc;
	r = fdisk_write_disklabel(cxt);
	if (r)
		return pvn_err_errno(err, -r, "cannot write the GPT of '%s'",
				     path);
	rc = gpt_unboot(fd, path, err);
	if (!rc)
		rc = device_sync(fd, path, err);
	return rc ? rc : reread(fd, path, err);
}

/* What is in the table, but for the last partition's size. */
static int read_table(int fd, const char *path, const struct part *last,
		      struct fdisk_table **tb, char **id_r, struct pvn_err *err)
{
	auto_context struct fdisk_context *cxt = fdisk_new_context();
	struct fdisk_partition *pa;
	int rc = assign(cxt, fd, path, 512, true, err);

	if (rc)
		return rc;
	if (!fdisk_is_label(cxt, GPT) || fdisk_get_partitions(cxt, tb) ||
	    fdisk_table_get_nents(*tb) != N_PARTS)
		return pvn_err(err, -EINVAL,
			       "'%s' has no GPT with %d partitions", path,
			       N_PARTS);
	pa = fdisk_table_get_partition_by_partno(*tb, PART_GUESTS);
	if (!pa || fdisk_partition_get_start(pa) != last->start / 512)
		return pvn_err(err, -EINVAL,
			       "partition %d of '%s' is not where it should be",
			       PART_GUESTS + 1, path);
	fdisk_partition_set_size(pa, last->size / 512);
	fdisk_get_disklabel_id(cxt, id_r);
	return 0;
}

/* Takes the id that was read instead of the random one. */
static int ask_id(struct fdisk_context *cxt, struct fdisk_ask *ask, void *data)
{
	(void)cxt;
	if (fdisk_ask_get_type(ask) != FDISK_ASKTYPE_STRING)
		return 0;
	return fdisk_ask_string_set_result(ask, xstrdup(data));
}

int gpt_grow(int fd, const char *path, const struct part *p,
	     struct pvn_err *err)
{
	auto_context struct fdisk_context *cxt = fdisk_new_context();
	auto_table struct fdisk_table *tb = NULL;
	autofree char *id = NULL;
	int rc = read_table(fd, path, p, &tb, &id, err);
	int r;

	if (!rc)
		rc = assign(cxt, fd, path, 512, false, err);
	if (rc)
		return rc;
	/* a new one knows where this disk ends; it is written the copy first */
	r = fdisk_enable_bootbits_protection(cxt, 1);
	if (!r)
		r = fdisk_create_disklabel(cxt, "gpt");
	if (!r)
		r = fdisk_set_ask(cxt, ask_id, id);
	if (!r)
		r = fdisk_disable_dialogs(cxt, 0);
	if (!r)
		r = fdisk_set_disklabel_id(cxt);
	if (!r)
		r = fdisk_disable_dialogs(cxt, 1);
	if (!r)
		r = fdisk_apply_table(cxt, tb);
	if (!r)
		r = fdisk_write_disklabel(cxt);
	if (r)
		return pvn_err_errno(err, -r, "cannot enlarge the GPT of '%s'",
				     path);
	return device_sync(fd, path, err);
}

static bool part_is(const struct fdisk_partition *pa_in,
		    const struct layout *layout, enum part_role role,
		    const char *id)
{
	struct fdisk_partition *pa = (struct fdisk_partition *)pa_in;
	autofree char *want = part_name(layout, role, id);
	const char *name = fdisk_partition_get_name(pa);
	struct fdisk_parttype *type = fdisk_partition_get_type(pa);
	const struct part *p = &layout->part[role];

	return fdisk_partition_get_start(pa) ==
		       p->start / layout->sector_size &&
	       fdisk_partition_get_size(pa) == p->size / layout->sector_size &&
	       name && !strcmp(name, want) && type &&
	       !strcasecmp(fdisk_parttype_get_string(type),
			   part_type(layout, role));
}

int gpt_part_guid(int fd, const char *path, unsigned int sector_size,
		  enum part_role role, char guid_r[40], struct pvn_err *err)
{
	auto_context struct fdisk_context *cxt = fdisk_new_context();
	auto_partition struct fdisk_partition *pa = NULL;
	const char *guid = NULL;
	int rc = assign(cxt, fd, path, sector_size, true, err);

	if (rc)
		return rc;
	if (!fdisk_get_partition(cxt, (size_t)role, &pa))
		guid = fdisk_partition_get_uuid(pa);
	if (!guid)
		return pvn_err(err, -EIO, "partition %d of '%s' has no GUID",
			       role + 1, path);
	snprintf(guid_r, 40, "%s", guid);
	return 0;
}

int gpt_verify(int fd, const char *path, const struct layout *layout,
	       const char *id, struct pvn_err *err)
{
	auto_context struct fdisk_context *cxt = fdisk_new_context();
	int rc = assign(cxt, fd, path, layout->sector_size, true, err);

	if (rc)
		return rc;
	if (!fdisk_is_label(cxt, GPT))
		return pvn_err(err, -EIO, "no GPT on '%s'", path);
	/* "changed" by reading: one of the two copies was bad, and was mended in
	 * memory from the other */
	if (fdisk_label_is_changed(fdisk_get_label(cxt, NULL)) ||
	    fdisk_verify_disklabel(cxt))
		return pvn_err(err, -EIO, "the GPT of '%s' is damaged", path);
	for (unsigned int i = 0; i < N_PARTS; i++) {
		auto_partition struct fdisk_partition *pa = NULL;

		if (fdisk_get_partition(cxt, i, &pa) ||
		    !part_is(pa, layout, i, id))
			return pvn_err(err, -EIO,
				       "partition %u of '%s' is not as written",
				       i + 1, path);
	}
	return 0;
}

int gpt_erase(int fd, const char *path, uint64_t size, struct pvn_err *err)
{
	struct pvn_err ignored;
	int rc = wipe_range(fd, path, 0, size, err);

	if (!rc)
		rc = device_sync(fd, path, err);
	/* the disk is clean already; the kernel's view of it goes at reboot */
	reread(fd, path, &ignored);
	return rc;
}
