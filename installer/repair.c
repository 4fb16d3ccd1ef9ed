/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repair.c: mend what an installed host starts from: its boot loader, and the state partition.
 *
 * GRUB's part is made as the installer makes it, from the system that runs. The extra arguments and the
 * slot that starts come from what the host noted on the state partition (see guest/slots.c). */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>

#include "file.h"
#include "grubenv.h"
#include "repair.h"
#include "run.h"

#define RUN_DIR "/run/paravane"
#define BOOT_FACTS RUN_DIR "/mode"
/* The commands that read and write grubenv take it, too: what is mounted to be read can't be mounted to
 * be written. */
#define ESP_LOCK RUN_DIR "/esp.lock"
#define BOOT_NOTES "boot" /* on the state partition */
#define STATE_DIR "/state"
#define NEW_STATE "/run/paravane-install/new-state"
#define COPY \
	"state-old" /* volume with the state partition before it was mended */
#define UNFINISHED_COPY COPY ".new"
#define BLOCK 4096
#define KEYS "/etc/dropbear/authorized_keys"

static char *kv_value(const char *path, const char *key)
{
	auto_kv struct kv_list list = { 0 };
	struct pvn_err ignored;
	const char *value = kv_read(&list, path, &ignored) ? NULL
							   : kv_get(&list, key);

	return value && *value ? xstrdup(value) : NULL;
}

/* The name in the GPT, or NULL. */
static char *partition_name(const char *uevent)
{
	return kv_value(uevent, "PARTNAME");
}

/* The id of the only installation on this machine's disks, or NULL. */
static char *only_installation(void)
{
	static const char prefix[] = "pvn-esp-";
	glob_t found = { 0 };
	char *id = NULL;
	size_t n = 0;

	glob("/sys/class/block/*/uevent", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		autofree char *name = partition_name(found.gl_pathv[i]);

		if (!name || strncmp(name, prefix, sizeof(prefix) - 1))
			continue;
		free(id);
		id = xstrdup(name + sizeof(prefix) - 1);
		n++;
	}
	globfree(&found);
	if (n == 1)
		return id;
	free(id);
	return NULL;
}

static int find_id(struct repair *r, const char *id, struct pvn_err *err)
{
	autofree char *started = kv_value(BOOT_FACTS, "install");
	autofree char *only = only_installation();

	id = id ? id : started ? started : only;
	if (!id)
		return pvn_err(err, -ENOENT,
			       "which installation? There is not exactly one "
			       "on this machine's disks; '--id' names it");
	snprintf(r->in.id, sizeof(r->in.id), "%s", id);
	r->in.vg = xasprintf("pvn_%s", id);
	return 0;
}

/* The kernel's name of this installation's partition, or NULL. */
static char *find_part(const struct repair *r, enum part_role role)
{
	autofree char *wanted =
		xasprintf("pvn-%s-%s", part_role_name(role), r->in.id);
	glob_t found = { 0 };
	char *dev = NULL;

	glob("/sys/class/block/*/uevent", 0, NULL, &found);
	for (size_t i = 0; !dev && i < found.gl_pathc; i++) {
		autofree char *name = partition_name(found.gl_pathv[i]);

		if (name && !strcmp(name, wanted))
			dev = kv_value(found.gl_pathv[i], "DEVNAME");
	}
	globfree(&found);
	return dev;
}

static int find_parts(struct repair *r, struct pvn_err *err)
{
	for (unsigned int i = 0; i < N_PARTS; i++) {
		autofree char *dev = find_part(r, i);

		if (!dev)
			return pvn_err(err, -ENOENT,
				       "there is no partition 'pvn-%s-%s'",
				       part_role_name(i), r->in.id);
		r->in.part[i] = xasprintf("/dev/%s", dev);
		/* sysfs counts in 512 bytes, whatever the disk's sectors */
		r->in.layout.part[i].start = device_number(dev, "start") * 512;
		r->in.layout.part[i].size = device_number(dev, "size") * 512;
	}
	return 0;
}

