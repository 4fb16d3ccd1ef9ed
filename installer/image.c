/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.c: an install into a file, by anybody: nothing is mounted.
 *
 * Each partition is a file of its own beside the image until all are full. What a real disk's
 * file systems get while they are mounted is put into a folder at the same place, which mkfs.ext4
 * and mtools take. The pool is left to the first boot, see grow.c. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "install.h"
#include "run.h"

int image_facts(struct facts *facts, const char *image, const char *iso,
		struct pvn_err *err)
{
	autoclose int fd =
		open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct disk *d;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot create '%s'", image);
	if (ftruncate(fd, IMAGE_SIZE))
		return pvn_err_errno(err, errno, "cannot write '%s'", image);
	facts->iso = xstrdup(iso);
	d = facts_add(facts, image);
	free(d->path);
	d->path = xstrdup(image);
	d->size = IMAGE_SIZE;
	d->sector_size = 512;
	return 0;
}

char *image_part(const char *image, enum part_role role)
{
	return xasprintf("%s.parts/%s", image, part_role_name(role));
}

static int make_parts(void *ctx, struct pvn_err *err)
{
	const struct install *in = ctx;
	autofree char *dir = xasprintf("%s.parts", in->disk->path);
	int rc = mkdir_p(dir, 0700, err);

	for (size_t i = 0; !rc && i < PART_GUESTS; i++) {
		autoclose int fd = open(in->part[i],
					O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
					0600);

		if (fd < 0 || ftruncate(fd, (off_t)in->layout.part[i].size))
			rc = pvn_err_errno(err, errno, "cannot create '%s'",
					   in->part[i]);
	}
	return rc;
}

static int remove_parts(void *ctx, struct pvn_err *err)
{
	const struct install *in = ctx;
	autofree char *dir = xasprintf("%s.parts", in->disk->path);

	return PVN_RUN(err, "rm", "-rf", dir, MNT_STATE, MNT_ESP);
}

void image_add_parts_step(struct install *in)
{
	plan_add(&in->steps, "parts", make_parts, remove_parts,
		 "make files for its partitions, '%s' to '%s'", in->part[0],
		 in->part[PART_STATE]);
}

int image_folder(const char *dir, struct pvn_err *err)
{
	int rc = PVN_RUN(err, "rm", "-rf", dir);

	return rc ? rc : mkdir_p(dir, 0755, err);
}

int image_fill_state(const struct install *in, struct pvn_err *err)
{
	autofree char *label = xasprintf("pvn-%s", in->id);
	/* the host's first start sees by it that there is no pool yet */
	int rc = file_write(MNT_STATE "/" GROW_NOTE, "", 0600, err);

	if (!rc)
		rc = PVN_RUN(err, "mkfs.ext4", "-q", "-F", "-L", label, "-d",
			     MNT_STATE, in->part[PART_STATE]);
	return rc ? rc : PVN_RUN(err, "rm", "-rf", MNT_STATE);
}

int image_fill_esp(const struct install *in, struct pvn_err *err)
{
	int rc = PVN_RUN(err, "mcopy", "-s", "-i", in->part[PART_ESP],
			 MNT_ESP "/grub", MNT_ESP "/EFI", "::");

	return rc ? rc : PVN_RUN(err, "rm", "-rf", MNT_ESP);
}

int image_read_esp(const struct install *in, struct pvn_err *err)
{
	int rc = image_folder(MNT_ESP, err);

	return rc ? rc
		  : PVN_RUN(err, "mcopy", "-s", "-i", in->part[PART_ESP],
			    "::grub", "::EFI", MNT_ESP "/");
}

/* What is a hole in the one stays one in the other. */
static int join(const struct install *in, int to, enum part_role role,
		struct pvn_err *err)
{
	const char *path = in->part[role];
	const off_t end = (off_t)in->layout.part[role].size;
	autofree char *buf = xcalloc(1, MIB);
	autoclose int from = device_open(path, false, err);
	int rc = from < 0 ? from : 0;

	for (off_t at = 0; !rc && at < end;) {
		off_t data = lseek(from, at, SEEK_DATA);
		size_t n;

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			return pvn_err_errno(err, errno, "cannot read '%s'",
					     path);
		at = data;
		n = end - at < (off_t)MIB ? (size_t)(end - at) : MIB;
		rc = read_at(from, buf, n, at, path, err);
		if (!rc)
			rc = write_at(to, buf, n,
				      (off_t)in->layout.part[role].start + at,
				      in->disk->path, err);
		at += (off_t)n;
	}
	return rc;
}

static int join_all(void *ctx, struct pvn_err *err)
{
	struct install *in = ctx;
	autoclose int to = device_open(in->disk->path, false, err);
	int rc = to < 0 ? to : 0;

	for (unsigned int i = 0; !rc && i < PART_GUESTS; i++)
		rc = join(in, to, i, err);
	if (!rc)
		rc = device_sync(to, in->disk->path, err);
	return rc ? rc : remove_parts(in, err);
}

void image_add_join_step(struct install *in)
{
	plan_add(&in->steps, "join", join_all, NULL,
		 "put the partitions into '%s'", in->disk->path);
}
