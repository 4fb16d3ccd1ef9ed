/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wards.c: the table of guests, and what of it is kept in files under /run.
 *
 * A file holds one line: phase, UUID, domain number, whether to start it again,
 * when, and when it crashed. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "guestd.h"

static const char *const phase_names[] = {
	[PHASE_DOWN] = "down",	     [PHASE_BUILDING] = "building",
	[PHASE_UP] = "up",	     [PHASE_LEAVING] = "leaving",
	[PHASE_WAITING] = "waiting", [PHASE_CRASHED] = "crashed",
};

#define N_PHASES (sizeof(phase_names) / sizeof(phase_names[0]))

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
	autofree char *text = NULL;
	struct pvn_err err = { 0 };
	size_t len = 0;
	FILE *f;

	if (ward->phase == PHASE_DOWN ||
	    (ward->phase == PHASE_UP && !ward->ours)) {
		record_remove(ward->name);
		return;
	}
	f = open_memstream(&text, &len);
	if (!f)
		abort();
	fprintf(f, "%s %s %u %s %" PRId64, phase_names[ward->phase],
		*ward->uuid ? ward->uuid : "-", ward->domid,
		phase_names[ward->after], ward->due);
	for (unsigned int i = 0; i < ward->crashes.n; i++)
		fprintf(f, " %" PRId64, ward->crashes.at[i]);
	fputc('\n', f);
	fclose(f);
	if (file_write(path, text, 0600, &err))
		say(LOG_ERR, "%s", err.msg);
}

static int64_t next_number(char **rest)
{
	char *word = strsep(rest, " ");

	return word ? strtoll(word, NULL, 10) : 0;
}

static bool next_phase(char **rest, enum phase *phase_r)
{
	const char *word = strsep(rest, " ");

	for (size_t i = 0; word && i < N_PHASES; i++) {
		if (!strcmp(word, phase_names[i])) {
			*phase_r = (enum phase)i;
			return true;
		}
	}
	return false;
}

static void record_parse(struct guestd *g, const char *name, char *line)
{
	struct ward *ward = ward_get(g, name);
	const char *uuid = NULL;
	bool ok = next_phase(&line, &ward->phase);

	if (ok) {
		uuid = strsep(&line, " ");
		ward->domid = (uint32_t)next_number(&line);
		ok = next_phase(&line, &ward->after);
	}
	if (!ok) {
		say(LOG_WARNING, "cannot understand '" RECORDS "/%s'", name);
		ward->phase = PHASE_DOWN;
		return;
	}
	snprintf(ward->uuid, sizeof(ward->uuid), "%.36s", uuid);
	ward->due = next_number(&line);
	while (line && ward->crashes.n < POLICY_CRASHES)
		ward->crashes.at[ward->crashes.n++] = next_number(&line);
	ward->ours = true;
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
		if (line)
			record_parse(g, entry->d_name, line);
	}
	if (dir)
		closedir(dir);
}
