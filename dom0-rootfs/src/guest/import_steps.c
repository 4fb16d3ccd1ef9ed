/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import_steps.c: what the steps of an import do. Reading takes long: meanwhile
 * the lock is given back; the volumes, which are there by then, keep the guest's
 * name. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <linux/fs.h>
#include "../lib/file.h"
#include "../lib/run.h"
#include "../lib/size.h"
#include "child.h"
#include "host.h"
#include "image_convert.h"
#include "image_out.h"
#include "import.h"
#include "progress.h"
#include "signals.h"
#include "tar_unpack.h"
#include "unfinished.h"

#define PIECE (256 * 1024)
#define SECTOR 512

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + VOLUME_EXTENT - 1) / VOLUME_EXTENT * VOLUME_EXTENT;
}

static char *device(const struct import *im, const char *volume)
{
	return xasprintf("/dev/%s/%s", im->create.vg, volume);
}

/* Do the long part of a step without the lock. */
static int unlocked(struct import *im,
		    int (*fn)(struct import *im, struct pvn_err *err),
		    struct pvn_err *err)
{
	struct pvn_err other = { 0 };
	int rc = signals_check(err);

	if (rc)
		return rc;
	host_unlock();
	rc = fn(im, err);
	if (host_relock("guest import", &other) && !rc)
		rc = pvn_err(err, other.code, "%s", other.msg);
	return rc;
}

int step_import_volumes(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	const struct create *c = &im->create;
	int rc = signals_check(err);

	if (!rc)
		rc = unfinished_begin(c->name, err);
	if (!rc)
		rc = volume_create(c->vg, c->pool, c->disk, im->volume_bytes,
				   NULL, err);
	for (size_t i = 1; !rc && i < im->xva.n; i++) {
		autofree char *name =
			xasprintf("guest-%s-xvd%c", c->name, (char)('a' + i));

		rc = volume_create(c->vg, c->pool, name,
				   round_up(im->xva.disks[i].bytes), NULL, err);
	}
	return rc;
}

int undo_import_volumes(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	const struct create *c = &im->create;
	int rc = volume_remove(c->vg, c->disk, err);

	for (size_t i = 1; i < im->xva.n; i++) {
		autofree char *name =
			xasprintf("guest-%s-xvd%c", c->name, (char)('a' + i));
		struct pvn_err more = { 0 };

		if (volume_remove(c->vg, name, &more) && !rc)
			rc = pvn_err(err, more.code, "%s", more.msg);
	}
	if (!rc)
		unfinished_end(c->name);
	return rc;
}

int step_import_finish(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;

	(void)err;
	unfinished_end(im->create.name);
	return 0;
}

/* May so much be promised to the guest, now that it is known? */
static int admit(const struct import *im, uint64_t bytes, struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	const struct create *c = &im->create;
	struct pool_limits limits;
	const struct volume *pool;
	int rc = pool_limits_read(&limits, err);

	if (rc || im->size_known || !limits.overcommit)
		return rc;
	rc = volumes_read(c->vg, &volumes, err);
	pool = rc ? NULL : volumes_find(&volumes, c->pool);
	if (!pool)
		return rc;
	return pool_admit(&limits, pool,
			  pool_committed(&volumes) - im->volume_bytes, bytes,
			  err);
}

/* Give the guest's volume the size that the disk turned out to have, or the larger one that
 * was asked for. */
static int set_size(struct import *im, uint64_t bytes, struct pvn_err *err)
{
	struct create *c = &im->create;
	uint64_t wanted = im->no_more || im->size_known ? c->disk_bytes : 0;
	char want[16], have[16];
	int rc;

	if (im->no_more && bytes > wanted)
		return pvn_err(
			err, -EFBIG,
			"a disk of %s is too small for the image, which has %s",
			size_print(wanted, want), size_print(bytes, have));
	if (bytes > im->pool_bytes)
		return pvn_err(
			err, PVN_REFUSED,
			"the disk in '%s' has %s, which is more than the whole pool (%s)",
			im->name, size_print(bytes, want),
			size_print(im->pool_bytes, have));
	c->disk_bytes = round_up(bytes > wanted ? bytes : wanted);
	rc = admit(im, c->disk_bytes, err);
	if (rc || c->disk_bytes == im->volume_bytes)
		return rc;
	im->volume_bytes = c->disk_bytes;
	return volume_resize(c->vg, c->disk, c->disk_bytes, err);
}

