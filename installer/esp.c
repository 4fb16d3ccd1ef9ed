/* SPDX-License-Identifier: GPL-2.0-or-later */
/* esp.c: the EFI system partition and its files. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "file.h"
#include "grubenv.h"
#include "install.h"
#include "run.h"

/* On FAT the mode comes from the mount; this one is what file_write() asks for. */
#define OPTIONS "fmask=0133,dmask=0022"

/* Under another name first: GRUB and firmware find the old file or the new one. */
static int write_bytes(const char *path, const void *data, size_t len,
		       struct pvn_err *err)
{
	autofree char *new = xasprintf("%s.new", path);
	autoclose int fd =
		open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot create '%s'", new);
	rc = write_at(fd, data, len, 0, new, err);
	if (!rc && fsync(fd))
		rc = pvn_err_errno(err, errno, "cannot write '%s'", new);
	if (!rc && rename(new, path))
		rc = pvn_err_errno(err, errno, "cannot rename '%s'", new);
	return rc;
}

static int compare(const char *path, const void *data, size_t len,
		   struct pvn_err *err)
{
	autofree uint8_t *back = NULL;
	size_t back_len = 0;
	int rc = file_read_bytes(path, &back, &back_len, err);

	if (!rc && (back_len != len || memcmp(back, data, len)))
		rc = pvn_err(err, -EIO, "'%s' does not hold what was written",
			     path);
	return rc;
}

/* Put @len bytes into the ESP's file @name, unless they are there; or only compare with it. */
static int put(const char *name, const void *data, size_t len, bool only_verify,
	       struct pvn_err *err)
{
	autofree char *path = xasprintf(MNT_ESP "/%s", name);
	int rc = compare(path, data, len, err);

	return rc && !only_verify ? write_bytes(path, data, len, err) : rc;
}

/* The same with a file of the slot's /boot/grub/install. */
static int put_file(const struct install *in, const char *from,
		    const char *name, bool only_verify, struct pvn_err *err)
{
	autofree char *path =
		xasprintf("%s/boot/grub/install/%s", in->slot_dir, from);
	autofree uint8_t *data = NULL;
	size_t len;
	int rc = file_read_bytes(path, &data, &len, err);

	return rc ? rc : put(name, data, len, only_verify, err);
}

int esp_env(const struct install *in, char block[], struct pvn_err *err)
{
	const char slot[] = { in->kept, '\0' };
	auto_kv struct kv_list vars = { 0 };

	kv_set(&vars, "install", in->id);
	kv_set(&vars, "slot", slot);
	kv_set(&vars, "try", "");
	kv_set(&vars, "starts", "");
	kv_set(&vars, "rescue", "");
	kv_set(&vars, "xen_args", in->xen_args ? in->xen_args : "");
	kv_set(&vars, "kernel_args", in->kernel_args ? in->kernel_args : "");
	return grubenv_make(block, &vars, err);
}

static int put_env(const struct install *in, bool only_verify,
		   struct pvn_err *err)
{
	char block[GRUBENV_SIZE];
	int rc = esp_env(in, block, err);

	return rc ? rc
		  : put("grub/grubenv", block, sizeof(block), only_verify, err);
}

static int put_boot_files(const struct install *in, bool only_verify,
			  struct pvn_err *err)
{
	int rc = put_file(in, "esp.cfg", "grub/grub.cfg", only_verify, err);

	return rc ? rc
		  : put_file(in, "bootx64.efi", "EFI/BOOT/BOOTX64.EFI",
			     only_verify, err);
}

static int make_folders(struct pvn_err *err)
{
	int rc = mkdir_p(MNT_ESP "/grub", 0755, err);

	return rc ? rc : mkdir_p(MNT_ESP "/EFI/BOOT", 0755, err);
}

int esp_make(struct install *in, struct pvn_err *err)
{
	const char *dev = in->part[PART_ESP];
	char label[12];
	int rc;

	snprintf(label, sizeof(label), "PVN%s", in->id);
	for (char *p = label; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	rc = PVN_RUN(err, "mkfs.fat", "-n", label, "-i", in->id, dev);
	if (!rc)
		rc = in->iso ? image_folder(MNT_ESP, err)
			     : device_mount(dev, MNT_ESP, "vfat", 0, OPTIONS,
					    err);
	if (!rc)
		rc = make_folders(err);
	return rc ? rc : put_env(in, false, err);
}

char *esp_installation(void)
{
	auto_kv struct kv_list vars = { 0 };
	struct pvn_err ignored;
	const char *id = NULL;

	if (!grubenv_read(MNT_ESP "/grub/grubenv", &vars, &ignored))
		id = kv_get(&vars, "install");
	return id ? xstrdup(id) : NULL;
}

bool esp_has_files(void)
{
	static const char *const names[] = { "grub/grub.cfg",
					     "EFI/BOOT/BOOTX64.EFI", NULL };

	for (const char *const *name = names; *name; name++) {
		autofree char *path = xasprintf(MNT_ESP "/%s", *name);
		autofree uint8_t *data = NULL;
		struct pvn_err ignored;
		size_t len = 0;

		if (file_read_bytes(path, &data, &len, &ignored) || !len)
			return false;
	}
	return true;
}

int esp_compare_files(const struct install *in, struct pvn_err *err)
{
	return put_boot_files(in, true, err);
}

int esp_mend(struct install *in, struct pvn_err *err)
{
	autofree char *id = NULL;
	int rc = device_mount(in->part[PART_ESP], MNT_ESP, "vfat", 0, OPTIONS,
			      err);

	if (!rc)
		rc = make_folders(err);
	if (rc)
		return rc;
	id = esp_installation();
	return id && !strcmp(id, in->id) ? 0 : put_env(in, false, err);
}

int esp_make_bootable(struct install *in, struct pvn_err *err)
{
	int rc = put_boot_files(in, false, err);

	if (rc)
		return rc;
	return in->iso ? image_fill_esp(in, err) : device_unmount(MNT_ESP, err);
}

int esp_verify(struct install *in, struct pvn_err *err)
{
	struct pvn_err second;
	int rc = in->iso ? image_read_esp(in, err)
			 : device_mount(in->part[PART_ESP], MNT_ESP, "vfat",
					MS_RDONLY, OPTIONS, err);

	if (rc)
		return rc;
	rc = put_env(in, true, err);
	if (!rc)
		rc = put_boot_files(in, true, err);
	if (in->iso)
		return rc;
	if (device_unmount(MNT_ESP, rc ? &second : err) && !rc)
		rc = err->code;
	return rc;
}
