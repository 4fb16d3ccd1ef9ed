/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps.c: the steps of an install, in their order. Until 'boot-bios', 'boot-uefi'
 * and 'boot-slots', next to last, nothing on the disk can boot: an install that
 * is cut off leaves no half of a system behind that seems to work. */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "hooks.h"
#include "install.h"
#include "run.h"

static int disk_open(struct install *in, struct pvn_err *err)
{
	in->disk_fd = device_open(in->disk->path, true, err);
	return in->disk_fd < 0 ? in->disk_fd : 0;
}

static void disk_close(struct install *in)
{
	if (in->disk_fd >= 0)
		close(in->disk_fd);
	in->disk_fd = -1;
}

static bool have_program(const char *name)
{
	const char *path = getenv("PATH");
	autofree char *copy = xstrdup(path ? path : "");
	char *save;

	for (char *dir = strtok_r(copy, ":", &save); dir;
	     dir = strtok_r(NULL, ":", &save)) {
		autofree char *file = xasprintf("%s/%s", dir, name);

		if (!access(file, X_OK))
			return true;
	}
	return false;
}

static int check_restore(const struct answers *a, struct pvn_err *err)
{
	int rc;

	if (!a->restore.files)
		return 0;
	rc = mkdir_p("/run/paravane-install", 0700, err);
	if (!rc)
		rc = backup_take(&a->restore, RESTORE_ARCHIVE, err);
	if (!rc)
		printf("[restore] is signed by the key %s\n",
		       a->restore.signer);
	return rc;
}

/* Whatever can be found missing is found missing before the disk is touched. */
static int run_check(void *ctx, struct pvn_err *err)
{
	static const char *const files[] = { "boot.img", "core.img",
					     "bootx64.efi", "esp.cfg", NULL };
	struct install *in = ctx;
	const char *const programs[] = { in->iso ? "mcopy" : "lvm", "mkfs.ext4",
					 "mkfs.fat", "e2fsck", NULL };
	int rc = slot_open_source(in, err);

	for (const char *const *f = files; !rc && *f; f++) {
		autofree char *path =
			xasprintf("%s/boot/grub/install/%s", in->slot_dir, *f);
		autofree uint8_t *data = NULL;
		size_t len = 0;

		rc = file_read_bytes(path, &data, &len, err);
		if (!rc && !len)
			rc = pvn_err(err, -EINVAL, "'%s' is empty", path);
	}
	for (const char *const *p = programs; !rc && *p; p++) {
		if (!have_program(*p))
			rc = pvn_err(err, -ENOENT, "no program '%s'", *p);
	}
	if (!rc && in->second && !have_program("mdadm"))
		rc = pvn_err(err, -ENOENT, "no program 'mdadm'");
	if (!rc)
		rc = check_restore(in->answers, err);
	return rc || in->keep == KEEP_NOTHING ? rc : keep_check(in, err);
}

static int run_release(void *ctx, struct pvn_err *err)
{
	int rc = 0;

	for (struct install *in = ctx; !rc && in; in = in->second)
		rc = release_disk(in->disk, err);
	return rc;
}

static int run_wipe(void *ctx, struct pvn_err *err)
{
	int rc = 0;

	for (struct install *in = ctx; !rc && in; in = in->second) {
		rc = disk_open(in, err);
		if (!rc)
			rc = gpt_wipe_old(in->disk_fd, in->disk->path,
					  in->disk->size, in->disk->sector_size,
					  err);
	}
	return rc;
}

/* The disk must not stay open for us alone, or its partitions can't be used. */
static int run_partition(void *ctx, struct pvn_err *err)
{
	int rc = 0;

	for (struct install *in = ctx; !rc && in; in = in->second) {
		rc = in->disk_fd < 0 ? disk_open(in, err) : 0;
		if (!rc)
			rc = gpt_write(in->disk_fd, in->disk->path, &in->layout,
				       in->id, err);
		disk_close(in);
	}
	return rc;
}

static int erase(struct install *in, struct pvn_err *err)
{
	int rc;

	disk_close(in);
	in->disk_fd = device_open(in->disk->path, false, err);
	if (in->disk_fd < 0)
		return in->disk_fd;
	rc = gpt_erase(in->disk_fd, in->disk->path, in->disk->size, err);
	disk_close(in);
	return rc;
}

/* After this nothing of the install boots or is even found. */
static int undo_partition(void *ctx, struct pvn_err *err)
{
	int rc = 0;

	for (struct install *in = ctx; in; in = in->second) {
		int erased = erase(in, err);

		rc = rc ? rc : erased;
	}
	return rc;
}

static int run_unboot(void *ctx, struct pvn_err *err)
{
	return keep_unboot(ctx, err);
}

