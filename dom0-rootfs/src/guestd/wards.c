/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wards.c: the table of guests, and what of it is kept in files under /run; see
 * record.c. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "guestd.h"

struct ward *ward_find(struct guestd *g, const char *name)
{
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		if (!strcmp(ward->name, name))
			return ward;
	}
	return NULL;
}

struct ward *ward_find_domain(struct guestd *g, uint32_t domid)
{
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		if (ward->domid == domid)
			return ward;
	}
	return NULL;
}

struct ward *ward_get(struct guestd *g, const char *name)
{
	struct ward *ward = ward_find(g, name);

	if (ward)
		return ward;
	ward = xcalloc(1, sizeof(*ward));
	ward->name = xstrdup(name);
	ward->next = g->wards;
	g->wards = ward;
	return ward;
}

static void record_remove(const char *name)
{
	autofree char *path = xasprintf(RECORDS "/%s", name);

	unlink(path);
}

void ward_rename(struct ward *ward, const char *name)
{
	record_remove(ward->name);
	free(ward->name);
	ward->name = xstrdup(name);
	record_write(ward);
}

void wards_sweep(struct guestd *g)
{
	struct ward **link = &g->wards;

	while (*link) {
		struct ward *ward = *link;

		if (ward->phase != PHASE_DOWN ||
		    server_waits_for(g, ward->name)) {
			link = &ward->next;
			continue;
		}
		*link = ward->next;
		free(ward->name);
		free(ward);
	}
}

void record_write(const struct ward *ward)
{
	autofree char *path = xasprintf(RECORDS "/%s", ward->name);
	autofree char *text = record_text(ward);
	struct pvn_err err = { 0 };

	if (!text)
		record_remove(ward->name);
	else if (file_write(path, text, 0600, &err))
		say(LOG_ERR, "%s", err.msg);
}

void records_read(struct guestd *g)
{
	DIR *dir = opendir(RECORDS);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		autofree char *path = NULL;
		autofree char *line = NULL;

		if (entry->d_name[0] == '.')
			continue;
		path = xasprintf(RECORDS "/%s", entry->d_name);
		if (strchr(entry->d_name, '.')) {
			unlink(path); /* half written when we were killed */
			continue;
		}
		line = file_read_line(path);
		if (line && !record_parse(line, ward_get(g, entry->d_name)))
			say(LOG_WARNING, "cannot understand '" RECORDS "/%s'",
			    entry->d_name);
	}
	if (dir)
		closedir(dir);
}