/* The disk that the partitions are on: BIOS starts its boot sector. */
static int find_disk(struct repair *r, struct pvn_err *err)
{
	const char *dev = strrchr(r->in.part[PART_BIOS], '/') + 1;
	autofree char *below = xasprintf("/sys/class/block/%s", dev);
	autofree char *real = realpath(below, NULL);
	char *name;

	if (!real)
		return pvn_err_errno(err, errno, "cannot find the disk of '%s'",
				     r->in.part[PART_BIOS]);
	*strrchr(real, '/') = '\0';
	name = strrchr(real, '/') + 1;
	r->disk.name = xstrdup(name);
	r->disk.path = xasprintf("/dev/%s", name);
	r->disk.sector_size =
		(unsigned int)device_number(name, "queue/logical_block_size");
	r->in.disk = &r->disk;
	r->in.bios = r->disk.sector_size == 512;
	return 0;
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
	autofree uint8_t *block = NULL;
	struct pvn_err ignored;
	const char *slot;
	size_t len;

	if (file_read_bytes(path, &block, &len, &ignored) ||
	    len != GRUBENV_SIZE ||
	    grubenv_parse((const char *)block, &notes, &ignored))
		return;
	slot = kv_get(&notes, "slot");
	set(&r->in.xen_args, kv_get(&notes, "xen_args"));
	set(&r->in.kernel_args, kv_get(&notes, "kernel_args"));
	r->in.kept = slot && !strcmp(slot, "b") ? 'b' : 'a';
}

