/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages_disk.c: the dialogue's page about the disk, about a second one, and about what is kept. */
#include <string.h>

#include "choose.h"
#include "pages.h"
#include "size.h"

static const char title[] = "The disk";

/* What is on it, in a word or two; caller frees. */
static char *content(const struct disk *disk)
{
	if (disk->paravane.n)
		return xstrdup("a Paravane");
	if (disk->holders.n)
		return xstrdup("array or LVM");
	if (disk->parts.n)
		return xasprintf("%zu %s", disk->parts.n,
				 disk->parts.n == 1 ? "partition"
						    : "partitions");
	return xstrdup("");
}

/* What stands in the list of disks; caller frees. */
static char *disk_line(const struct disk *disk)
{
	autofree char *has = content(disk);
	char size[16];

	return xasprintf("%-12s %6s  %-6s %-17.17s %-13.13s %s", disk->path,
			 size_print(disk->size, size),
			 *disk->bus ? disk->bus : "-",
			 *disk->model ? disk->model : "-",
			 *disk->serial ? disk->serial : "-", has);
}

char *page_disk_text(const struct disk *disk)
{
	autofree char *has = content(disk);
	char size[16];

	return xasprintf("%s, %s%s%s%s%s%s%s%s%s", disk->path,
			 size_print(disk->size, size), *disk->bus ? ", " : "",
			 disk->bus, *disk->model ? ", " : "", disk->model,
			 *disk->serial ? ", serial " : "", disk->serial,
			 *has ? ", has " : "", has);
}

/* Would a RAID1 over both be possible? Of the first it is known that it can be used. */
static bool can_pair(const struct disk *first, const struct disk *second)
{
	const struct disk *const both[] = { first, second };
	autofree char *problem = disk_problem(second);
	struct pvn_err err;

	return first != second && !problem &&
	       first->sector_size == second->sector_size &&
	       !disks_check_spans(both, 2, &err);
}

/* Why Paravane can't be installed on @disk, neither alone nor with another one; caller frees, NULL: it can. */
static char *refusal(const struct facts *facts, const struct disk *disk)
{
	char *problem = disk_problem(disk);
	struct pvn_err err;

	if (problem || !disks_check_spans(&disk, 1, &err))
		return problem;
	for (size_t i = 0; i < facts->n; i++) {
		if (can_pair(disk, &facts->disks[i]))
			return NULL;
	}
	return xstrdup(err.msg);
}

static void list_disks(const struct facts *facts, struct strlist *lines,
		       struct strlist *paths)
{
	bool told = false;

	for (size_t i = 0; i < facts->n; i++) {
		const struct disk *disk = &facts->disks[i];
		autofree char *problem = refusal(facts, disk);
		autofree char *line = disk_line(disk);

		if (problem) {
			if (!told)
				ui_line("These can't be used:");
			told = true;
			ui_line("%s\n   %s", line, problem);
			continue;
		}
		strlist_add(lines, line);
		strlist_add(paths, disk->path);
	}
	if (told)
		ui_line("%s", "");
}

/* The index of @path, or how many there are. */
static size_t place_of(const struct strlist *paths, const char *path)
{
	size_t i = 0;

	while (i < paths->n && (!path || strcmp(paths->v[i], path)))
		i++;
	return i;
}

static int ask_disk(struct dialog *d)
{
	auto_strlist struct strlist lines = { 0 };
	auto_strlist struct strlist paths = { 0 };
	size_t preset;
	int chosen;

	if (page_read_facts(d))
		return UI_END;
	ui_page(title, PAGE_DISK, PAGES);
	ui_say("On which disk shall Paravane be installed?");
	list_disks(&d->facts, &lines, &paths);
	if (!lines.n) {
		ui_say("There is no disk that can be used.");
		chosen = ui_wait("Press Enter to look again");
		return chosen ? chosen : UI_AGAIN;
	}
	preset = lines.n == 1 ? 0 : place_of(&paths, d->disk);
	chosen = ui_choose((const char *const *)lines.v, lines.n, preset);
	if (chosen < 0)
		return chosen;
	page_set(&d->disk, xstrdup(paths.v[chosen]));
	return 0;
}

