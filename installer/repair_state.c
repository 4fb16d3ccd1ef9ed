/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repair_state.c: mend the state partition, or the mirror of both. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "file.h"
#include "grubenv.h"
#include "repair.h"
#include "run.h"

#define STATE_DIR "/state"
#define NEW_STATE "/run/paravane-install/new-state"
#define COPY \
	"state-old" /* volume with the state partition before it was mended */
#define UNFINISHED_COPY COPY ".new"
#define BLOCK 4096
#define KEYS "/etc/dropbear/authorized_keys"

/* 0: it can't be opened. */
static uint64_t device_size(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t size = 0;

	return fd < 0 || ioctl(fd, BLKGETSIZE64, &size) ? 0 : size;
}

static void set(char **field, const char *value)
{
	free(*field);
	*field = value && *value ? xstrdup(value) : NULL;
}

/* What grubenv said, in its own form. */
static void take_notes(struct repair *r, const char *state_dir)
{
	autofree char *path = xasprintf("%s/" BOOT_NOTES, state_dir);
	auto_kv struct kv_list notes = { 0 };
	struct pvn_err ignored;
	const char *slot;

	if (grubenv_read(path, &notes, &ignored))
		return;
	slot = kv_get(&notes, "slot");
	set(&r->in.xen_args, kv_get(&notes, "xen_args"));
	set(&r->in.kernel_args, kv_get(&notes, "kernel_args"));
	r->in.kept = slot && !strcmp(slot, "b") ? 'b' : 'a';
}

/* In use (it is /state) or free; free, it is read without being changed, if it can be. */
void repair_look_at_state(struct repair *r)
{
	const char *dev = r->in.state;
	struct pvn_err ignored;
	int fd = open(dev, O_RDONLY | O_EXCL | O_CLOEXEC);

	r->in.kept = 'a';
	r->state_size = device_size(r->in.state);
	if (fd < 0) {
		take_notes(r, STATE_DIR);
		return;
	}
	close(fd);
	r->state_free = true;
	if (device_mount(dev, MNT_STATE, "ext4", MS_RDONLY, "noload", &ignored))
		return;
	take_notes(r, MNT_STATE);
	device_unmount(MNT_STATE, &ignored);
}

static bool is_zero(const char *data, size_t len)
{
	return !*data && !memcmp(data, data + 1, len - 1);
}

/* At most 1 MiB at @at; what can't be read of it is zero. Returns how many blocks that are. */
static size_t read_what_can_be(int fd, char *data, size_t len, uint64_t at,
			       const char *name)
{
	struct pvn_err ignored;
	size_t lost = 0;

	if (!read_at(fd, data, len, (off_t)at, name, &ignored))
		return 0;
	for (size_t i = 0; i < len; i += BLOCK) {
		if (!read_at(fd, data + i, BLOCK, (off_t)(at + i), name,
			     &ignored))
			continue;
		memset(data + i, 0, BLOCK);
		lost++;
	}
	return lost;
}

/* A new volume reads as zeros, and takes no room for them. */
static int copy_partition(const struct repair *r, int from, const char *to,
			  struct pvn_err *err)
{
	uint64_t size = r->state_size;
	autofree char *data = xcalloc(1, MIB);
	autoclose int fd = device_open(to, false, err);
	size_t lost = 0;
	int rc = fd < 0 ? fd : 0;

	for (uint64_t at = 0; !rc && at < size; at += MIB) {
		lost += read_what_can_be(from, data, MIB, at, r->in.state);
		if (!is_zero(data, MIB))
			rc = write_at(fd, data, MIB, (off_t)at, to, err);
	}
	if (!rc)
		rc = device_sync(fd, to, err);
	if (!rc && lost)
		printf("%zu blocks of %d bytes can't be read: they are zeros in the copy\n",
		       lost, BLOCK);
	return rc;
}

static bool have_volume(const struct repair *r, const char *name)
{
	autofree char *volume = xasprintf("%s/%s", r->in.vg, name);
	struct pvn_err ignored;

	return !PVN_RUN(&ignored, "lvm", "lvs", volume);
}

static void remove_volume(const struct repair *r, const char *name)
{
	autofree char *volume = xasprintf("%s/%s", r->in.vg, name);
	struct pvn_err ignored;

	PVN_RUN(&ignored, "lvm", "lvremove", "-f", volume);
}

static int make_copy(const struct repair *r, int from, struct pvn_err *err)
{
	autofree char *bytes = xasprintf("%" PRIu64 "b", r->state_size);
	autofree char *pool = xasprintf("%s/pool", r->in.vg);
	autofree char *to = xasprintf("/dev/%s/" UNFINISHED_COPY, r->in.vg);
	int rc;

	if (have_volume(r, UNFINISHED_COPY))
		remove_volume(r, UNFINISHED_COPY);
	rc = PVN_RUN(err, "lvm", "lvcreate", "-y", "-V", bytes, "-T", pool,
		     "-n", UNFINISHED_COPY);
	if (!rc)
		rc = copy_partition(r, from, to, err);
	if (!rc)
		rc = PVN_RUN(err, "lvm", "lvrename", r->in.vg, UNFINISHED_COPY,
			     COPY);
	if (rc)
		remove_volume(r, UNFINISHED_COPY);
	return rc;
}

