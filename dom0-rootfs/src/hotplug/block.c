/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block.c: connect a block device to a guest, unless that would let two write it.
 *
 * The rule: a device that someone may write is used by nobody else. Looking and
 * claiming (physical-device) are one critical section under a lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "../lib/mem.h"
#include "hotplug.h"

#define VBD_BASE "/local/domain/0/backend/vbd"

struct claim {
	const struct hotplug *hp;
	const char *dev; /* path of the block device */
	dev_t rdev;
	bool writable;
	char devno[32]; /* "major:minor" in hex, as blkback wants it */
	char *front; /* the guest's domain number */
	char *vm; /* its /vm/UUID path; NULL when not known */
};

static int list_nodes(struct xs_handle *xs, const char *path, char ***v_r)
{
	unsigned int n = 0;

	*v_r = xs_directory(xs, XBT_NULL, path, &n);
	return *v_r ? (int)n : 0;
}

/* The same guest under another domain number (a reboot or a migration within
 * the host), or one that is already gone, whose node is about to be removed. */
static bool same_guest(const struct claim *claim, const char *domid)
{
	autofree char *path = xasprintf("/local/domain/%s", domid);
	autofree char *vm = hp_read(claim->hp, path, "vm");

	return !vm || (claim->vm && !strcmp(vm, claim->vm));
}

static int check_node(const struct claim *claim, const char *domid,
		      const char *node, struct pvn_err *err)
{
	autofree char *devno = hp_read(claim->hp, node, "physical-device");
	autofree char *mode = NULL;
	autofree char *dompath = NULL;
	autofree char *name = NULL;
	bool writes;

	if (!devno || strcmp(devno, claim->devno))
		return 0;
	mode = hp_read(claim->hp, node, "mode");
	writes = mode && strchr(mode, 'w');
	if ((!claim->writable && !writes) || same_guest(claim, domid))
		return 0;
	dompath = xasprintf("/local/domain/%s", domid);
	name = hp_read(claim->hp, dompath, "name");
	return pvn_err(
		err, -EBUSY,
		"'%s' is in use by guest '%s' (domain %s, %s), so it can't be attached %s",
		claim->dev, name ? name : "?", domid,
		writes ? "read-write" : "read-only",
		claim->writable ? "read-write" : "read-only");
}

static int check_guests(const struct claim *claim, struct pvn_err *err)
{
	struct xs_handle *xs = claim->hp->xs;
	autofree char **doms = NULL;
	int n_doms = list_nodes(xs, VBD_BASE, &doms);

	for (int i = 0; i < n_doms; i++) {
		autofree char *base = xasprintf(VBD_BASE "/%s", doms[i]);
		autofree char **devs = NULL;
		int n_devs = list_nodes(xs, base, &devs);

		for (int j = 0; j < n_devs; j++) {
			autofree char *node = xasprintf("%s/%s", base, devs[j]);
			int rc = check_node(claim, doms[i], node, err);

			if (rc)
				return rc;
		}
	}
	return 0;
}

/* One line of mountinfo: is @rdev mounted there, and is the filesystem itself
 * writable (the options after " - ", not those of this mount)? */
static bool mount_conflicts(const char *line, dev_t rdev, bool writable)
{
	unsigned int major, minor;
	char options[256];
	const char *tail = strstr(line, " - ");

	if (sscanf(line, "%*u %*u %u:%u", &major, &minor) != 2 ||
	    makedev(major, minor) != rdev)
		return false;
	if (writable || !tail || sscanf(tail, " - %*s %*s %255s", options) != 1)
		return true;
	return strncmp(options, "ro", 2) || (options[2] && options[2] != ',');
}

static int check_dom0(const struct claim *claim, struct pvn_err *err)
{
	autofclose FILE *f = fopen("/proc/self/mountinfo", "re");
	autofree char *line = NULL;
	autoclose int fd = -1;
	size_t size = 0;

	if (!f)
		return pvn_err_errno(err, errno,
				     "cannot open '/proc/self/mountinfo'");
	while (getline(&line, &size, f) > 0) {
		if (mount_conflicts(line, claim->rdev, claim->writable))
			return pvn_err(
				err, -EBUSY,
				"'%s' is mounted in dom0, so it can't be attached %s",
				claim->dev,
				claim->writable ? "read-write" : "read-only");
	}
	if (!claim->writable)
		return 0;
	/* Fails when the kernel holds it: device-mapper, md, swap. blkback
	 * itself doesn't hold what it opens. */
	fd = open(claim->dev, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		return pvn_err(
			err, -EBUSY,
			"'%s' is in use in dom0, so it can't be attached read-write",
			claim->dev);
	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'",
				     claim->dev);
	return 0;
}

static int check_and_claim(const struct claim *claim, bool checked,
			   struct pvn_err *err)
{
	const struct hotplug *hp = claim->hp;
	autoclose int lock = hp_lock("block", err);
	autofree char *state = NULL;
	int rc;

	if (lock < 0)
		return lock;
	/* libxl may have given up in the meantime; a node written now would
	 * bring half a back end back. */
	state = hp_read(hp, hp->path, "state");
	if (!state)
		return pvn_err(err, -ENOENT, "the back end's node is gone");
	if (checked) {
		rc = check_guests(claim, err);
		if (rc)
			return rc;
		rc = check_dom0(claim, err);
		if (rc)
			return rc;
	}
	/* The path first: blkback starts at physical-device. */
	rc = hp_write(hp, "physical-device-path", claim->dev, err);
	if (rc)
		return rc;
	rc = hp_write(hp, "physical-device", claim->devno, err);
	if (rc)
		return rc;
	return hp_connected(hp, err);
}

static int block_add(const struct hotplug *hp, struct pvn_err *err)
{
	autofree char *there = hp_read(hp, hp->path, "physical-device");
	autofree char *params = hp_read(hp, hp->path, "params");
	autofree char *mode = hp_read(hp, hp->path, "mode");
	autofree char *front = hp_read(hp, hp->path, "frontend-id");
	autofree char *path = NULL;
	autofree char *dev = NULL;
	autofree char *dompath = NULL;
	autofree char *vm = NULL;
	struct claim claim = { .hp = hp };
	struct stat st;

	if (there && *there)
		return hp_connected(hp, err);
	if (!mode || !front)
		return pvn_err(
			err, -ENOENT,
			"the back end's node has no mode or frontend-id");
	if (!params || !*params) /* an empty drive */
		return hp_connected(hp, err);
	path = xasprintf("%s%s", params[0] == '/' ? "" : "/dev/", params);
	dev = realpath(path, NULL);
	if (!dev || stat(dev, &st))
		return pvn_err_errno(err, errno, "cannot find '%s'", path);
	if (!S_ISBLK(st.st_mode))
		return pvn_err(err, -ENOTBLK, "'%s' is not a block device",
			       dev);
	dompath = xasprintf("/local/domain/%s", front);
	vm = hp_read(hp, dompath, "vm");
	claim.dev = dev;
	claim.rdev = st.st_rdev;
	claim.writable = strchr(mode, 'w') != NULL;
	claim.front = front;
	claim.vm = vm;
	snprintf(claim.devno, sizeof(claim.devno), "%x:%x", major(st.st_rdev),
		 minor(st.st_rdev));
	/* 'w!' is the wish to share it all the same. */
	return check_and_claim(&claim, !strchr(mode, '!'), err);
}

int block_run(const struct hotplug *hp, struct pvn_err *err)
{
	if (!strcmp(hp->action, "add"))
		return block_add(hp, err);
	return pvn_err(err, -EINVAL, "unknown action '%s'", hp->action);
}
