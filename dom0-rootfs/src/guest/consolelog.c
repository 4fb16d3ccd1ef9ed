/* SPDX-License-Identifier: GPL-2.0-or-later */
/* consolelog.c: the logs that are kept of the guests' consoles. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include "consolelog.h"
#include "host.h"

#define PREFIX "guest-"
#define ASIDE ".old"

/* A guest has two, see /etc/sv/consolelogs. */
static const char *const ends[] = { ".log", ".log.0" };

#define N_ENDS (sizeof(ends) / sizeof(*ends))

static char *path_of(const char *name, size_t i, const char *behind)
{
	return xasprintf(PATH_CONSOLE_LOGS "/" PREFIX "%s%s%s", name, ends[i],
			 behind);
}

char *consolelog_path(const char *name)
{
	return path_of(name, 0, "");
}

/* The name in that of a file; NULL: it is no log. Caller frees. */
static char *name_in(const char *file)
{
	size_t prefix = strlen(PREFIX), len = strlen(file);

	for (size_t i = 0; i < N_ENDS; i++) {
		size_t end = strlen(ends[i]);

		if (!strncmp(file, PREFIX, prefix) && len > prefix + end &&
		    !strcmp(file + len - end, ends[i]))
			return xasprintf("%.*s", (int)(len - prefix - end),
					 file + prefix);
	}
	return NULL;
}

void consolelogs_names(struct strlist *names)
{
	DIR *dir = opendir(PATH_CONSOLE_LOGS);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		autofree char *name = name_in(entry->d_name);

		if (name && !strlist_has(names, name))
			strlist_add(names, name);
	}
	if (dir)
		closedir(dir);
}

/* Both files, where they are there. */
static int move(const char *from, const char *behind_from, const char *to,
		const char *behind_to, struct pvn_err *err)
{
	for (size_t i = 0; i < N_ENDS; i++) {
		autofree char *old = path_of(from, i, behind_from);
		autofree char *new = path_of(to, i, behind_to);

		if (rename(old, new) && errno != ENOENT)
			return pvn_err_errno(err, errno, "cannot rename '%s'",
					     old);
	}
	return 0;
}

int consolelog_set_aside(const char *name, struct pvn_err *err)
{
	/* of a guest before that one */
	for (size_t i = 0; i < N_ENDS; i++) {
		autofree char *older = path_of(name, i, ASIDE);

		if (unlink(older) && errno != ENOENT)
			return pvn_err_errno(err, errno, "cannot remove '%s'",
					     older);
	}
	return move(name, "", name, ASIDE, err);
}

int consolelog_put_back(const char *name, struct pvn_err *err)
{
	return move(name, ASIDE, name, "", err);
}

int consolelog_rename(const char *name, const char *to, struct pvn_err *err)
{
	return move(name, "", to, "", err);
}
