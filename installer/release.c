/* SPDX-License-Identifier: GPL-2.0-or-later */
/* release.c: stops what is built on a disk: volumes, arrays, encryption. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "install.h"
#include "run.h"

static int check_free(const char *dev, struct pvn_err *err)
{
	autofree char *path = xasprintf("/sys/class/block/%s/holders", dev);
	DIR *dir = opendir(path);
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return 0;
	while (!rc && (e = readdir(dir))) {
		if (e->d_name[0] != '.')
			rc = pvn_err(err, -EBUSY, "'%s' is still used by '%s'",
				     dev, e->d_name);
	}
	closedir(dir);
	return rc;
}

/* "vg--0-one" is what the kernel calls the volume "vg-0/one". Caller frees. */
char *release_volume_path(const char *dm_name)
{
	char *path = xasprintf("/dev/%s", dm_name);
	char *to = path + strlen("/dev/");

	for (const char *p = to; *p; p++) {
		bool doubled = p[0] == '-' && p[1] == '-';

		*to++ = *p == '-' && !doubled ? '/' : *p;
		p += doubled;
	}
	*to = '\0';
	return path;
}

/* LVM's names of a volume stay when it is not LVM that stops it. A folder with others in it does, too. */
static void remove_links(const char *dm_name)
{
	autofree char *path = release_volume_path(dm_name);
	autofree char *node = xasprintf("/dev/mapper/%s", dm_name);
	char to[PATH_MAX];
	ssize_t len = readlink(path, to, sizeof(to) - 1);

	to[len > 0 ? len : 0] = '\0';
	if (strcmp(to, node) || unlink(path))
		return;
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static int stop_volume(const char *dev, const char *devno, struct pvn_err *err)
{
	autofree char *path = xasprintf("/sys/class/block/%s/dm/name", dev);
	autofree char *name = file_read_line(path);
	autofree char *major = xstrdup(devno);
	char *minor = strchr(major, ':');
	int rc;

	*minor++ = '\0';
	rc = PVN_RUN(err, "dmsetup", "remove", "--major", major, "--minor",
		     minor);
	if (!rc && name)
		remove_links(name);
	return rc;
}

/* By the kernel's name: what LVM or mdadm would call it may be there twice. */
static int stop(const char *dev, struct pvn_err *err)
{
	autofree char *path = xasprintf("/sys/class/block/%s/dev", dev);
	autofree char *node = xasprintf("/dev/%s", dev);
	autofree char *devno = file_read_line(path);

	if (!strncmp(dev, "md", 2))
		return PVN_RUN(err, "mdadm", "--stop", node);
	if (strncmp(dev, "dm-", 3) || !devno || !strchr(devno, ':'))
		return pvn_err(err, -EBUSY, "'%s' can't be stopped", node);
	return stop_volume(dev, devno, err);
}

/* What nothing is built on goes first; then that which it was built on is free, and so on. An array
 * in a container frees nothing that shows, but the container can't be stopped before. */
static int stop_all(const struct strlist *holders, struct pvn_err *err)
{
	size_t before = SIZE_MAX;
	size_t left = holders->n;
	int failed = 0;

	while (left && left < before) {
		before = left;
		left = 0;
		for (size_t i = holders->n; i-- > 0;) {
			const char *dev = holders->v[i];
			int rc = device_is_there(dev) ? check_free(dev, err)
						      : 0;

			if (!rc && device_is_there(dev))
				rc = stop(dev, err);
			if (rc) {
				failed = rc;
				left++;
			}
		}
	}
	return left ? failed : 0;
}

int release_disk(const struct disk *disk, struct pvn_err *err)
{
	int rc = stop_all(&disk->holders, err);

	if (!rc)
		rc = check_free(disk->name, err);
	for (size_t i = 0; !rc && i < disk->parts.n; i++)
		rc = check_free(disk->parts.v[i], err);
	return rc;
}
