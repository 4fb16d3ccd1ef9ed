/* SPDX-License-Identifier: GPL-2.0-or-later */
/* choose.c: which disks the answers mean. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "choose.h"
#include "size.h"

#define BY_ID "/dev/disk/by-id/"

static bool matches(const char *pattern, const char *text)
{
	return !pattern || !fnmatch(pattern, text, 0);
}

/* Can never be meant, whatever the filters say. */
static bool is_no_target(const struct disk *d)
{
	return d->optical || !d->size || d->is_boot_medium;
}

static bool device_matches(const struct disk *d, const char *pattern)
{
	auto_strlist struct strlist ids = { 0 };

	if (matches(pattern, d->name) || matches(pattern, d->path))
		return true;
	if (strncmp(pattern, BY_ID, strlen(BY_ID)))
		return false;
	disk_ids(d, &ids);
	for (size_t i = 0; i < ids.n; i++) {
		if (matches(pattern + strlen(BY_ID), ids.v[i]))
			return true;
	}
	return false;
}

static bool is_named(const struct disk *d, const struct strlist *patterns)
{
	for (size_t i = 0; i < patterns->n; i++) {
		if (device_matches(d, patterns->v[i]))
			return true;
	}
	return !patterns->n;
}

/* Which key of [disk] says that it isn't @d: "model 'X' is not 'Y*'"; caller frees. NULL: none. */
static char *mismatch(const struct disk *d, const struct answers *a)
{
	const struct {
		const char *key;
		const char *pattern;
		const char *text;
	} filters[] = {
		{ "serial", a->disk_serial, d->serial },
		{ "model", a->disk_model, d->model },
		{ "wwn", a->disk_wwn, d->wwn },
		{ "bus", a->disk_bus, d->bus },
	};
	char size[16];
	char limit[16];

	if (!is_named(d, &a->disk_devices)) {
		autofree char *names = strlist_quoted(&a->disk_devices);

		return xasprintf("it is not %s", names);
	}
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		if (!matches(filters[i].pattern, filters[i].text))
			return xasprintf("%s '%s' is not '%s'", filters[i].key,
					 filters[i].text, filters[i].pattern);
	}
	if (a->disk_size_min && d->size < a->disk_size_min)
		return xasprintf("%s is less than %s",
				 size_print(d->size, size),
				 size_print(a->disk_size_min, limit));
	if (a->disk_size_max && d->size > a->disk_size_max)
		return xasprintf("%s is more than %s",
				 size_print(d->size, size),
				 size_print(a->disk_size_max, limit));
	return NULL;
}

void disks_print_mismatches(const struct facts *facts,
			    const struct answers *answers, FILE *f)
{
	auto_strlist struct strlist lines = { 0 };

	for (size_t i = 0; i < facts->n; i++) {
		autofree char *why = mismatch(&facts->disks[i], answers);

		if (!why)
			return;
		strlist_addf(&lines, "%s does not match [disk]: %s",
			     facts->disks[i].path, why);
	}
	for (size_t i = 0; i < lines.n; i++)
		fprintf(f, "%s\n", lines.v[i]);
}

int disks_choose(const struct facts *facts, const struct answers *answers,
		 size_t want, const struct disk **chosen, struct pvn_err *err)
{
	auto_strlist struct strlist paths = { 0 };
	const struct disk *no_target = NULL;

	for (size_t i = 0; i < facts->n; i++) {
		const struct disk *d = &facts->disks[i];
		autofree char *why = mismatch(d, answers);

		if (why)
			continue;
		if (is_no_target(d)) {
			no_target = d;
			continue;
		}
		if (paths.n < want)
			chosen[paths.n] = d;
		strlist_add(&paths, d->path);
	}
	if (!paths.n && no_target) {
		autofree char *problem = disk_problem(no_target);

		return pvn_err(err, -EPERM, "can't install on '%s': %s",
			       no_target->path, problem);
	}
	if (!paths.n)
		return pvn_err(err, -EPERM, "no disk matches [disk]");
	if (paths.n != want) {
		autofree char *all = strlist_quoted(&paths);

		return pvn_err(err, -EPERM, "%zu %s [disk], expected %s: %s",
			       paths.n,
			       paths.n == 1 ? "disk matches" : "disks match",
			       want == 1 ? "one" : "two", all);
	}
	for (size_t i = 0; i < want; i++) {
		autofree char *problem = disk_problem(chosen[i]);

		if (problem)
			return pvn_err(err, -EPERM, "can't install on '%s': %s",
				       chosen[i]->path, problem);
	}
	return 0;
}

int disks_check_spans(const struct disk *const *disks, size_t n,
		      struct pvn_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct strlist *spans = &disks[i]->spans;

		for (size_t k = 0; k < spans->n; k++) {
			size_t len = strcspn(spans->v[k], " ");
			const char *what = spans->v[k] + len;
			bool chosen = false;

			for (size_t o = 0; o < n; o++)
				chosen |= strlen(disks[o]->name) == len &&
					  !strncmp(disks[o]->name, spans->v[k],
						   len);
			if (chosen)
				continue;
			return pvn_err(
				err, -EPERM,
				"can't install on '%s':%s is on it and on '/dev/%.*s', "
				"which would be left with a part of it: take one of "
				"the two disks out of it, or give it up, and install "
				"again",
				disks[i]->path, what, (int)len, spans->v[k]);
		}
	}
	return 0;
}