/* In use (it is /state) or free; free, it is read without being changed, if it can be. */
static void look_at_state(struct repair *r)
{
	const char *dev = r->in.part[PART_STATE];
	struct pvn_err ignored;
	int fd = open(dev, O_RDONLY | O_EXCL | O_CLOEXEC);

	r->in.kept = 'a';
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

static int look_at_loader(struct repair *r, struct pvn_err *err)
{
	struct pvn_err why = { 0 };
	autofree char *id = NULL;
	int rc;

	if (r->in.bios && !r->broken)
		r->bios_differs = grub_install_bios(&r->in, true, &why) != 0;
	rc = device_mount(r->in.part[PART_ESP], MNT_ESP, "vfat", MS_RDONLY, "",
			  err);
	if (rc == -EINVAL || rc == -EIO) { /* no FAT, or not to be read */
		pvn_log("%s", err->msg);
		*err = (struct pvn_err){ 0 };
		r->esp_lost = true;
		return 0;
	}
	if (rc)
		return rc;
	id = esp_installation();
	r->env_lost = !id || strcmp(id, r->in.id) != 0;
	r->files_differ = r->broken ? !esp_has_files()
				    : esp_compare_files(&r->in, &why) != 0;
	return device_unmount(MNT_ESP, err);
}

/* What is to be written comes from there: it must be readable before anything is erased. */
static int check_source(const struct repair *r, struct pvn_err *err)
{
	static const char *const names[] = { "esp.cfg", "bootx64.efi",
					     "core.img", "boot.img", NULL };
	int rc = 0;

	if (!r->esp_lost && !r->env_lost && !r->files_differ &&
	    !r->bios_differs)
		return 0;
	for (const char *const *name = names; !rc && *name; name++) {
		autofree char *path = xasprintf("%s/boot/grub/install/%s",
						r->in.slot_dir, *name);
		autofree uint8_t *data = NULL;
		size_t len;

		rc = file_read_bytes(path, &data, &len, err);
	}
	return rc;
}

static int lock_esp(struct repair *r, struct pvn_err *err)
{
	int rc = mkdir_p(RUN_DIR, 0755, err);

	if (rc)
		return rc;
	r->lock = open(ESP_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (r->lock < 0 || flock(r->lock, LOCK_EX))
		return pvn_err_errno(err, errno, "cannot lock '%s'", ESP_LOCK);
	return 0;
}

int repair_look(struct repair *r, const char *id, const char *slot_dir,
		bool broken, struct pvn_err *err)
{
	int rc;

	*r = (struct repair){
		.in = { .disk_fd = -1,
			.source_fd = -1,
			.slot_fd = -1,
			.slot_dir = xstrdup(slot_dir) },
		.broken = broken,
		.lock = -1,
	};
	rc = lock_esp(r, err);
	if (!rc)
		rc = find_id(r, id, err);
	if (!rc)
		rc = find_parts(r, err);
	if (!rc)
		rc = find_disk(r, err);
	if (rc)
		return rc;
	look_at_state(r);
	/* the state partition is mended even so */
	if (look_at_loader(r, &r->loader) || check_source(r, &r->loader))
		r->esp_lost = r->env_lost = r->files_differ = r->bios_differs =
			false;
	return 0;
}

static int run_esp(void *ctx, struct pvn_err *err)
{
	struct repair *r = ctx;

	r->changed = true;
	return esp_make(&r->in, err);
}

static int run_env(void *ctx, struct pvn_err *err)
{
	struct repair *r = ctx;

	r->changed = true;
	return esp_mend(&r->in, err);
}

static int undo_mount(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return device_unmount(MNT_ESP, err);
}

static int run_files(void *ctx, struct pvn_err *err)
{
	struct repair *r = ctx;

	r->changed = true;
	return esp_make_bootable(&r->in, err);
}

static int run_bios(void *ctx, struct pvn_err *err)
{
	struct repair *r = ctx;

	r->changed = true;
	return grub_install_bios(&r->in, false, err);
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
	uint64_t size = r->in.layout.part[PART_STATE].size;
	autofree char *data = xcalloc(1, MIB);
	autoclose int fd = device_open(to, false, err);
	size_t lost = 0;
	int rc = fd < 0 ? fd : 0;

	for (uint64_t at = 0; !rc && at < size; at += MIB) {
		lost += read_what_can_be(from, data, MIB, at,
					 r->in.part[PART_STATE]);
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
	autofree char *bytes =
		xasprintf("%" PRIu64 "b", r->in.layout.part[PART_STATE].size);
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
	const char *from = r->in.part[PART_STATE];
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
	char *dev = r->in.part[PART_STATE];
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
	const char *dev = r->in.part[PART_STATE];
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

static int run_state(void *ctx, struct pvn_err *err)
{
	struct repair *r = ctx;
	const char *dev = r->in.part[PART_STATE];
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

void repair_plan(struct repair *r)
{
	const char *esp = r->in.part[PART_ESP];

	if (r->state_free)
		plan_add(
			&r->steps, "state", run_state, NULL,
			"check '%s'; if it is damaged, keep a copy in the pool and mend it, or make it anew",
			r->in.part[PART_STATE]);
	if (r->esp_lost)
		plan_add(&r->steps, "esp", run_esp, undo_mount,
			 "make FAT on '%s' with grubenv", esp);
	else if (r->env_lost || r->files_differ)
		plan_add(&r->steps, "grubenv", run_env, undo_mount,
			 "%s grubenv on '%s'", r->env_lost ? "write" : "keep",
			 esp);
	if (r->esp_lost || r->env_lost || r->files_differ)
		plan_add(&r->steps, "boot-uefi", run_files, undo_mount,
			 "write grub.cfg and EFI/BOOT/BOOTX64.EFI to '%s'",
			 esp);
	if (r->bios_differs)
		plan_add(
			&r->steps, "boot-bios", run_bios, NULL,
			"write GRUB's core image to '%s' and the boot sector of '%s'",
			r->in.part[PART_BIOS], r->disk.path);
}

void repair_free(struct repair *r)
{
	if (r->lock >= 0)
		close(r->lock);
	plan_free(&r->steps);
	free(r->disk.name);
	free(r->disk.path);
	install_free(&r->in);
}
