/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wipe.c: nothing on a disk is to be recognised as what it was before.
 *
 * A superblock at either end is zeroed with the MiB that it is in: md's lie in the last 128 KiB, or
 * the first 8, ZFS' four labels in 512 KiB at each end. libblkid erases what it still finds, which is not
 * btrfs' copies, at fixed places. That is done for the disk
 * and for all that any old table calls a partition, whether or not the table is whole: a checksum that is
 * wrong makes a partition none for the kernel, and its superblock no less alive. */
#include <blkid/blkid.h>
#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <string.h>

#include "bytes.h"
#include "file.h"
#include "gpt_header.h"
#include "install.h"

#define SIGNATURES_MAX 512 /* more than any range can have */

/* What old tables call partitions. All tables are read before anything is wiped: one may lie in what
 * another calls a partition. */
struct finding {
	int fd;
	const char *path;
	uint64_t size; /* the disk's */
	struct part *parts;
	size_t n;
};

static void drop_probe(blkid_probe *pr)
{
	blkid_free_probe(*pr);
}

static void drop_context(struct fdisk_context **cxt)
{
	fdisk_unref_context(*cxt);
}

static void drop_table(struct fdisk_table **tb)
{
	fdisk_unref_table(*tb);
}

#define auto_probe __attribute__((cleanup(drop_probe)))
#define auto_context __attribute__((cleanup(drop_context)))
#define auto_table __attribute__((cleanup(drop_table)))

/* Some have copies far from the ends: LUKS2 up to 4 MiB in. */
static int wipe_signatures(int fd, const char *path, uint64_t start,
			   uint64_t size, struct pvn_err *err)
{
	auto_probe blkid_probe pr = blkid_new_probe();
	int r;

	if (!pr || blkid_probe_set_device(pr, fd, (blkid_loff_t)start,
					  (blkid_loff_t)size))
		return pvn_err(err, -EIO, "cannot look into '%s'", path);
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_MAGIC |
						      BLKID_SUBLKS_TYPE |
						      BLKID_SUBLKS_BADCSUM);
	for (int i = 0; !(r = blkid_do_probe(pr)); i++) {
		if (i == SIGNATURES_MAX || blkid_do_wipe(pr, 0))
			return pvn_err(err, -EIO,
				       "cannot erase what was found on '%s'",
				       path);
	}
	return r < 0 ? pvn_err(err, -EIO, "cannot read '%s'", path) : 0;
}

/* What 'btrfs rescue' would make a file system of again. The first is in the first MiB. */
static int wipe_btrfs_copies(int fd, const char *path, uint64_t start,
			     uint64_t size, struct pvn_err *err)
{
	static const uint64_t copies[] = { 64 * MIB, 256 * GIB };
	static const char zeros[4096];
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(copies) / sizeof(*copies); i++) {
		char magic[8];

		if (copies[i] + sizeof(zeros) > size)
			break;
		rc = read_at(fd, magic, sizeof(magic),
			     (off_t)(start + copies[i] + 64), path, err);
		if (!rc && !memcmp(magic, "_BHRfS_M", sizeof(magic)))
			rc = write_at(fd, zeros, sizeof(zeros),
				      (off_t)(start + copies[i]), path, err);
	}
	return rc;
}

int wipe_range(int fd, const char *path, uint64_t start, uint64_t size,
	       struct pvn_err *err)
{
	autofree char *zeros = xcalloc(1, MIB);
	size_t n = size < MIB ? (size_t)size : MIB;
	int rc = write_at(fd, zeros, n, (off_t)start, path, err);

	if (!rc && size > MIB)
		rc = write_at(fd, zeros, MIB, (off_t)(start + size - MIB), path,
			      err);
	if (!rc)
		rc = wipe_btrfs_copies(fd, path, start, size, err);
	if (!rc)
		rc = wipe_signatures(fd, path, start, size, err);
	return rc ? rc : device_write_out(fd, path, err);
}

