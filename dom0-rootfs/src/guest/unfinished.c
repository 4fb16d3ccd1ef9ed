/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unfinished.c: what long commands leave when they are killed or power goes.
 *
 * An import gives the lock back while it reads: then the guest's volumes are there, and no file of
 * it. So there is a record of it in the guests' folder, which outlives a power cut; and
 * whoever made it has it locked, which ends with the process. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include "../lib/file.h"
#include "guestconf.h"
#include "host.h"
#include "template.h"
#include "unfinished.h"

#define SUFFIX ".import"

static int record = -1;

static char *record_path(const char *guest)
{
	return xasprintf(PATH_GUESTS "/.%s" SUFFIX, guest);
}

static int sync_folder(struct pvn_err *err)
{
	autoclose int fd =
		open(PATH_GUESTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		return pvn_err_errno(err, errno, "cannot write '%s'",
				     PATH_GUESTS);
	return 0;
}

static int busy(const char *guest, struct pvn_err *err)
{
	return pvn_err(
		err, -EBUSY,
		"guest '%s' is being imported: wait until that ends, or end it",
		guest);
}

int unfinished_begin(const char *guest, struct pvn_err *err)
{
	autofree char *path = record_path(guest);
	int rc = mkdir_p(PATH_GUESTS, 0700, err);

	if (rc)
		return rc;
	record = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (record < 0)
		return pvn_err_errno(err, errno, "cannot make '%s'", path);
	if (flock(record, LOCK_EX | LOCK_NB)) {
		close(record);
		record = -1;
		return busy(guest, err);
	}
	return sync_folder(err);
}

void unfinished_end(const char *guest)
{
	autofree char *path = record_path(guest);

	if (record < 0)
		return;
	unlink(path);
	close(record);
	record = -1;
}

void unfinished_forget(const char *guest)
{
	autofree char *path = record_path(guest);

	unlink(path);
}

static bool is_locked(const char *guest)
{
	autofree char *path = record_path(guest);
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
}

int unfinished_check(const char *guest, struct pvn_err *err)
{
	return is_locked(guest) ? busy(guest, err) : 0;
}

bool unfinished_is_temporary(const char *volume)
{
	size_t len = strlen(volume);

	return !strncmp(volume, UNFINISHED_VOLUME, strlen(UNFINISHED_VOLUME)) ||
	       (!strncmp(volume, "template-", 9) && len > 13 &&
		!strcmp(volume + len - 4, ".new"));
}

static int is_record(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] == '.' && len > sizeof(SUFFIX) &&
	       !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

void unfinished_guests(struct strlist *guests)
{
	struct dirent **entries = NULL;
	int n = scandir(PATH_GUESTS, &entries, is_record, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name + 1;
		autofree char *guest = xasprintf(
			"%.*s", (int)(strlen(name) - strlen(SUFFIX)), name);

		if (!is_locked(guest))
			strlist_add(guests, guest);
		free(entries[i]);
	}
	free(entries);
}

/* One that has its file is complete: the record alone was left. */
static bool is_part_of(const char *volume, const struct strlist *guests)
{
	for (size_t i = 0; i < guests->n; i++) {
		autofree char *conf = guestconf_path(guests->v[i]);

		if (volume_is_guests(volume, guests->v[i]) &&
		    !file_exists(conf))
			return true;
	}
	return false;
}

bool unfinished_is_templates(const struct volume *volume,
			     const struct template_list *templates)
{
	if (strncmp(volume->name, "template-", 9) ||
	    !volume_has_tag(volume, VOLUME_UNFINISHED))
		return false;
	for (size_t i = 0; i < templates->n; i++) {
		autofree char *name = template_volume(&templates->v[i]);

		if (!strcmp(volume->name, name))
			return false;
	}
	return true;
}

void unfinished_volumes(const struct volume_list *all, struct strlist *names)
{
	auto_strlist struct strlist guests = { 0 };
	auto_templates struct template_list templates = { 0 };
	const bool idle = host_is_idle();
	struct pvn_err ignored = { 0 };
	const bool read = !templates_read_host(&templates, &ignored);

	unfinished_guests(&guests);
	for (size_t i = 0; i < all->n; i++) {
		const struct volume *v = &all->v[i];

		if ((idle && unfinished_is_temporary(v->name)) ||
		    (idle && read && unfinished_is_templates(v, &templates)) ||
		    is_part_of(v->name, &guests))
			strlist_add(names, v->name);
	}
}
