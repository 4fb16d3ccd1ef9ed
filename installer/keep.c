/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep.c: an install over a Paravane whose guests stay.
 *
 * Partition table and guests' partition are let alone. The state partition has the guests' files: it
 * is not made anew, what an install writes is replaced in it. So a power cut at any moment
 * loses no guest, and the same install again ends well: until its last steps nothing starts. */
#include <blkid/blkid.h>
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "file.h"
#include "grubenv.h"
#include "install.h"
#include "run.h"

#define REMEDY                                                                     \
	"mend it in the rescue system ('host repair', 'lvm'), or install without " \
	"'keep', which erases the guests"

static int check_tables(const struct install *in, struct pvn_err *err)
{
	int rc = 0;

	for (; !rc && in; in = in->second) {
		autoclose int fd = device_open(in->disk->path, false, err);

		rc = fd < 0 ? fd
			    : gpt_verify(fd, in->disk->path, &in->layout,
					 in->id, err);
	}
	return rc;
}

/* What libblkid takes it for; caller frees, NULL: nothing that is known. */
static char *type_of(const char *dev)
{
	blkid_cache cache;
	char *type;

	/* no cache file: what was there a moment ago does not matter */
	if (blkid_get_cache(&cache, "/dev/null"))
		return NULL;
	type = blkid_get_tag_value(cache, "TYPE", dev);
	blkid_put_cache(cache);
	return type;
}

/* One half of a mirror reads as if it were all of it, and must not be written alone. */
static int check_types(const struct install *in, struct pvn_err *err)
{
	const struct {
		const char *dev, *type;
	} wanted[] = { { in->state, "ext4" }, { in->guests, "LVM2_member" } };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		const char *dev = wanted[i].dev;
		autofree char *type = type_of(dev);

		if (!type || strcmp(type, wanted[i].type))
			return pvn_err(err, -EINVAL,
				       "'%s' is %s%s, expected %s", dev,
				       type ? "of type " : "not readable",
				       type ? type : "", wanted[i].type);
	}
	return 0;
}

/* Of what the host said at each start, what the answers don't. */
static void take_arguments(struct install *in)
{
	auto_kv struct kv_list notes = { 0 };
	struct pvn_err ignored;
	const struct {
		const char *key;
		const char *said;
		char **field;
	} args[] = {
		{ "xen_args", in->answers->xen_args, &in->xen_args },
		{ "kernel_args", in->answers->kernel_args, &in->kernel_args },
	};

	if (grubenv_read(MNT_STATE "/" BOOT_NOTES, &notes, &ignored))
		return;
	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++) {
		const char *value = kv_get(&notes, args[i].key);

		if (args[i].said || !value || !*value)
			continue;
		free(*args[i].field);
		*args[i].field = xstrdup(value);
	}
	if (!in->second)
		return;
	free(in->second->xen_args);
	free(in->second->kernel_args);
	in->second->xen_args = in->xen_args ? xstrdup(in->xen_args) : NULL;
	in->second->kernel_args = in->kernel_args ? xstrdup(in->kernel_args)
						  : NULL;
}

/* What is needed for nobody to be locked out. */
static int check_configuration(const struct install *in, struct pvn_err *err)
{
	static const char *const files[] = { "/etc/paravane/network",
					     "/etc/dropbear/authorized_keys",
					     NULL };
	auto_kv struct kv_list host = { 0 };
	const char *id;
	int rc = kv_read(&host, MNT_STATE "/etc/paravane/host", err);

	if (rc)
		return rc;
	id = kv_get(&host, "install");
	if (!id || strcmp(id, in->id))
		return pvn_err(err, -EINVAL, "it is not the one of '%s'",
			       in->id);
	for (const char *const *file = files; *file; file++) {
		autofree char *path = xasprintf(MNT_STATE "%s", *file);

		if (!file_exists(path))
			return pvn_err(err, -ENOENT, "there is no '%s'", *file);
	}
	return 0;
}

/* Read only, journal and all: whatever comes, it is as it was. */
static int check_state(struct install *in, struct pvn_err *err)
{
	struct pvn_err second;
	int rc = device_mount(in->state, MNT_STATE, "ext4", MS_RDONLY, "noload",
			      err);

	if (rc)
		return rc;
	if (!file_exists(MNT_STATE "/guests"))
		rc = pvn_err(err, -ENOENT,
			     "there is no folder 'guests' on '%s'", in->state);
	if (!rc && in->keep == KEEP_CONFIGURATION) {
		rc = check_configuration(in, err);
		if (rc)
			pvn_err_wrap(err,
				     "the configuration on '%s' can't be kept "
				     "('keep = guests' does without)",
				     in->state);
		else
			take_arguments(in);
	}
	device_unmount(MNT_STATE, &second);
	return rc;
}