static int copy(struct import *im, struct image_out *out, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, PIECE);
	ssize_t n;
	int rc = 0;

	out->gauge = &im->gauge;
	im->src.progress = progress_bytes;
	while (!rc && (n = image_src_read(&im->src, buf, PIECE, err)) != 0) {
		rc = n < 0 ? (int)n : image_out_add(out, buf, (size_t)n, err);
		if (!rc)
			rc = signals_check(err);
	}
	return rc ? rc : image_out_finish(out, err);
}

/* What is at the end of a fixed VHD is no part of the disk. */
static int cut_vhd_footer(struct image_out *out, uint64_t *size,
			  struct pvn_err *err)
{
	const char zero[sizeof(out->tail)] = { 0 };
	uint64_t bytes;
	int rc;

	if (*size <= sizeof(zero) || !image_is_vhd_footer(out->tail, &bytes) ||
	    bytes != *size - sizeof(zero))
		return 0;
	*size = bytes;
	rc = write_at(out->fd, zero, sizeof(zero), (off_t)bytes, out->name,
		      err);
	return rc ? rc : image_out_finish(out, err);
}

/* A partition table counts in sectors, and hardly any counts in others than of 512 bytes: on a disk with
 * larger ones nobody finds the partitions. */
static int check_sectors(const struct import *im, int fd, struct pvn_err *err)
{
	int sector = SECTOR;

	if (im->as_raw)
		return 0;
	if (ioctl(fd, BLKSSZGET, &sector))
		return pvn_err_errno(err, errno, "cannot ask for the sectors");
	if (sector == SECTOR)
		return 0;
	return pvn_err(
		err, PVN_REFUSED,
		"'%s' has partitions, in sectors of %d bytes, and the pool's disk has sectors of %d, so that no system would find them (import its root filesystem as a tar; '--raw' takes it as it is)",
		im->name, SECTOR, sector);
}

static int write_raw(struct import *im, struct pvn_err *err)
{
	autofree char *path = device(im, im->create.disk);
	auto_image_out struct image_out out = { 0 };
	uint64_t size;
	int rc = image_out_open(&out, path, im->create.chunk, err);

	if (rc)
		return rc;
	out.limit = im->volume_bytes;
	out.too_large = "the image is larger than the whole pool";
	if (im->info.boots)
		rc = check_sectors(im, out.fd, err);
	if (!rc)
		rc = copy(im, &out, err);
	if (rc)
		return rc;
	size = out.at;
	rc = cut_vhd_footer(&out, &size, err);
	if (!rc && size < im->info.least)
		rc = pvn_err(
			err, -EBADMSG,
			"'%s' ends too early: its partitions or its filesystem need %llu bytes, it has %llu",
			im->name, (unsigned long long)im->info.least,
			(unsigned long long)size);
	im->info.size = size;
	return rc;
}

int step_import_raw(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	int rc = unlocked(im, write_raw, err);

	return rc ? rc : set_size(im, im->info.size, err);
}

int step_import_spool_volume(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	struct create *c = &im->create;
	int rc = signals_check(err);

	if (!rc) /* of an import that was cut off */
		rc = volume_remove(c->vg, im->spool, err);
	return rc ? rc
		  : volume_create(c->vg, c->pool, im->spool, round_up(im->room),
				  NULL, err);
}

int undo_import_spool_volume(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;

	return volume_remove(im->create.vg, im->spool, err);
}

static int spool(struct import *im, struct pvn_err *err)
{
	autofree char *path = device(im, im->spool);
	auto_image_out struct image_out out = { 0 };
	int rc = image_out_open(&out, path, im->create.chunk, err);

	if (!rc)
		rc = copy(im, &out, err);
	im->spooled = out.at;
	return rc;
}

int step_import_spool(void *ctx, struct pvn_err *err)
{
	return unlocked(ctx, spool, err);
}

static int measure(struct import *im, const struct image_spool *image,
		   struct pvn_err *err)
{
	uint64_t data;
	char want[16], have[16];
	int rc = image_measure(image, &im->info.size, &data, err);

	if (!rc)
		rc = pool_gauge_look(&im->gauge, err);
	im->room = im->gauge.room;
	if (!rc && data > im->room)
		rc = pvn_err(
			err, PVN_REFUSED,
			"the disk in '%s' does not fit into the pool: it holds up to %s, there is room for %s",
			im->name, size_print(data, want),
			size_print(im->room, have));
	return rc;
}