const struct disk *page_find_disk(const struct dialog *d, const char *path)
{
	for (size_t i = 0; path && i < d->facts.n; i++) {
		if (!strcmp(d->facts.disks[i].path, path))
			return &d->facts.disks[i];
	}
	return NULL;
}

/* What may be said about a second disk; the path of none is "". */
static void list_seconds(const struct dialog *d, struct strlist *lines,
			 struct strlist *paths)
{
	const struct disk *first = page_find_disk(d, d->disk);
	struct pvn_err err;

	if (!disks_check_spans(&first, 1, &err)) {
		strlist_addf(lines, "none: '%s' alone", d->disk);
		strlist_add(paths, "");
	}
	for (size_t i = 0; i < d->facts.n; i++) {
		const struct disk *disk = &d->facts.disks[i];
		autofree char *line = disk_line(disk);

		if (!can_pair(first, disk))
			continue;
		strlist_add(lines, line);
		strlist_add(paths, disk->path);
	}
}

static int ask_second(struct dialog *d, bool *asked_r)
{
	auto_strlist struct strlist lines = { 0 };
	auto_strlist struct strlist paths = { 0 };
	size_t preset;
	int chosen = 0;

	list_seconds(d, &lines, &paths);
	preset = place_of(&paths, d->second);
	*asked_r = lines.n > 1 || *paths.v[0];
	if (*asked_r) {
		ui_page(title, PAGE_DISK, PAGES);
		ui_say("Shall a second disk have all that '%s' has (RAID1)? The host starts with either, and goes on "
		       "when one of them fails. Of the larger one no more is used than the smaller one has.",
		       d->disk);
		chosen = ui_choose((const char *const *)lines.v, lines.n,
				   preset < lines.n ? preset : 0);
	}
	if (chosen < 0)
		return chosen;
	page_set(&d->second,
		 *paths.v[chosen] ? xstrdup(paths.v[chosen]) : NULL);
	return 0;
}

/* Is there a Paravane on one disk where one was chosen, on two where two were? */
static bool can_keep(const struct dialog *d)
{
	const char *const paths[] = { d->disk, d->second };
	bool can = true;

	for (size_t i = 0; i < 2 && paths[i]; i++) {
		const struct disk *disk = page_find_disk(d, paths[i]);
		bool half = false;

		for (size_t k = 0; disk && k < disk->paravane.n; k++)
			half |= !strncmp(disk->paravane.v[k], "pvn-md-", 7);
		can = can && disk && disk->paravane.n &&
		      half == (d->second != NULL);
	}
	return can;
}

static int ask_keep(struct dialog *d)
{
	static const char *const items[] = {
		"nothing: all that is there is lost",
		"its guests, with their disks and templates; the host is a new one",
		"its guests and the host's configuration: nothing else is asked",
	};
	static const char *const names[] = { "nothing", "guests",
					     "configuration" };
	size_t preset = 0;
	int rc;

	if (!can_keep(d)) {
		page_set(&d->keep, NULL);
		return 0;
	}
	for (size_t i = 0; i < 3 && d->keep; i++)
		preset = strcmp(names[i], d->keep) ? preset : i;
	ui_page(title, PAGE_DISK, PAGES);
	ui_say("There is a Paravane on '%s'%s%s%s. What of it is kept?",
	       d->disk, d->second ? " and '" : "", d->second ? d->second : "",
	       d->second ? "'" : "");
	rc = ui_choose(items, 3, d->keep ? preset : 3);
	if (rc < 0)
		return rc;
	page_set(&d->keep, xstrdup(names[rc]));
	return 0;
}

int page_disk_more(struct dialog *d)
{
	bool asked;
	int rc;

	do {
		rc = ask_second(d, &asked);
		if (rc)
			return rc;
		rc = ask_keep(d);
	} while (rc == UI_BACK && asked);
	return rc;
}

int page_disk(struct dialog *d)
{
	int rc;

	do {
		rc = ask_disk(d);
		if (rc)
			return rc;
		rc = page_disk_more(d);
	} while (rc == UI_BACK);
	return rc;
}
