/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c: block devices: waiting for them, opening, flushing, mounting. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "file.h"
#include "install.h"
#include "run.h"

#define WAIT_SECONDS 30

uint64_t device_number(const char *dev, const char *file)
{
	autofree char *path = xasprintf("/sys/class/block/%s/%s", dev, file);
	autofree char *text = file_read_line(path);

	return text ? strtoull(text, NULL, 10) : 0;
}

bool device_is_there(const char *dev)
{
	autofree char *path = xasprintf("/sys/class/block/%s", dev);

	return file_exists(path);
}

bool device_is_lost(const struct disk *disk)
{
	autoclose int fd = open(disk->path, O_RDONLY | O_CLOEXEC);

	return fd < 0 && (errno == ENXIO || errno == ENODEV || errno == ENOENT);
}

/* Is it there, a partition of @disk, where it should be, and can be opened? */
static bool is_part(const char *disk, const char *path, const struct part *p)
{
	const char *name = strrchr(path, '/') + 1;
	autofree char *below =
		xasprintf("/sys/class/block/%s/%s/partition", disk, name);
	autoclose int fd = -1;
	uint64_t size = 0;

	if (!file_exists(below) ||
	    device_number(name, "start") * 512 != p->start ||
	    device_number(name, "size") * 512 != p->size)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && !ioctl(fd, BLKGETSIZE64, &size) && size == p->size;
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

int device_wait_part(const char *disk, const char *path, const struct part *p,
		     struct pvn_err *err)
{
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	time_t end = now() + WAIT_SECONDS;

	if (fd >= 0)
		inotify_add_watch(fd, "/dev", IN_CREATE | IN_ATTRIB);
	while (!is_part(disk, path, p)) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		char events[4096];

		if (now() >= end)
			return pvn_err(err, -ETIMEDOUT,
				       "'%s' did not appear within %d seconds",
				       path, WAIT_SECONDS);
		/* /dev tells when a node comes; sysfs must be looked at */
		if (poll(&pfd, 1, 100) > 0 &&
		    read(fd, events, sizeof(events)) < 0 && errno != EAGAIN)
			pvn_log("inotify: %s", strerror(errno));
	}
	return 0;
}

int device_open(const char *path, bool alone, struct pvn_err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (alone ? O_EXCL : 0));
	struct stat st;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", path);
	if (!fstat(fd, &st) && (S_ISBLK(st.st_mode) || S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	return pvn_err(err, -ENOTBLK, "'%s' is no disk, partition or image",
		       path);
}

int device_write_out(int fd, const char *path, struct pvn_err *err)
{
	if (sync_file_range(fd, 0, 0,
			    SYNC_FILE_RANGE_WAIT_BEFORE |
				    SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER))
		return pvn_err_errno(err, errno, "cannot write '%s'", path);
	return 0;
}

int device_sync(int fd, const char *path, struct pvn_err *err)
{
	if (fsync(fd))
		return pvn_err_errno(err, errno, "cannot write '%s'", path);
	/* a file knows no BLKFLSBUF */
	if (ioctl(fd, BLKFLSBUF, 0) && errno != ENOTTY)
		return pvn_err_errno(err, errno, "cannot flush '%s'", path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

int device_mount(const char *dev, const char *dir, const char *type,
		 unsigned long flags, const char *options, struct pvn_err *err)
{
	int rc = mkdir_p(dir, 0700, err);

	if (rc)
		return rc;
	pvn_log("mount %s on %s (%s, %s)", dev, dir, type, options);
	if (mount(dev, dir, type, flags | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  options))
		return pvn_err_errno(err, errno, "cannot mount '%s' (%s)", dev,
				     type);
	return 0;
}

int device_unmount(const char *dir, struct pvn_err *err)
{
	pvn_log("umount %s", dir);
	if (umount2(dir, UMOUNT_NOFOLLOW) && errno != EINVAL && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot unmount '%s'", dir);
	return 0;
}