/* A damaged table may say anything. */
static void add_part(struct finding *f, uint64_t start, uint64_t size)
{
	if (!size || start >= f->size)
		return;
	if (size > f->size - start)
		size = f->size - start;
	f->parts = xrealloc(f->parts, (f->n + 1) * sizeof(*f->parts));
	f->parts[f->n++] = (struct part){ .start = start, .size = size };
}

/* All that libfdisk knows: MBR with its logical partitions, a GPT that is whole, and others. */
static int find_by_label(struct finding *f, unsigned int sector_size,
			 struct pvn_err *err)
{
	auto_context struct fdisk_context *cxt = NULL;
	auto_table struct fdisk_table *tb = NULL;
	int r = gpt_check_size(f->fd, f->path, sector_size, err);

	if (r == -EINVAL)
		return 0; /* find_in_gpt() reads as much of it as is sane */
	if (r)
		return r;
	cxt = fdisk_new_context();
	fdisk_disable_dialogs(cxt, 1);
	/* a file can't tell its sector size */
	fdisk_save_user_sector_size(cxt, sector_size, sector_size);
	r = fdisk_assign_device_by_fd(cxt, f->fd, f->path, 1);
	if (r)
		return pvn_err_errno(err, -r, "cannot read '%s'", f->path);
	if (!fdisk_has_label(cxt) || fdisk_get_partitions(cxt, &tb))
		return 0;
	for (size_t i = 0; i < fdisk_table_get_nents(tb); i++) {
		struct fdisk_partition *pa = fdisk_table_get_partition(tb, i);

		if (fdisk_partition_has_start(pa) &&
		    fdisk_partition_has_size(pa))
			add_part(f, fdisk_partition_get_start(pa) * sector_size,
				 fdisk_partition_get_size(pa) * sector_size);
	}
	return 0;
}

static void find_entries(struct finding *f, const uint8_t *entries, size_t n,
			 size_t step, unsigned int sector_size)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t first = le64(entries + i * step + 32);
		uint64_t last = le64(entries + i * step + 40);

		if (last && first <= last && last < f->size / sector_size)
			add_part(f, first * sector_size,
				 (last - first + 1) * sector_size);
	}
}

/* The GPT whose header is at the byte @at, whatever its checksums and the boot sector say. */
static int find_in_gpt(struct finding *f, uint64_t at, unsigned int sector_size,
		       struct pvn_err *err)
{
	autofree uint8_t *entries = NULL;
	struct gpt_header h;
	size_t n;
	int rc = gpt_header_read(f->fd, f->path, at, f->size, &h, err);

	if (rc || !h.found || !h.n || h.step < 128 || h.step > 4096 ||
	    h.entries >= f->size / sector_size)
		return rc;
	n = h.n < GPT_ENTRIES_MAX ? h.n : GPT_ENTRIES_MAX;
	if (n * h.step > f->size - h.entries * sector_size)
		return 0;
	entries = xcalloc(n, h.step);
	rc = read_at(f->fd, entries, n * h.step,
		     (off_t)(h.entries * sector_size), f->path, err);
	if (!rc)
		find_entries(f, entries, n, h.step, sector_size);
	return rc;
}

static int find_parts(struct finding *f, unsigned int sector_size,
		      struct pvn_err *err)
{
	/* a USB case may have shown the disk with other sectors */
	static const unsigned int sizes[] = { 512, 4096 };
	int rc = find_by_label(f, sector_size, err);

	for (size_t i = 0; !rc && i < 2; i++) {
		rc = find_in_gpt(f, sizes[i], sizes[i], err);
		if (!rc)
			rc = find_in_gpt(
				f, f->size / sizes[i] * sizes[i] - sizes[i],
				sizes[i], err);
	}
	return rc;
}

int wipe_old(int fd, const char *path, uint64_t size, unsigned int sector_size,
	     struct pvn_err *err)
{
	struct finding f = { .fd = fd, .path = path, .size = size };
	int rc = find_parts(&f, sector_size, err);

	/* depth first */
	for (size_t i = 0; !rc && i < f.n; i++)
		rc = wipe_range(fd, path, f.parts[i].start, f.parts[i].size,
				err);
	free(f.parts);
	return rc ? rc : wipe_range(fd, path, 0, size, err);
}
