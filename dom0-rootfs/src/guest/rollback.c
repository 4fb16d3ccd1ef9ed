/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rollback.c: undo or finish a rollback that was cut off. */
#include <string.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "domain.h"
#include "guestconf.h"
#include "host.h"
#include "rollback.h"

#define PREFIX "guest-"
#define NEW "+new"
#define OLD "+old"
#define CONFIG ".rollback"

char *rollback_config(const char *guest)
{
	return xasprintf(PATH_GUESTS "/.%s" CONFIG, guest);
}

static bool has_config(const char *guest)
{
	autofree char *path = rollback_config(guest);

	return file_exists(path);
}

/* "-DISK", if @volume is guest-@guest@kind-DISK; else NULL. */
static const char *disk_of(const char *volume, const char *guest,
			   const char *kind)
{
	autofree char *prefix = xasprintf(PREFIX "%s%s", guest, kind);
	size_t len = strlen(prefix);

	return !strncmp(volume, prefix, len) && volume[len] == '-'
		       ? volume + len
		       : NULL;
}

static bool has_kind(const struct volume_list *volumes, const char *guest,
		     const char *kind)
{
	for (size_t i = 0; i < volumes->n; i++) {
		if (disk_of(volumes->v[i].name, guest, kind))
			return true;
	}
	return false;
}

bool rollback_is_half(const struct volume_list *volumes, const char *guest)
{
	return has_kind(volumes, guest, NEW);
}

bool rollback_is_left(const struct volume_list *volumes, const char *guest)
{
	return rollback_is_half(volumes, guest) ||
	       has_kind(volumes, guest, OLD) || has_config(guest);
}

/* The new one out of its place, to be removed, and the old one back. */
static int put_back(const char *vg, const struct volume_list *volumes,
		    const char *guest, const char *old, struct pvn_err *err)
{
	const char *disk = disk_of(old, guest, OLD);
	autofree char *now = xasprintf(PREFIX "%s%s", guest, disk);
	autofree char *new = xasprintf(PREFIX "%s" NEW "%s", guest, disk);
	int rc = 0;

	if (volumes_find(volumes, now))
		rc = volume_rename(vg, now, new, err);
	return rc ? rc : volume_rename(vg, old, now, err);
}

static int put_all_back(const char *vg, const struct volume_list *volumes,
			const char *guest, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < volumes->n && !rc; i++) {
		if (disk_of(volumes->v[i].name, guest, OLD))
			rc = put_back(vg, volumes, guest, volumes->v[i].name,
				      err);
	}
	return rc;
}

/* The volumes that are to go; the old ones only where none is to be put back. */
static int list_rest(const char *vg, const char *guest, struct strlist *names,
		     struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	int rc = volumes_read(vg, &volumes, err);

	for (size_t i = 0; i < volumes.n && !rc; i++) {
		const char *volume = volumes.v[i].name;

		if (disk_of(volume, guest, NEW) || disk_of(volume, guest, OLD))
			strlist_add(names, volume);
	}
	return rc;
}

/* That of the volumes which are in place now. */
static int put_config(const char *guest, struct pvn_err *err)
{
	autofree char *from = rollback_config(guest);
	autofree char *to = guestconf_path(guest);

	if (rename(from, to) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot write '%s'", to);
	return 0;
}

int rollback_drop_config(const char *guest, struct pvn_err *err)
{
	autofree char *path = rollback_config(guest);

	if (unlink(path) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '%s'", path);
	return 0;
}

/* The new ones go last: as long as there is one, an old one is put back. @patient: wait a while for what
 * is in use, else leave it. */
static int recover(const char *vg, const struct volume_list *volumes,
		   const char *guest, bool patient, struct pvn_err *err)
{
	auto_strlist struct strlist rest = { 0 };
	struct pvn_err ignored = { 0 };
	int rc = 0;

	if (rollback_is_half(volumes, guest)) {
		rc = put_all_back(vg, volumes, guest, err);
		if (!rc)
			rc = rollback_drop_config(guest, err);
	} else {
		rc = put_config(guest, err);
	}
	if (!rc)
		rc = list_rest(vg, guest, &rest, err);
	if (rc || !rest.n ||
	    (!patient && volumes_check_unused(vg, &rest, &ignored)))
		return rc;
	return volumes_remove(vg, &rest, err);
}

int rollback_recover(const char *vg, const char *guest, struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	int rc = volumes_read(vg, &volumes, err);

	return rc ? rc : recover(vg, &volumes, guest, true, err);
}

/* Whose volume it is, if a rollback has left it; else NULL. Caller frees. */
static char *guest_of(const char *volume)
{
	const char *plus = strchr(volume, '+');

	if (!plus || strncmp(volume, PREFIX, strlen(PREFIX)) ||
	    (strncmp(plus, NEW "-", strlen(NEW "-")) &&
	     strncmp(plus, OLD "-", strlen(OLD "-"))))
		return NULL;
	volume += strlen(PREFIX);
	return xasprintf("%.*s", (int)(plus - volume), volume);
}

/* Guests whose file is still to come. */
static void add_configs(struct strlist *guests)
{
	DIR *dir = opendir(PATH_GUESTS);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		size_t len = strlen(name);
		autofree char *guest = NULL;

		if (name[0] != '.' || len <= strlen(CONFIG) + 1 ||
		    strcmp(name + len - strlen(CONFIG), CONFIG))
			continue;
		guest = xasprintf("%.*s", (int)(len - strlen(CONFIG) - 1),
				  name + 1);
		if (!strlist_has(guests, guest))
			strlist_add(guests, guest);
	}
	if (dir)
		closedir(dir);
}

int rollback_recover_all(const char *vg, struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	auto_domains struct domain_list domains = { 0 };
	auto_strlist struct strlist guests = { 0 };
	struct pvn_err ignored = { 0 };
	int rc = 0;

	/* who needs them says so; who mends the host's disks does not */
	if (volumes_read(vg, &volumes, &ignored))
		return 0;
	for (size_t i = 0; i < volumes.n; i++) {
		autofree char *guest = guest_of(volumes.v[i].name);

		if (guest && !strlist_has(&guests, guest))
			strlist_add(&guests, guest);
	}
	add_configs(&guests);
	if (guests.n)
		rc = domains_read(&domains, err);
	for (size_t i = 0; i < guests.n && !rc; i++) {
		if (!domains_find(&domains, guests.v[i]))
			rc = recover(vg, &volumes, guests.v[i], false, err);
	}
	return rc;
}
