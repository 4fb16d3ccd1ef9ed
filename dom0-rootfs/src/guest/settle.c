/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle.c: what may be done a moment after a command has ended. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "guestconf.h"
#include "guestedit.h"
#include "guests.h"
#include "live.h"
#include "rollback.h"
#include "settle.h"
#include "spare.h"
#include "supervisor.h"
#include "volume.h"

#define REMOVED ".removed"

static char *removed_path(const char *guest)
{
	return xasprintf(PATH_GUESTS "/.%s" REMOVED, guest);
}

int settle_remove_later(const char *guest, const struct strlist *volumes,
			struct pvn_err *err)
{
	autofree char *path = removed_path(guest);
	autofree char *text = xstrdup("");

	for (size_t i = 0; i < volumes->n; i++) {
		char *more = xasprintf("%s%s\n", text, volumes->v[i]);

		free(text);
		text = more;
	}
	return file_write(path, text, 0600, err);
}

/* @patient: wait a while for what is in use. */
static int remove_listed(const char *vg, const char *path, bool patient,
			 struct pvn_err *err)
{
	autofree char *text = NULL;
	auto_strlist struct strlist names = { 0 };
	char *save = NULL;
	int rc = file_read(path, &text, err);

	if (rc)
		return rc;
	for (char *name = strtok_r(text, "\n", &save); name;
	     name = strtok_r(NULL, "\n", &save))
		strlist_add(&names, name);
	if (!patient)
		rc = volumes_check_unused(vg, &names, err);
	if (!rc)
		rc = volumes_remove(vg, &names, err);
	if (!rc && unlink(path))
		rc = pvn_err_errno(err, errno, "cannot remove '%s'", path);
	return rc;
}

/* The path that a spare's disk gets, or NULL: it is none. Caller frees. */
static char *new_path(const char *vg, const struct guestconf *conf, size_t i)
{
	autofree char *prefix = xasprintf("/dev/%s/", vg);
	const char *path = conf->disks[i].path;
	const size_t before = strlen(prefix);
	autofree char *id = NULL;

	if (!strncmp(path, prefix, before))
		id = spare_of_volume(path + before);
	if (!id)
		return NULL;
	return xasprintf("%sguest-%s%s", prefix, conf->name,
			 path + before + strlen(SPARE_VOLUME) + strlen(id));
}

/* Give one disk's volume the name of the guest, in LVM and for Xen's tools. After a cut in
 * between it has the name already. */
static int rename_volume(const char *vg, const struct guestconf *conf, size_t i,
			 const struct volume_list *volumes,
			 const struct domain *domain, struct pvn_err *err)
{
	const char *old = conf->disks[i].path;
	autofree char *new = new_path(vg, conf, i);
	const char *old_name = strrchr(old, '/') + 1;
	int rc = 0;

	if (!new)
		return 0;
	if (volumes_find(volumes, old_name))
		rc = volume_rename(vg, old_name, strrchr(new, '/') + 1, err);
	if (!rc && domain)
		rc = live_disk_renamed(domain->id, old, new, err);
	return rc;
}

static int rename_volumes(const char *vg, const struct guestconf *conf,
			  struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	auto_domains struct domain_list domains = { 0 };
	int rc = volumes_read(vg, &volumes, err);

	if (!rc)
		rc = domains_read(&domains, err);
	for (size_t i = 0; !rc && i < conf->n_disks; i++)
		rc = rename_volume(vg, conf, i, &volumes,
				   domains_find(&domains, conf->name), err);
	return rc;
}

static int edit_paths(const char *vg, const char *path, char **text,
		      struct pvn_err *err)
{
	auto_guestconf struct guestconf conf = { 0 };
	int rc = guestconf_parse(*text, path, &conf, err);

	for (size_t i = 0; !rc && i < conf.n_disks; i++) {
		autofree char *new = new_path(vg, &conf, i);
		autofree char *item = NULL;

		if (!new)
			continue;
		item = xasprintf("phy:%s,%s,%s", new, conf.disks[i].vdev,
				 conf.disks[i].writable ? "w" : "r");
		rc = guestedit_set_item(text, "disk", i, item, err);
	}
	return rc;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* @path as it is to be, beside it; *read_r: which state of it that was. */
static int write_edited(const char *vg, const char *path, const char *temp,
			struct stat *read_r, struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc;

	if (stat(path, read_r))
		return pvn_err_errno(err, errno, "cannot read '%s'", path);
	rc = file_read(path, &text, err);
	if (!rc)
		rc = edit_paths(vg, path, &text, err);
	return rc ? rc : file_write(temp, text, 0600, err);
}

/* The volumes get their names when the file with these is written already: it must not name any that are
 * gone, should the file system be full. Somebody may be editing it: what he writes counts, and is edited in
 * turn. */
static int rename_and_edit(const char *vg, const struct guestconf *conf,
			   const char *path, const char *temp,
			   struct pvn_err *err)
{
	struct stat before, now;
	int rc = write_edited(vg, path, temp, &before, err);