/* As they were left, with both halves each: what one of them lacks would be lost, or come back. */
static int check_mirrors(const struct install *in, struct pvn_err *err)
{
	struct pvn_err why;
	int rc = 0;

	if (!in->second)
		return 0;
	for (const struct install *on = in; !rc && on; on = on->second)
		rc = release_disk(on->disk, err);
	if (!rc)
		rc = mirror_start(in, err);
	if (!rc)
		rc = mirror_verify(in, err);
	if (!rc)
		return 0;
	why = *err;
	return pvn_err(err, PVN_REFUSED,
		       "%.300s: start the host and have 'host disk replace' "
		       "take the disk back, or install without 'keep', which "
		       "erases the guests",
		       why.msg);
}

static int refuse(struct pvn_err *err)
{
	struct pvn_err why = *err;

	return pvn_err(err, PVN_REFUSED, "%.300s: " REMEDY, why.msg);
}

static int check_content(struct install *in, struct pvn_err *err)
{
	int rc = check_types(in, err);

	if (!rc)
		rc = check_state(in, err);
	if (!rc && !state_is_clean(in->state))
		rc = pvn_err(err, -EIO, "the file system on '%s' is damaged",
			     in->state);
	if (!rc)
		rc = pool_verify(in, err);
	return rc ? refuse(err) : 0;
}

int keep_check(struct install *in, struct pvn_err *err)
{
	struct pvn_err ignored;
	int rc = check_tables(in, err);

	if (rc)
		return refuse(err);
	rc = check_mirrors(in, err);
	if (!rc)
		rc = check_content(in, err);
	/* until the disks were made not to start */
	mirror_stop(in, &ignored);
	return rc;
}

static int wipe_part(const struct install *in, enum part_role role,
		     struct pvn_err *err)
{
	const char *path = in->part[role];
	autoclose int fd = device_open(path, true, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = wipe_range(
		fd, path, 0,
		role == PART_ESP ? in->layout.part[role].size : SLOT_HEAD, err);
	return rc ? rc : device_sync(fd, path, err);
}

static int unboot_disk(const struct install *in, struct pvn_err *err)
{
	static const enum part_role roles[] = { PART_ESP, PART_SLOT_A,
						PART_SLOT_B };
	autoclose int fd = device_open(in->disk->path, false, err);
	int rc = fd < 0 ? fd : gpt_unboot(fd, in->disk->path, err);

	if (!rc)
		rc = device_sync(fd, in->disk->path, err);
	for (size_t i = 0; !rc && i < sizeof(roles) / sizeof(*roles); i++)
		rc = wipe_part(in, roles[i], err);
	return rc;
}

int keep_unboot(const struct install *in, struct pvn_err *err)
{
	int rc = 0;

	for (; !rc && in; in = in->second)
		rc = unboot_disk(in, err);
	return rc;
}

/* The host is a new one, and of /etc only what belongs to guests and pool stays; its keys for
 * backups go with it. Cut off, it is done again. */
static int forget_host(struct pvn_err *err)
{
	int rc = 0;

	if (file_exists(MNT_STATE "/etc"))
		rc = PVN_RUN(err, "find", MNT_STATE "/etc", "-depth",
			     "-mindepth", "1", "!", "-path", "*/etc/paravane",
			     "!", "-path", "*/etc/paravane/nat-leases", "!",
			     "-path", "*/etc/paravane/forwards", "!", "-path",
			     "*/etc/paravane/pool", "-delete");
	return rc ? rc
		  : PVN_RUN(err, "rm", "-f", MNT_STATE "/backup.key",
			    MNT_STATE "/backup.pub");
}

/* What is known of the slots' old releases goes. */
int keep_state(struct install *in, struct pvn_err *err)
{
	int rc = device_mount(in->state, MNT_STATE, "ext4", 0, "", err);

	if (!rc && in->keep == KEEP_GUESTS)
		rc = forget_host(err);
	if (!rc)
		rc = PVN_RUN(err, "rm", "-rf", MNT_STATE "/.etc-work",
			     MNT_STATE "/slots", MNT_STATE "/verified-a",
			     MNT_STATE "/verified-b");
	return rc ? rc : state_folders(err);
}