static int run_kept_state(void *ctx, struct pvn_err *err)
{
	return keep_state(ctx, err);
}

static int run_settle(void *ctx, struct pvn_err *err)
{
	int rc = 0;

	for (struct install *in = ctx; in; in = in->second) {
		for (size_t i = 0; !rc && i < N_PARTS; i++)
			rc = device_wait_part(in->disk->name, in->part[i],
					      &in->layout.part[i], err);
	}
	return rc;
}

/* Copy to @fd; what it holds is compared at the end, in 'verify'. */
static int write_slot(int from, uint64_t start, uint64_t end, int fd,
		      const char *path, struct pvn_err *err)
{
	int rc = slot_copy(from, fd, start, end, path, err);

	if (!rc && fsync(fd))
		rc = pvn_err_errno(err, errno, "cannot write '%s'", path);
	return rc;
}

static int run_slot_a(void *ctx, struct pvn_err *err)
{
	struct install *in = ctx;
	const char *path = in->part[PART_SLOT_A];

	/* it stays open, or what it has in memory would be dropped */
	in->slot_fd = device_open(path, true, err);
	return in->slot_fd < 0
		       ? in->slot_fd
		       : write_slot(in->source_fd, SLOT_HEAD, in->iso_size,
				    in->slot_fd, path, err);
}

static void slot_close(struct install *in)
{
	if (in->slot_fd >= 0)
		close(in->slot_fd);
	in->slot_fd = -1;
}

static int undo_slot_a(void *ctx, struct pvn_err *err)
{
	(void)err;
	slot_close(ctx);
	return 0;
}

/* From slot a, which is in memory: the boot medium may be a slow one, far away behind a
 * management controller. */
static int copy_slot_a(const struct install *in, const char *path,
		       struct pvn_err *err)
{
	autoclose int fd = device_open(path, true, err);

	return fd < 0 ? fd
		      : write_slot(in->slot_fd, SLOT_HEAD, in->iso_size, fd,
				   path, err);
}

static int run_slot_b(void *ctx, struct pvn_err *err)
{
	struct install *in = ctx;
	int rc = copy_slot_a(in, in->part[PART_SLOT_B], err);

	if (!rc && in->second)
		rc = copy_slot_a(in, in->second->part[PART_SLOT_A], err);
	if (!rc && in->second)
		rc = copy_slot_a(in, in->second->part[PART_SLOT_B], err);
	slot_close(in);
	return rc;
}

static int write_head(int from, const char *path, struct pvn_err *err)
{
	autoclose int fd = device_open(path, true, err);

	return fd < 0 ? fd : write_slot(from, 0, SLOT_HEAD, fd, path, err);
}

/* UEFI starts an ISO that it finds in a partition as if it were a CD: what
 * makes one of a slot is written when all else is there. */
static int run_boot_slots(void *ctx, struct pvn_err *err)
{
	const struct install *in = ctx;
	const int from = in->source_fd;
	int rc = 0;

	for (; !rc && in; in = in->second) {
		rc = write_head(from, in->part[PART_SLOT_A], err);
		if (!rc)
			rc = write_head(from, in->part[PART_SLOT_B], err);
	}
	return rc;
}

static int run_state(void *ctx, struct pvn_err *err)
{
	return state_make(ctx, err);
}

static int undo_state(void *ctx, struct pvn_err *err)
{
	const struct install *in = ctx;

	return in->iso ? 0 : device_unmount(MNT_STATE, err);
}

static int run_pool(void *ctx, struct pvn_err *err)
{
	return pool_make(ctx, err);
}

static int undo_pool(void *ctx, struct pvn_err *err)
{
	return pool_deactivate(ctx, err);
}

static int run_configure(void *ctx, struct pvn_err *err)
{
	const struct install *in = ctx;
	int rc = state_configure(ctx, err);

	return rc || in->answers->script ? rc : device_unmount(MNT_STATE, err);
}

static int run_fetch(void *ctx, struct pvn_err *err)
{
	return hook_fetch(ctx, err);
}

static int run_script(void *ctx, struct pvn_err *err)
{
	int rc = hook_script(ctx, err);

	return rc ? rc : device_unmount(MNT_STATE, err);
}

/* It stays mounted until 'boot-uefi'; of two, each has its turn. */
static int run_esp(void *ctx, struct pvn_err *err)
{
	struct install *in = ctx;
	int rc = 0;

	if (!in->second)
		return esp_make(in, err);
	for (; !rc && in; in = in->second) {
		rc = esp_make(in, err);
		if (!rc)
			rc = device_unmount(MNT_ESP, err);
	}
	return rc;
}