	if (!rc)
		rc = rename_volumes(vg, conf, err);
	while (!rc && (stat(path, &now) || !is_same_file(&before, &now)))
		rc = write_edited(vg, path, temp, &before, err);
	if (!rc && rename(temp, path))
		rc = pvn_err_errno(err, errno, "cannot write '%s'", path);
	return rc;
}

static bool has_spare_volumes(const char *vg, const struct guestconf *conf)
{
	for (size_t i = 0; i < conf->n_disks; i++) {
		autofree char *new = new_path(vg, conf, i);

		if (new)
			return true;
	}
	return false;
}

/* *done_r: there was something to do. */
static int name_volumes(const char *vg, const char *guest, const char *path,
			const char *text, bool *done_r, struct pvn_err *err)
{
	autofree char *temp = xasprintf(PATH_GUESTS "/.%s.settled", guest);
	auto_guestconf struct guestconf conf = { 0 };
	int rc = guestconf_parse(text, path, &conf, err);

	*done_r = !rc && has_spare_volumes(vg, &conf);
	if (!*done_r)
		return rc;
	rc = rename_and_edit(vg, &conf, path, temp, err);
	if (rc)
		unlink(temp);
	return rc;
}

/* Few files need to be parsed for it. */
static int settle_names(const char *vg, const char *guest, bool *done_r,
			struct pvn_err *err)
{
	autofree char *path = guestconf_path(guest);
	autofree char *disk = xasprintf("/dev/%s/" SPARE_VOLUME, vg);
	autofree char *text = NULL;
	int rc;

	*done_r = false;
	if (!file_exists(path))
		return 0;
	rc = file_read(path, &text, err);
	return rc || !strstr(text, disk)
		       ? rc
		       : name_volumes(vg, guest, path, text, done_r, err);
}

int settle_removal(const char *vg, const char *guest, struct pvn_err *err)
{
	autofree char *path = removed_path(guest);

	return file_exists(path) ? remove_listed(vg, path, true, err) : 0;
}

int settle_guest(const char *vg, const char *guest, struct pvn_err *err)
{
	bool done;
	int rc = settle_removal(vg, guest, err);

	return rc ? rc : settle_names(vg, guest, &done, err);
}

static int is_removed(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] == '.' && len > strlen(REMOVED) + 1 &&
	       !strcmp(entry->d_name + len - strlen(REMOVED), REMOVED);
}

/* Path of one list of volumes to be removed, none of @stuck's, or NULL. Caller frees. */
static char *next_removal(const struct settle_stuck *stuck)
{
	struct dirent **entries = NULL;
	int n = scandir(PATH_GUESTS, &entries, is_removed, alphasort);
	char *path = NULL;

	for (int i = 0; i < n; i++) {
		autofree char *one =
			xasprintf(PATH_GUESTS "/%s", entries[i]->d_name);

		free(entries[i]);
		if (path || strlist_has(&stuck->paths, one))
			continue;
		path = one;
		one = NULL;
	}
	free(entries);
	return path;
}

static void remove_or_pass_over(const char *vg, const char *path,
				struct settle_stuck *stuck)
{
	struct pvn_err err = { 0 };

	if (!remove_listed(vg, path, false, &err))
		return;
	if (!stuck->paths.n)
		stuck->first = err;
	strlist_add(&stuck->paths, path);
}

int settle_one(const char *vg, struct settle_stuck *stuck, bool *more_r,
	       struct pvn_err *err)
{
	auto_strlist struct strlist names = { 0 };
	autofree char *path = next_removal(stuck);
	int rc = 0;

	*more_r = path != NULL;
	if (path) {
		remove_or_pass_over(vg, path, stuck);
		return 0;
	}
	guests_conf_names(&names);
	for (size_t i = 0; !rc && !*more_r && i < names.n; i++)
		rc = settle_names(vg, names.v[i], more_r, err);
	return rc;
}

int settle_all(const char *vg, struct pvn_err *err)
{
	struct settle_stuck stuck = { 0 };
	bool more;
	int rc;

	do {
		rc = settle_one(vg, &stuck, &more, err);
	} while (!rc && more);
	strlist_free(&stuck.paths);
	return rc ? rc : rollback_recover_all(vg, err);
}

static bool is_known(const char *id)
{
	static const char *const kinds[][2] = { { ".", "" },
						{ "", "" },
						{ "", ".taken" } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		autofree char *path = spare_path(kinds[i][0], id, kinds[i][1]);

		if (file_exists(path))
			return true;
	}
	return false;
}

/* Nobody who has the lock is about to start this one. */
static int give_back_or_forget(const char *vg, const char *id,
			       struct pvn_err *err)
{
	autofree char *disk = spare_volume(id, "xvda");
	auto_volumes struct volume_list volumes = { 0 };
	int rc = volumes_read(vg, &volumes, err);

	if (rc)
		return rc;
	if (volumes_find(&volumes, disk))
		return spare_give_back(id, err);
	return supervisor_ask(err, NULL, "drop-spare %s", id);
}

static int settle_taken(const char *vg, struct pvn_err *err)
{
	static const char suffix[] = ".taken";
	DIR *dir = opendir(SPARES);
	struct dirent *entry;
	int rc = 0;

	while (dir && !rc && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		autofree char *id = NULL;

		if (len <= strlen(suffix) ||
		    strcmp(entry->d_name + len - strlen(suffix), suffix))
			continue;
		id = xasprintf("%.*s", (int)(len - strlen(suffix)),
			       entry->d_name);
		rc = give_back_or_forget(vg, id, err);
	}
	if (dir)
		closedir(dir);
	return rc;
}

int settle_spares(const char *vg, struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	auto_strlist struct strlist orphans = { 0 };
	int rc = settle_taken(vg, err);

	if (!rc)
		rc = volumes_read(vg, &volumes, err);
	for (size_t i = 0; !rc && i < volumes.n; i++) {
		autofree char *id = spare_of_volume(volumes.v[i].name);

		if (id && !is_known(id))
			strlist_add(&orphans, volumes.v[i].name);
	}
	return rc || !orphans.n ? rc : volumes_remove(vg, &orphans, err);
}

int settle_forget_spares(const char *vg, struct pvn_err *err)
{
	int rc;

	if (unlink(SPARE_WANTED) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '%s'",
				     SPARE_WANTED);
	rc = supervisor_ask(err, NULL, "drop-spares");
	return rc ? rc : settle_spares(vg, err);
}
