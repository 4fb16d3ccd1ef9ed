/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grow.c: the first start of a host whose disk was written from an image: the partition table takes
 * all of the disk, and the pool is made.
 *
 * Cut off at any moment, it is done again at the next start: the note that asks for it goes last, and
 * of the two copies of the table one is whole (the kernel is told to take either, 'gpt' in slot.cfg). */
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "file.h"
#include "grow.h"
#include "run.h"

#define NOTE "/state/" GROW_NOTE

static int find_disk(struct grow *g, struct pvn_err *err)
{
	const char *dev = strrchr(g->in.part[PART_GUESTS], '/') + 1;
	autofree char *below = xasprintf("/sys/class/block/%s", dev);
	autofree char *real = realpath(below, NULL);
	char *name;

	if (!real || !device_number(dev, "partition"))
		return pvn_err(err, -ENODEV, "'%s' is no partition",
			       g->in.part[PART_GUESTS]);
	*strrchr(real, '/') = '\0';
	name = strrchr(real, '/') + 1;
	g->disk.name = xstrdup(name);
	g->disk.path = xasprintf("/dev/%s", name);
	/* sysfs counts in 512 bytes, whatever the disk's sectors */
	g->disk.size = device_number(name, "size") * 512;
	g->in.layout.part[PART_GUESTS].start =
		device_number(dev, "start") * 512;
	return 0;
}

int grow_look(struct grow *g, const char *guests, const char *id,
	      struct pvn_err *err)
{
	struct part *p = &g->in.layout.part[PART_GUESTS];
	int rc;

	*g = (struct grow){
		.in = { .disk_fd = -1, .source_fd = -1, .slot_fd = -1 }
	};
	snprintf(g->in.id, sizeof(g->in.id), "%s", id);
	g->in.vg = xasprintf("pvn_%s", id);
	g->in.part[PART_GUESTS] = xstrdup(guests);
	g->in.guests = xstrdup(guests);
	if (*guests != '/')
		return pvn_err(err, -EINVAL, "'%s': expected /dev/NAME",
			       guests);
	rc = find_disk(g, err);
	if (rc)
		return rc;
	g->in.disk = &g->disk;
	if (g->disk.size < DISK_SIZE_MIN)
		return pvn_err(err, PVN_REFUSED,
			       "'%s' is smaller than 4 GiB: no room for guests",
			       g->disk.path);
	p->size = layout_end(g->disk.size) - p->start;
	pool_layout_make(&g->in.pool, p->size);
	return 0;
}

/* The kernel need not let go of the disk's other partitions for it. */
static int tell_kernel(const struct grow *g, int fd, struct pvn_err *err)
{
	const struct part *p = &g->in.layout.part[PART_GUESTS];
	struct blkpg_partition part = {
		.start = (long long)p->start,
		.length = (long long)p->size,
		.pno = PART_GUESTS + 1,
	};
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_RESIZE_PARTITION,
		.datalen = sizeof(part),
		.data = &part,
	};

	if (ioctl(fd, BLKPG, &arg))
		return pvn_err_errno(err, errno,
				     "the kernel can't enlarge '%s'",
				     g->in.part[PART_GUESTS]);
	return 0;
}

static int run_table(void *ctx, struct pvn_err *err)
{
	struct grow *g = ctx;
	/* in that order, the copy at the disk's end first, whatever the power does */
	autoclose int fd = open(g->disk.path, O_RDWR | O_DSYNC | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'",
				     g->disk.path);
	rc = gpt_grow(fd, g->disk.path, &g->in.layout.part[PART_GUESTS], err);
	if (!rc)
		rc = tell_kernel(g, fd, err);
	return rc ? rc
		  : device_wait_part(g->disk.name, g->in.part[PART_GUESTS],
				     &g->in.layout.part[PART_GUESTS], err);
}

/* Guests come after the note is gone: a pool that is whole has none, and one that is not can go. */
static int run_pool(void *ctx, struct pvn_err *err)
{
	struct grow *g = ctx;
	struct install *in = &g->in;
	struct pvn_err why = { 0 };
	int rc;

	if (!pool_verify(in, &why))
		return 0;
	rc = pool_deactivate(in, err);
	if (!rc) {
		const char *path = in->part[PART_GUESTS];
		autoclose int fd = device_open(path, true, err);

		rc = fd < 0 ? fd
			    : wipe_range(fd, path, 0,
					 in->layout.part[PART_GUESTS].size,
					 err);
		if (!rc)
			rc = device_sync(fd, path, err);
	}
	if (!rc)
		rc = pool_make(in, err);
	return rc ? rc : pool_verify(in, err);
}

static int run_done(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	if (unlink(NOTE) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '" NOTE "'");
	return PVN_RUN(err, "sync", "/state");
}

void grow_plan(struct grow *g)
{
	const char *dev = g->in.part[PART_GUESTS];
	char size[16];

	plan_add(&g->steps, "table", run_table, NULL,
		 "enlarge '%s' to %s, the end of '%s'", dev,
		 size_print(g->in.layout.part[PART_GUESTS].size, size),
		 g->disk.path);
	plan_add(&g->steps, "pool", run_pool, NULL,
		 "make volume group '%s' on '%s' with a thin pool of %s, "
		 "unless it is there",
		 g->in.vg, dev, size_print(g->in.pool.data, size));
	plan_add(&g->steps, "done", run_done, NULL, "remove '" NOTE "'");
}

void grow_free(struct grow *g)
{
	plan_free(&g->steps);
	free(g->disk.name);
	free(g->disk.path);
	install_free(&g->in);
}