static int undo_esp(void *ctx, struct pvn_err *err)
{
	const struct install *in = ctx;

	return in->iso ? 0 : device_unmount(MNT_ESP, err);
}

static int run_boot_bios(void *ctx, struct pvn_err *err)
{
	int rc = 0;

	for (const struct install *in = ctx; !rc && in; in = in->second)
		rc = grub_install_bios(in, false, err);
	return rc;
}

static int run_boot_uefi(void *ctx, struct pvn_err *err)
{
	struct install *in = ctx;
	int rc = 0;

	if (!in->second)
		return esp_make_bootable(in, err);
	for (; !rc && in; in = in->second) {
		rc = esp_mend(in, err);
		if (!rc)
			rc = esp_make_bootable(in, err);
	}
	return rc;
}

static int run_verify(void *ctx, struct pvn_err *err)
{
	struct install *in = ctx;
	int rc = install_verify(in, err);

	return rc ? rc : mirror_stop(in, err);
}

static char *pair(const char *a, const char *b)
{
	return b ? xasprintf("'%s' and '%s'", a, b) : xasprintf("'%s'", a);
}

/* "'/dev/sda2'", or of two disks "'/dev/sda2' and '/dev/sdb2'". Caller frees. */
static char *each(const struct install *in, enum part_role role)
{
	return pair(in->part[role], in->second ? in->second->part[role] : NULL);
}

static char *each_disk(const struct install *in)
{
	return pair(in->disk->path, in->second ? in->second->disk->path : NULL);
}

/* What is built on the disks, each once: an array may be on both. */
static char *each_holder(const struct install *in)
{
	auto_strlist struct strlist seen = { 0 };

	for (; in; in = in->second) {
		const struct strlist *held = &in->disk->holders;

		for (size_t i = 0; i < held->n; i++) {
			size_t k = 0;

			while (k < seen.n && strcmp(seen.v[k], held->v[i]))
				k++;
			if (k == seen.n)
				strlist_add(&seen, held->v[i]);
		}
	}
	return seen.n ? strlist_joined(&seen, ", ") : xstrdup("nothing");
}

static void add_partition_step(struct install *in)
{
	autofree char *disks = each_disk(in);

	plan_add(&in->steps, "partition", run_partition, undo_partition,
		 "write a GPT with %d partitions on %s", N_PARTS, disks);
}

/* Undone by itself: what comes later may have made it boot. */
static void add_unboot_step(struct install *in)
{
	autofree char *disks = each_disk(in);
	autofree char *esp = each(in, PART_ESP);
	autofree char *a = each(in, PART_SLOT_A);
	autofree char *b = each(in, PART_SLOT_B);

	plan_add(
		&in->steps, "unboot", run_unboot, run_unboot,
		"erase what starts from %s: boot sector, %s, the first 1M of %s and %s",
		disks, esp, a, b);
}

static void add_preparing_steps(struct install *in)
{
	autofree char *held = each_holder(in);
	autofree char *disks = each_disk(in);
	autofree char *first = each(in, 0);
	autofree char *last = each(in, N_PARTS - 1);

	plan_add(&in->steps, "check", run_check, NULL,
		 "see that '%s' has all that is needed%s", in->slot_dir,
		 in->keep ? ", and that what is kept is whole" : "");
	if (in->iso) {
		add_partition_step(in);
		image_add_parts_step(in);
		return;
	}
	if (in->answers->script)
		plan_add(&in->steps, "fetch", run_fetch, NULL, "fetch '%s'",
			 in->answers->script);
	plan_add(&in->steps, "release", run_release, NULL,
		 "stop what is built on %s: %s", disks, held);
	if (in->keep != KEEP_NOTHING) {
		add_unboot_step(in);
		if (in->second)
			mirror_add_step(in);
		return;
	}
	plan_add(&in->steps, "wipe", run_wipe, NULL,
		 "erase old partition tables and signatures on %s", disks);
	add_partition_step(in);
	plan_add(&in->steps, "settle", run_settle, NULL, "wait for %s to %s",
		 first, last);
	if (in->second)
		mirror_add_step(in);
}