/* The partition as it is, into a volume of the pool, once: what comes later would be a copy of what was
 * mended, and a disk that goes bad must not fill the pool. */
static int keep_copy(const struct repair *r, struct pvn_err *err)
{
	const char *from = r->in.state;
	autoclose int old = open(from, O_RDONLY | O_CLOEXEC);
	int rc;

	if (old < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", from);
	if (have_volume(r, COPY) && r->broken)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is damaged, and there is a copy of it from before ('%s/" COPY
			"'): 'host repair' goes on; remove the copy when you do not need it",
			from, r->in.vg);
	if (have_volume(r, COPY)) {
		printf("the copy of '%s' from before stays as it is: '/dev/%s/" COPY
		       "'\n",
		       from, r->in.vg);
		return 0;
	}
	rc = make_copy(r, old, err);
	if (rc)
		return pvn_err_wrap(
			err,
			"can't keep a copy of '%s' ('host repair --without-copy' does without)",
			from);
	printf("a copy of '%s' as it was is the volume '/dev/%s/" COPY "'\n",
	       from, r->in.vg);
	return 0;
}

static int copy_if(const char *from, const char *to, struct pvn_err *err)
{
	return file_exists(from) ? PVN_RUN(err, "cp", "-a", from, to) : 0;
}

/* What a state partition has to have, with what the system that runs could salvage when it
 * started, in a folder. */
static int gather_state(const struct repair *r, struct pvn_err *err)
{
	static const char *const folders[] = { NEW_STATE "/etc/paravane",
					       NEW_STATE "/log", NULL };
	static const char *const salvaged[][2] = {
		{ "/etc/dropbear", NEW_STATE "/etc/" },
		{ "/etc/hostname", NEW_STATE "/etc/" },
		{ "/etc/shadow", NEW_STATE "/etc/" },
		{ "/etc/paravane/network", NEW_STATE "/etc/paravane/" },
		{ "/etc/paravane/release-keys", NEW_STATE "/etc/paravane/" },
		{ NULL, NULL },
	};
	autofree char *host =
		xasprintf("install=%s\nvg=%s\npool=pool\n", r->in.id, r->in.vg);
	int rc = PVN_RUN(err, "rm", "-rf", NEW_STATE);

	for (const char *const *folder = folders; !rc && *folder; folder++)
		rc = mkdir_p(*folder, 0755, err);
	if (!rc)
		rc = mkdir_p(NEW_STATE "/guests", 0700, err);
	if (!rc)
		rc = file_write(NEW_STATE "/etc/paravane/host", host, 0644,
				err);
	for (size_t i = 0; !rc && salvaged[i][0]; i++)
		rc = copy_if(salvaged[i][0], salvaged[i][1], err);
	return rc;
}

/* A fresh one. mkfs fills it before its superblock is there: a power cut leaves none, and not one
 * without keys. */
static int make_state(struct repair *r, struct pvn_err *err)
{
	char *dev = r->in.state;
	autofree char *label = xasprintf("pvn-%s", r->in.id);
	struct pvn_err ignored;
	int rc;

	if (!file_exists(KEYS))
		return pvn_err(
			err, -ENOENT,
			"'%s' can't be mended, and nobody could log in to a "
			"new one: put the public keys into '" KEYS "' first",
			dev);
	rc = gather_state(r, err);
	if (!rc)
		rc = PVN_RUN(err, "mkfs.ext4", "-q", "-F", "-L", label, "-d",
			     NEW_STATE, dev);
	PVN_RUN(&ignored, "rm", "-rf", NEW_STATE);
	if (!rc)
		printf("'%s' is made anew: keys, name and network are as they "
		       "were, the guests' files are not there\n",
		       dev);
	return rc;
}

/* Clean, and the host's configuration is there: e2fsck may have put all of it into lost+found, and
 * calls clean what the kernel does not take. */
static bool is_whole(struct repair *r)
{
	const char *dev = r->in.state;
	struct pvn_err ignored;
	bool whole;

	if (!state_is_clean(dev) ||
	    device_mount(dev, MNT_STATE, "ext4", MS_RDONLY, "noload", &ignored))
		return false;
	whole = file_exists(MNT_STATE "/etc/paravane/host") &&
		file_exists(MNT_STATE KEYS);
	/* it could not be read before */
	if (whole)
		take_notes(r, MNT_STATE);
	device_unmount(MNT_STATE, &ignored);
	return whole;
}

int repair_state(void *ctx, struct pvn_err *err)
{
	struct repair *r = ctx;
	const char *dev = r->in.state;
	struct pvn_err ignored;
	int rc;

	if (is_whole(r))
		return 0;
	r->changed = true;
	rc = r->without_copy ? 0 : keep_copy(r, err);
	if (rc)
		return rc;
	/* it ends with 1 when it has mended something */
	PVN_RUN(&ignored, "e2fsck", "-y", dev);
	if (is_whole(r)) {
		printf("'%s' is mended; the next start uses it\n", dev);
		return 0;
	}
	if (r->broken)
		return pvn_err(
			err, -EIO,
			"'%s' can't be mended; 'host repair' makes it anew",
			dev);
	return make_state(r, err);
}
