/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repair.c: mend what an installed host starts from: its boot loader, and the state partition.
 *
 * GRUB's part is made as the installer makes it, from the system that runs. The extra arguments and the
 * slot that starts come from what the host noted on the state partition (see guest/slots.c). */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
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

/* The id of the only installation on this machine's disks, one or two, or NULL. */
static char *only_installation(void)
{
	static const char prefix[] = "pvn-esp-";
	glob_t found = { 0 };
	char *id = NULL;
	bool others = false;

	glob("/sys/class/block/*/uevent", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		autofree char *name = partition_name(found.gl_pathv[i]);

		if (!name || strncmp(name, prefix, sizeof(prefix) - 1))
			continue;
		others = others ||
			 (id && strcmp(id, name + sizeof(prefix) - 1));
		free(id);
		id = xstrdup(name + sizeof(prefix) - 1);
	}
	globfree(&found);
	if (!others)
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

/* The kernel's name of the disk that the partition @dev is on. Caller frees; NULL: it is none. */
static char *disk_of(const char *dev)
{
	autofree char *below = xasprintf("/sys/class/block/%s", dev);
	autofree char *real = realpath(below, NULL);

	if (!real)
		return NULL;
	*strrchr(real, '/') = '\0';
	return xstrdup(strrchr(real, '/') + 1);
}

/* The kernel's name of the partition @wanted, or NULL; on @disk, NULL: on any. With @disks, the disks of
 * all that have the name are added to it. */
static char *find_part(const char *wanted, const char *disk,
		       struct strlist *disks)
{
	glob_t found = { 0 };
	char *dev = NULL;

	glob("/sys/class/block/*/uevent", 0, NULL, &found);
	for (size_t i = 0; (!dev || disks) && i < found.gl_pathc; i++) {
		autofree char *name = partition_name(found.gl_pathv[i]);
		autofree char *node = NULL;
		autofree char *on = NULL;

		if (!name || strcmp(name, wanted))
			continue;
		node = kv_value(found.gl_pathv[i], "DEVNAME");
		on = node ? disk_of(node) : NULL;
		if (!on || (disk && strcmp(disk, on)))
			continue;
		if (disks)
			strlist_add(disks, on);
		free(dev);
		dev = steal_ptr(&node);
	}
	globfree(&found);
	return dev;
}

static int find_parts(struct install *in, struct pvn_err *err)
{
	for (unsigned int i = 0; i < N_PARTS; i++) {
		autofree char *name = part_name(&in->layout, i, in->id);
		autofree char *dev = find_part(name, in->disk->name, NULL);

		if (!dev)
			return pvn_err(err, -ENOENT,
				       "there is no partition '%s' on '%s'",
				       name, in->disk->path);
		in->part[i] = xasprintf("/dev/%s", dev);
		/* sysfs counts in 512 bytes, whatever the disk's sectors */
		in->layout.part[i].start = device_number(dev, "start") * 512;
		in->layout.part[i].size = device_number(dev, "size") * 512;
	}
	return 0;
}

/* The parts that are on the disk @name: BIOS starts its boot sector. */
static int find_on_disk(struct repair *r, const char *name, bool mirrored,
			struct pvn_err *err)
{
	r->disk.name = xstrdup(name);
	r->disk.path = xasprintf("/dev/%s", name);
	r->disk.sector_size =
		(unsigned int)device_number(name, "queue/logical_block_size");
	r->in.disk = &r->disk;
	r->in.bios = r->disk.sector_size == 512;
	r->in.layout.mirrored = mirrored;
	return find_parts(&r->in, err);
}

static void repair_init(struct repair *r, const char *slot_dir)
{
	*r = (struct repair){
		.in = { .disk_fd = -1,
			.source_fd = -1,
			.slot_fd = -1,
			.slot_dir = xstrdup(slot_dir) },
		.lock = -1,
	};
}

static struct repair *repair_new(const char *slot_dir)
{
	struct repair *r = xcalloc(1, sizeof(*r));

	repair_init(r, slot_dir);
	return r;
}

/* A host has them at work; the rescue system has not. */
static int start_mirrors(const struct repair *r, struct pvn_err *err)
{
	static const enum part_role roles[] = { PART_STATE, PART_GUESTS };
	int rc = 0;

	for (size_t i = 0; !rc && i < 2; i++) {
		auto_strlist struct strlist halves = { 0 };

		for (const struct repair *on = r; on; on = on->second)
			strlist_add(&halves, on->in.part[roles[i]]);
		rc = mirror_assemble(roles[i], r->in.id, &halves, err);
	}
	return rc;
}

/* The installation's partitions on all disks that have some; of two it is a RAID1. */
static int find_disks(struct repair *r, struct pvn_err *err)
{
	struct layout mirrored = { .mirrored = true };
	autofree char *half = part_name(&mirrored, PART_STATE, r->in.id);
	autofree char *esp = part_name(&mirrored, PART_ESP, r->in.id);
	autofree char *is_half = find_part(half, NULL, NULL);
	auto_strlist struct strlist disks = { 0 };
	autofree char *any = find_part(esp, NULL, &disks);
	struct repair *on = r;
	int rc = 0;

	if (!any)
		return pvn_err(err, -ENOENT, "there is no partition '%s'", esp);
	for (size_t i = 0; !rc && i < disks.n; i++) {
		if (i) {
			on->second = repair_new(r->in.slot_dir);
			on->second->broken = r->broken;
			snprintf(on->second->in.id, sizeof(r->in.id), "%s",
				 r->in.id);
			on = on->second;
		}
		rc = find_on_disk(on, disks.v[i], is_half != NULL, err);
	}
	if (rc)
		return rc;
	r->in.state = is_half ? mirror_path(PART_STATE, r->in.id)
			      : xstrdup(r->in.part[PART_STATE]);
	return is_half ? start_mirrors(r, err) : 0;
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

static void look_at_disk(struct repair *r)
{
	/* the state partition is mended even so */
	if (look_at_loader(r, &r->loader) || check_source(r, &r->loader))
		r->esp_lost = r->env_lost = r->files_differ = r->bios_differs =
			false;
}

int repair_look(struct repair *r, const char *id, const char *slot_dir,
		bool broken, struct pvn_err *err)
{
	int rc;

	repair_init(r, slot_dir);
	r->broken = broken;
	rc = lock_esp(r, err);
	if (!rc)
		rc = find_id(r, id, err);
	if (!rc)
		rc = find_disks(r, err);
	if (rc)
		return rc;
	repair_look_at_state(r);
	for (struct repair *on = r; on; on = on->second)
		look_at_disk(on);
	return 0;
}

static bool lost_esp(const struct repair *r)
{
	return r->esp_lost;
}

static bool lost_env(const struct repair *r)
{
	return !r->esp_lost && r->env_lost;
}

static bool keeps_env(const struct repair *r)
{
	return !r->esp_lost && !r->env_lost && r->files_differ;
}

static bool lost_files(const struct repair *r)
{
	return r->esp_lost || r->env_lost || r->files_differ;
}

static bool lost_bios(const struct repair *r)
{
	return r->bios_differs;
}

/* What the state partition said of the boot loader, perhaps but now, is so for both disks. */
static void take_args(struct install *in, const struct install *from)
{
	if (in == from)
		return;
	free(in->xen_args);
	free(in->kernel_args);
	in->kept = from->kept;
	in->xen_args = from->xen_args ? xstrdup(from->xen_args) : NULL;
	in->kernel_args = from->kernel_args ? xstrdup(from->kernel_args) : NULL;
}

/* For each of the disks that need it. */
static int on_each(struct repair *r, bool (*needs)(const struct repair *),
		   int (*mend)(struct install *, struct pvn_err *),
		   struct pvn_err *err)
{
	int rc = 0;

	r->changed = true;
	for (struct repair *on = r; !rc && on; on = on->second) {
		take_args(&on->in, &r->in);
		if (needs(on))
			rc = mend(&on->in, err);
	}
	return rc;
}

static int mend_esp(struct install *in, struct pvn_err *err)
{
	int rc = esp_make(in, err);

	return rc ? rc : device_unmount(MNT_ESP, err);
}

static int mend_env(struct install *in, struct pvn_err *err)
{
	int rc = esp_mend(in, err);

	return rc ? rc : device_unmount(MNT_ESP, err);
}

static int mend_files(struct install *in, struct pvn_err *err)
{
	int rc = esp_mend(in, err);

	return rc ? rc : esp_make_bootable(in, err);
}

static int mend_bios(struct install *in, struct pvn_err *err)
{
	return grub_install_bios(in, false, err);
}

static int run_esp(void *ctx, struct pvn_err *err)
{
	return on_each(ctx, lost_esp, mend_esp, err);
}

static int run_env(void *ctx, struct pvn_err *err)
{
	return on_each(ctx, lost_env, mend_env, err);
}

static int undo_mount(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return device_unmount(MNT_ESP, err);
}

static int run_files(void *ctx, struct pvn_err *err)
{
	return on_each(ctx, lost_files, mend_files, err);
}

static int run_bios(void *ctx, struct pvn_err *err)
{
	return on_each(ctx, lost_bios, mend_bios, err);
}

/* "'/dev/sda2', '/dev/sdb2'": of those disks that need it. Caller frees; NULL: none. */
static char *those(const struct repair *r, bool (*needs)(const struct repair *),
		   enum part_role role)
{
	auto_strlist struct strlist devices = { 0 };

	for (; r; r = r->second) {
		if (needs(r))
			strlist_add(&devices, r->in.part[role]);
	}
	return devices.n ? strlist_quoted(&devices) : NULL;
}

static char *those_disks(const struct repair *r)
{
	auto_strlist struct strlist devices = { 0 };

	for (; r; r = r->second) {
		if (lost_bios(r))
			strlist_add(&devices, r->disk.path);
	}
	return strlist_quoted(&devices);
}

void repair_plan(struct repair *r)
{
	autofree char *esp = those(r, lost_esp, PART_ESP);
	autofree char *env = those(r, lost_env, PART_ESP);
	autofree char *kept = those(r, keeps_env, PART_ESP);
	autofree char *files = those(r, lost_files, PART_ESP);
	autofree char *bios = those(r, lost_bios, PART_BIOS);
	autofree char *disks = those_disks(r);

	if (r->state_free)
		plan_add(
			&r->steps, "state", repair_state, NULL,
			"check '%s'; if it is damaged, keep a copy in the pool and mend it, or make it anew",
			r->in.state);
	if (esp)
		plan_add(&r->steps, "esp", run_esp, undo_mount,
			 "make FAT on %s with grubenv", esp);
	if (env)
		plan_add(&r->steps, "grubenv", run_env, undo_mount,
			 "write grubenv on %s", env);
	else if (kept)
		plan_add(&r->steps, "grubenv", run_env, undo_mount,
			 "keep grubenv on %s", kept);
	if (files)
		plan_add(&r->steps, "boot-uefi", run_files, undo_mount,
			 "write grub.cfg and EFI/BOOT/BOOTX64.EFI to %s",
			 files);
	if (bios)
		plan_add(
			&r->steps, "boot-bios", run_bios, NULL,
			"write GRUB's core image to %s and the boot sector of %s",
			bios, disks);
}

void repair_free(struct repair *r)
{
	if (r->second)
		repair_free(r->second);
	free(r->second);
	if (r->lock >= 0)
		close(r->lock);
	plan_free(&r->steps);
	free(r->disk.name);
	free(r->disk.path);
	install_free(&r->in);
}