static void add_filling_steps(struct install *in)
{
	const struct pool_layout *pool = &in->pool;
	const struct install *on = in->second;
	char data[16];
	char meta[16];

	plan_add(&in->steps, "slot-a", run_slot_a, undo_slot_a,
		 "copy %s to '%s', but for the first 1M",
		 in->iso ? "the ISO" : "the running system",
		 in->part[PART_SLOT_A]);
	plan_add(&in->steps, "slot-b", run_slot_b, NULL,
		 "copy '%s' to '%s'%s%s%s%s%s in the same way",
		 in->part[PART_SLOT_A], in->part[PART_SLOT_B], on ? ", '" : "",
		 on ? on->part[PART_SLOT_A] : "", on ? "' and '" : "",
		 on ? on->part[PART_SLOT_B] : "", on ? "'" : "");
	if (in->keep != KEEP_NOTHING) {
		plan_add(&in->steps, "state", run_kept_state, undo_state,
			 "keep %s on '%s'",
			 in->keep == KEEP_GUESTS ? "the guests' files" : "all",
			 in->state);
		return;
	}
	plan_add(&in->steps, "state", run_state, undo_state,
		 "make ext4 'pvn-%s' on '%s'", in->id, in->state);
	if (in->iso)
		return;
	plan_add(&in->steps, "pool", run_pool, undo_pool,
		 "make volume group '%s' on '%s' with a thin pool of %s "
		 "(metadata %s and a spare, chunks of %uK)",
		 in->vg, in->guests, size_print(pool->data, data),
		 size_print(pool->metadata, meta),
		 (unsigned int)(pool->chunk / 1024));
}

/* "static 192.0.2.5/24, VLAN 10, bond lacp of eth0, eth1". Caller frees. */
static char *network_text(const struct answers *a)
{
	autofree char *nics = strlist_joined(&a->nics, ", ");
	const struct {
		const char *before;
		const char *value; /* NULL: not said */
	} parts[] = {
		{ " ", a->address },
		{ ", IPv6 ", strcmp(a->method6, "off") ? a->address6 : "off" },
		{ ", VLAN ", a->vlan },
		{ ", bond ", a->bond },
		{ " of ", a->bond ? nics : NULL },
	};
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fputs(a->method, f);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (parts[i].value)
			fprintf(f, "%s%s", parts[i].before, parts[i].value);
	}
	fclose(f);
	return text;
}

static void add_configure(struct install *in)
{
	const struct answers *a = in->answers;
	const char *keys = a->ssh_keys.n == 1 ? "key" : "keys";
	const char *password = a->password_hash ? ", a console password" : "";
	autofree char *network = network_text(a);

	if (in->keep == KEEP_CONFIGURATION)
		plan_add(&in->steps, "configure", run_configure, NULL,
			 "%s%s%s%sadd %zu ssh %s%s",
			 a->hostname ? "set host name '" : "",
			 a->hostname ? a->hostname : "",
			 a->hostname ? "', " : "",
			 a->says_network ? "set network, " : "", a->ssh_keys.n,
			 keys, password);
	else
		plan_add(&in->steps, "configure", run_configure, NULL,
			 "%sset host name '%s', network %s, %zu ssh %s%s",
			 a->restore.files ? "restore a host's configuration, "
					  : "",
			 a->hostname, network, a->ssh_keys.n, keys, password);
	if (a->script)
		plan_add(&in->steps, "script", run_script, NULL,
			 "run '%s', with the state partition on '" MNT_STATE
			 "'",
			 a->script);
}

void install_add_steps(struct install *in)
{
	autofree char *disks = each_disk(in);
	autofree char *bios = each(in, PART_BIOS);
	autofree char *esp = each(in, PART_ESP);
	autofree char *a = each(in, PART_SLOT_A);
	autofree char *b = each(in, PART_SLOT_B);

	add_preparing_steps(in);
	add_filling_steps(in);
	add_configure(in);
	plan_add(&in->steps, "esp", run_esp, undo_esp,
		 "make FAT on %s with grubenv%s%s%s%s%s%s", esp,
		 in->xen_args ? ", for Xen '" : "",
		 in->xen_args ? in->xen_args : "", in->xen_args ? "'" : "",
		 in->kernel_args ? ", for the kernel '" : "",
		 in->kernel_args ? in->kernel_args : "",
		 in->kernel_args ? "'" : "");
	if (in->bios)
		plan_add(&in->steps, "boot-bios", run_boot_bios, NULL,
			 "write GRUB's core image to %s and the boot "
			 "sector of %s",
			 bios, disks);
	plan_add(&in->steps, "boot-uefi", run_boot_uefi, NULL,
		 "write grub.cfg and EFI/BOOT/BOOTX64.EFI to %s", esp);
	plan_add(&in->steps, "boot-slots", run_boot_slots, NULL,
		 "write the first 1M of %s and %s, which makes them ISOs", a,
		 b);
	plan_add(&in->steps, "verify", run_verify, NULL,
		 "read back and compare what was written");
	if (in->iso)
		image_add_join_step(in);
	if (in->uefi)
		plan_add(&in->steps, "nvram", nvram_write, nvram_undo,
			 "tell the firmware to start '" NVRAM_NAME "' first");
}
