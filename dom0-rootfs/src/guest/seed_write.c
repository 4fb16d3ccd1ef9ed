/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed_write.c: put a seed's files on a FAT volume: a new one, or one that is mounted.
 *
 * The volume is mounted in a child with a mount namespace of its own: when the
 * child is gone, for whatever reason, so is the mount. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "child.h"
#include "seed.h"
#include "seed_fat.h"

#define N_FILES 4
#define RANDOM_BYTES 32 /* what Linux wants before it gives any away */

struct file_set {
	char random[2 * RANDOM_BYTES + 2];
	struct fat_file v[N_FILES];
};

/* A guest that wakes up for the first time knows nothing that others don't, and its ssh would
 * wait for that: it is given something, new for each. */
static int list_files(const struct seed *seed, struct file_set *set,
		      struct pvn_err *err)
{
	unsigned char random[RANDOM_BYTES];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return pvn_err_errno(err, errno, "no random numbers");
	for (size_t i = 0; i < sizeof(random); i++)
		sprintf(set->random + 2 * i, "%02x", random[i]);
	strcat(set->random, "\n");
	set->v[0] = (struct fat_file){ "meta-data", seed->meta_data };
	set->v[1] = (struct fat_file){ "user-data", seed->user_data };
	set->v[2] = (struct fat_file){ "network-config", seed->network_config };
	set->v[3] = (struct fat_file){ "random-seed", set->random };
	return 0;
}

int seed_put_files(const void *arg, const char *dir, struct pvn_err *err)
{
	struct file_set set = { 0 };
	int rc = list_files(arg, &set, err);

	for (size_t i = 0; !rc && i < N_FILES; i++) {
		autofree char *path = xasprintf("%s/%s", dir, set.v[i].name);

		rc = file_write(path, set.v[i].text, 0600, err);
	}
	return rc;
}

typedef int work_fn(const void *arg, const char *dir, struct pvn_err *err);

struct mounted {
	const char *device;
	work_fn *work;
	const void *arg;
};

/* In the child. */
static int mount_and_work(void *arg, struct pvn_err *err)
{
	const struct mounted *m = arg;
	int rc = child_own_mounts(err);

	if (rc)
		return rc;
	if (mount(m->device, CHILD_MOUNT, "vfat",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, "umask=077"))
		return pvn_err_errno(err, errno, "cannot mount '%s'",
				     m->device);
	rc = m->work(m->arg, CHILD_MOUNT, err);
	if (umount(CHILD_MOUNT) && !rc)
		rc = pvn_err_errno(err, errno, "cannot unmount '%s'",
				   m->device);
	return rc;
}

int seed_mounted(const char *device, work_fn *work, const void *arg,
		 struct pvn_err *err)
{
	autofree char *what = xasprintf("the writer of '%s'", device);
	struct mounted mounted = { device, work, arg };

	return child_run(what, mount_and_work, &mounted, sizeof(mounted), NULL,
			 err);
}

/* Bytes and sector size of a volume; of a file, as for a disk of 512. */
static int measure(int fd, const char *device, size_t *size_r, size_t *sector_r,
		   struct pvn_err *err)
{
	off_t end = lseek(fd, 0, SEEK_END);
	int sector = 512;

	if (end < 0 || (ioctl(fd, BLKSSZGET, &sector) && errno != ENOTTY))
		return pvn_err_errno(err, errno,
				     "cannot ask for the size of '%s'", device);
	*size_r = (size_t)end;
	*sector_r = (size_t)sector;
	return 0;
}

int seed_write(const struct seed *seed, const char *device, struct pvn_err *err)
{
	struct file_set set = { 0 };
	autoclose int fd = open(device, O_WRONLY | O_CLOEXEC);
	autofree char *image = NULL;
	size_t size = 0, sector = 0, used = 0;
	int rc;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", device);
	rc = measure(fd, device, &size, &sector, err);
	if (!rc)
		rc = list_files(seed, &set, err);
	if (!rc)
		rc = seed_fat_make(size, sector, set.v, N_FILES, &image, &used,
				   err);
	if (!rc)
		rc = write_at(fd, image, used, 0, device, err);
	if (!rc && fsync(fd))
		rc = pvn_err_errno(err, errno, "cannot write to '%s'", device);
	return rc;
}