/* Now that the disk is there: has it partitions, and so a kernel of its own? */
static int look_for_kernel(struct import *im, const char *path,
			   struct pvn_err *err)
{
	unsigned char head[4096];
	struct image_info info;
	struct pvn_err ignored;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", path);
	rc = read_at(fd, head, sizeof(head), 0, path, err);
	/* a disk that is nothing that we know is the guest's affair */
	if (rc ||
	    image_detect(head, sizeof(head), path, false, &info, &ignored))
		return rc;
	if (im->kernel_open)
		import_set_kernel(im, info.boots);
	return info.boots ? check_sectors(im, fd, err) : 0;
}

static int convert(struct import *im, struct pvn_err *err)
{
	autofree char *from = device(im, im->spool);
	autofree char *to = device(im, im->create.disk);
	const struct image_spool image = { .format = im->info.format,
					   .device = from,
					   .bytes = im->spooled,
					   .name = im->name };
	int rc = measure(im, &image, err);

	if (!rc)
		rc = set_size(im, im->info.size, err);
	if (!rc)
		rc = image_convert(&image, to, &im->gauge, err);
	return rc ? rc : look_for_kernel(im, to, err);
}

int step_import_convert(void *ctx, struct pvn_err *err)
{
	return unlocked(ctx, convert, err);
}

int step_import_format(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	autofree char *path = device(im, im->create.disk);
	int rc = signals_check(err);

	return rc ? rc : PVN_RUN(err, "mke2fs", "-q", "-F", "-t", "ext4", path);
}

struct unpacking {
	struct import *im;
	const char *device;
};

/* Programs and devices in there mean nothing to dom0. */
static int unpack_in_child(void *arg, struct pvn_err *err)
{
	struct unpacking *u = arg;
	autoclose int root = -1;
	int rc = child_isolate(err);

	if (rc)
		return rc;
	if (mount(u->device, CHILD_MOUNT, "ext4",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return pvn_err_errno(err, errno, "cannot mount '%s'",
				     u->device);
	if (chroot(CHILD_MOUNT) || chdir("/"))
		return pvn_err_errno(err, errno, "cannot enter '%s'",
				     CHILD_MOUNT);
	root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return pvn_err_errno(err, errno, "cannot open the filesystem");
	u->im->src.progress = progress_bytes;
	rc = child_keep_unpackers_rights(err);
	if (!rc)
		rc = tar_unpack(&u->im->tar, root, u->im->room, err);
	if (!rc && syncfs(root))
		rc = pvn_err_errno(err, errno, "cannot write '%s'", u->device);
	return rc;
}

static int watch_pool(void *gauge, struct pvn_err *err)
{
	return pool_gauge_look(gauge, err);
}

static int unpack(struct import *im, struct pvn_err *err)
{
	autofree char *path = device(im, im->create.disk);
	struct unpacking u = { .im = im, .device = path };
	const struct child_watch watch = { watch_pool, &im->gauge };

	return child_run("the unpacker", unpack_in_child, &u, sizeof(u), &watch,
			 err);
}

int step_import_unpack(void *ctx, struct pvn_err *err)
{
	return unlocked(ctx, unpack, err);
}

static int open_disks(struct import *im, char **paths, struct image_out *outs,
		      struct pvn_err *err)
{
	for (size_t i = 0; i < im->xva.n; i++) {
		autofree char *volume = xasprintf(
			"guest-%s-xvd%c", im->create.name, (char)('a' + i));
		int rc;

		paths[i] = device(im, volume);
		rc = image_out_open(&outs[i], paths[i], im->create.chunk, err);
		if (rc)
			return rc;
		outs[i].limit = im->xva.disks[i].bytes;
		outs[i].gauge = &im->gauge;
	}
	return 0;
}

static int write_xva(struct import *im, struct pvn_err *err)
{
	struct image_out outs[XVA_MAX_DISKS] = { 0 };
	char *paths[XVA_MAX_DISKS] = { 0 };
	int rc = open_disks(im, paths, outs, err);

	im->src.progress = progress_bytes;
	if (!rc)
		rc = xva_read_disks(&im->xva, outs, err);
	if (!rc)
		rc = look_for_kernel(im, paths[0], err);
	for (size_t i = 0; i < im->xva.n; i++) {
		image_out_close(&outs[i]);
		free(paths[i]);
	}
	return rc;
}

int step_import_xva(void *ctx, struct pvn_err *err)
{
	return unlocked(ctx, write_xva, err);
}
