/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootenv.c: grubenv on each EFI system partition of this installation. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <syslog.h>
#include "../lib/file.h"
#include "../lib/grubenv.h"
#include "../lib/mem.h"
#include "bootenv.h"
#include "disks.h"
#include "host.h"
#include "slots.h"

#define ESP_DIR PATH_RUN "/esp"
#define ESP_LOCK PATH_RUN "/esp.lock"
#define GRUBENV ESP_DIR "/grub/grubenv"

/* Find them, to be used one at a time: what is mounted read-only can't be mounted for writing. Returns the
 * lock; closing it gives it back. */
static int lock_esps(struct strlist *devices, struct pvn_err *err)
{
	int rc = disks_partitions("esp", devices, err);
	int fd;

	if (!rc)
		rc = mkdir_p(ESP_DIR, 0700, err);
	if (rc)
		return rc;
	fd = open(ESP_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	pvn_err_errno(err, errno, "cannot lock '%s'", ESP_LOCK);
	if (fd >= 0)
		close(fd);
	return err->code;
}

static int mount_esp(const char *device, bool writable, struct pvn_err *err)
{
	if (mount(device, ESP_DIR, "vfat",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC | (writable ? 0 : MS_RDONLY),
		  "fmask=0133,dmask=0022"))
		return pvn_err_errno(err, errno, "cannot mount '%s'", device);
	return 0;
}

static int unmount_esp(int rc, struct pvn_err *err)
{
	if (umount(ESP_DIR) && !rc)
		rc = pvn_err_errno(err, errno,
				   "cannot unmount the EFI system partition");
	return rc;
}

static const char *value_of(const struct kv_list *vars, const char *variable)
{
	const char *value = kv_get(vars, variable);

	return value ? value : "";
}

void bootenv_merge(struct kv_list *vars, const struct kv_list *other,
		   const char *noted_slot, bool *uneven)
{
	static const char *const once[] = { "try", "rescue", NULL };
	const char *slot = value_of(other, "slot");
	const char *starts = value_of(other, "starts");
	const char *had = value_of(vars, "starts");

	for (const char *const *name = once; *name; name++) {
		if (!strcmp(value_of(vars, *name), value_of(other, *name)))
			continue;
		kv_set(vars, *name, "");
		*uneven = true;
	}
	if (strcmp(had, starts)) {
		*uneven = true;
		if (*had != 'o' &&
		    (*starts == 'o' || strlen(starts) > strlen(had)))
			kv_set(vars, "starts", starts);
	}
	if (strcmp(value_of(vars, "slot"), slot)) {
		*uneven = true;
		if (noted_slot && !strcmp(noted_slot, slot))
			kv_set(vars, "slot", slot);
	}
}

/* What the last start that went well said. Caller frees; NULL: nothing. */
static char *noted_slot(void)
{
	auto_kv struct kv_list notes = { 0 };
	struct pvn_err ignored;
	const char *slot;

	if (grubenv_read(PATH_BOOT_NOTES, &notes, &ignored))
		return NULL;
	slot = kv_get(&notes, "slot");
	return slot ? xstrdup(slot) : NULL;
}

/* Of one that can't be read the other says all. */
static int read_all(const struct strlist *devices, struct kv_list *vars,
		    bool *uneven, struct pvn_err *err)
{
	autofree char *noted = devices->n > 1 ? noted_slot() : NULL;
	bool have = false;
	int rc = 0;

	for (size_t i = 0; i < devices->n; i++) {
		auto_kv struct kv_list own = { 0 };
		struct pvn_err why = { 0 };

		rc = mount_esp(devices->v[i], false, &why);
		if (!rc)
			rc = unmount_esp(grubenv_read(GRUBENV, &own, &why),
					 &why);
		if (rc && devices->n == 1) {
			*err = why;
		} else if (rc) {
			*uneven = true;
			syslog(LOG_WARNING, "%s", why.msg);
			*err = why;
		} else if (have) {
			bootenv_merge(vars, &own, noted, uneven);
		} else {
			for (size_t k = 0; k < own.n; k++)
				kv_set(vars, own.v[k].key, own.v[k].value);
			have = true;
		}
	}
	return have ? 0 : rc;
}

int bootenv_read(struct kv_list *vars, bool *uneven_r, struct pvn_err *err)
{
	auto_strlist struct strlist devices = { 0 };
	autoclose int lock = lock_esps(&devices, err);
	bool uneven = false;
	int rc = lock < 0 ? lock : read_all(&devices, vars, &uneven, err);

	if (uneven_r)
		*uneven_r = uneven;
	return rc;
}

static int write_all(const struct strlist *devices, const struct kv_list *vars,
		     struct pvn_err *err)
{
	size_t written = 0;
	int rc = 0;

	for (size_t i = 0; i < devices->n; i++) {
		struct pvn_err why = { 0 };
		int r = mount_esp(devices->v[i], true, &why);

		if (!r)
			r = unmount_esp(grubenv_write_in_place(GRUBENV, vars,
							       &why),
					&why);
		if (!r) {
			written++;
			continue;
		}
		rc = r;
		*err = why;
		if (devices->n > 1)
			syslog(LOG_WARNING, "%s", why.msg);
	}
	return written ? 0 : rc;
}

int bootenv_change(const struct env_change *changes, size_t n,
		   struct pvn_err *err)
{
	auto_strlist struct strlist devices = { 0 };
	auto_kv struct kv_list vars = { 0 };
	autoclose int lock = lock_esps(&devices, err);
	bool uneven = false;
	int rc = lock < 0 ? lock : read_all(&devices, &vars, &uneven, err);

	for (size_t i = 0; i < n && !rc; i++)
		kv_set(&vars, changes[i].variable, changes[i].value);
	return rc ? rc : write_all(&devices, &vars, err);
}

int bootenv_check_menu(const char *word, struct pvn_err *err)
{
	auto_strlist struct strlist devices = { 0 };
	autoclose int lock = lock_esps(&devices, err);
	int rc = lock < 0 ? lock : 0;

	for (size_t i = 0; !rc && i < devices.n; i++) {
		autofree char *menu = NULL;

		rc = mount_esp(devices.v[i], false, err);
		if (!rc)
			rc = unmount_esp(file_read(ESP_DIR "/grub/grub.cfg",
						   &menu, err),
					 err);
		if (!rc && !strstr(menu, word))
			rc = pvn_err(
				err, PVN_REFUSED,
				"GRUB's menu on this host is an older release's and knows no rescue: 'host repair' writes it anew");
	}
	return rc;
}
