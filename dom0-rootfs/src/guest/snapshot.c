/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot.c: what snapshots a guest has. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "create.h"
#include "guestedit.h"
#include "snapshot.h"

char *snapshot_folder(const char *guest)
{
	return xasprintf(PATH_GUESTS "/%s.snapshots", guest);
}

char *snapshot_path(const char *guest, const char *snapshot)
{
	return xasprintf(PATH_GUESTS "/%s.snapshots/%s.cfg", guest, snapshot);
}

char *snapshot_volume(const char *guest, const char *snapshot,
		      const char *volume)
{
	return xasprintf("guest-%s.%s%s", guest, snapshot,
			 volume + strlen("guest-") + strlen(guest));
}

int snapshot_remove_folder(const char *guest, struct pvn_err *err)
{
	autofree char *folder = snapshot_folder(guest);
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, NULL, alphasort);
	int rc = 0;

	for (int i = 0; i < n; i++) {
		autofree char *path =
			xasprintf("%s/%s", folder, entries[i]->d_name);

		/* '.' and '..' can't be unlinked, and need not */
		if (unlink(path) && errno != EISDIR && errno != EPERM)
			rc = pvn_err_errno(err, errno, "cannot remove '%s'",
					   path);
		free(entries[i]);
	}
	free(entries);
	if (!rc && rmdir(folder) && errno != ENOENT)
		rc = pvn_err_errno(err, errno, "cannot remove '%s'", folder);
	return rc;
}

static int copy_file(const struct guest_set *set, const char *from,
		     const char *to, const char *snapshot, struct pvn_err *err)
{
	autofree char *old_path = snapshot_path(from, snapshot);
	autofree char *new_path = snapshot_path(to, snapshot);
	autofree char *text = NULL;
	struct guest guest = { .name = (char *)from };
	int rc;

	if (!file_exists(old_path))
		return 0;
	rc = file_read(old_path, &text, err);
	if (!rc)
		rc = guestconf_parse(text, old_path, &guest.conf, err);
	if (!rc)
		rc = guestedit_set_string(&text, "name", to, err);
	for (size_t i = 0; i < guest.conf.n_disks && !rc; i++)
		rc = guests_move_disk(set, &guest, to, i, &text, err);
	if (!rc)
		rc = file_write(new_path, text, 0600, err);
	guestconf_free(&guest.conf);
	return rc;
}

int snapshot_copy_files(const struct guest_set *set, const char *from,
			const char *to, struct pvn_err *err)
{
	autofree char *folder = snapshot_folder(to);
	auto_snapshots struct snapshot_list list = { 0 };
	int rc;

	snapshots_list(set, from, &list);
	rc = mkdir_p(folder, 0700, err);
	for (size_t i = 0; i < list.n && !rc; i++)
		rc = copy_file(set, from, to, list.v[i].name, err);
	return rc;
}

int snapshot_name_check(const char *name, struct pvn_err *err)
{
	struct pvn_err ignored;

	if (guest_name_check(name, &ignored))
		return pvn_err(
			err, -EINVAL,
			"'%.40s' is no name for a snapshot: 1 to 30 of a-z, 0-9 and '-', which neither begins nor ends it",
			name);
	return 0;
}

static void add(const struct guest_set *set, const char *guest,
		const char *name, struct snapshot_list *list)
{
	autofree char *path = snapshot_path(guest, name);
	struct snapshot *s;
	struct stat st;

	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	s = &list->v[list->n++];
	*s = (struct snapshot){ .name = xstrdup(name), .data_known = true };
	if (!stat(path, &st))
		s->made = st.st_mtime;
	for (size_t i = 0; i < set->volumes.n; i++) {
		const struct volume *v = &set->volumes.v[i];

		if (!volume_is_snapshot(v->name, guest, name))
			continue;
		s->n_disks++;
		s->size += v->size;
		s->data += volume_used(v);
		s->data_known = s->data_known && v->used_percent >= 0;
	}
}

static bool has(const struct snapshot_list *list, const char *name, size_t len)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strncmp(list->v[i].name, name, len) &&
		    !list->v[i].name[len])
			return true;
	}
	return false;
}

static int by_time(const void *a, const void *b)
{
	const struct snapshot *sa = a;
	const struct snapshot *sb = b;

	if (sa->made != sb->made)
		return sa->made < sb->made ? -1 : 1;
	return strcmp(sa->name, sb->name);
}

/* By the volumes: a snapshot of which only the file is there is none. */
void snapshots_list(const struct guest_set *set, const char *guest,
		    struct snapshot_list *list)
{
	autofree char *prefix = xasprintf("guest-%s.", guest);
	size_t len = strlen(prefix);

	for (size_t i = 0; i < set->volumes.n; i++) {
		const char *volume = set->volumes.v[i].name;
		const char *name = volume + len;
		const char *end = strrchr(volume, '-');

		if (strncmp(volume, prefix, len) || end <= name ||
		    has(list, name, (size_t)(end - name)))
			continue;
		autofree char *copy =
			xasprintf("%.*s", (int)(end - name), name);

		add(set, guest, copy, list);
	}
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_time);
}

void snapshots_free(struct snapshot_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].name);
	free(list->v);
	*list = (struct snapshot_list){ 0 };
}
