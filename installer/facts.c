/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts.c: the facts about disks: kept, judged, and as text for people and tests. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "err.h"
#include "facts.h"
#include "ini_lines.h"
#include "layout.h"
#include "size.h"

struct disk *facts_add(struct facts *facts, const char *name)
{
	struct disk *d;

	facts->disks =
		xrealloc(facts->disks, (facts->n + 1) * sizeof(*facts->disks));
	d = &facts->disks[facts->n++];
	*d = (struct disk){
		.name = xstrdup(name),
		.path = xasprintf("/dev/%s", name),
		.vendor = xstrdup(""),
		.model = xstrdup(""),
		.serial = xstrdup(""),
		.wwn = xstrdup(""),
		.bus = xstrdup(""),
		.sector_size = 512,
	};
	return d;
}

static int by_name(const void *a, const void *b)
{
	const char *na = ((const struct disk *)a)->name;
	const char *nb = ((const struct disk *)b)->name;
	size_t la = strlen(na);
	size_t lb = strlen(nb);

	if (la != lb && !strncmp(na, nb, 2))
		return la < lb ? -1 : 1;
	return strcmp(na, nb);
}

void facts_sort(struct facts *facts)
{
	if (facts->n)
		qsort(facts->disks, facts->n, sizeof(*facts->disks), by_name);
}

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		struct disk *d = &facts->disks[i];

		free(d->name);
		free(d->path);
		free(d->vendor);
		free(d->model);
		free(d->serial);
		free(d->wwn);
		free(d->bus);
		free(d->in_use);
		strlist_free(&d->parts);
		strlist_free(&d->holders);
		strlist_free(&d->paravane);
		strlist_free(&d->content);
		strlist_free(&d->spans);
	}
	free(facts->disks);
	free(facts->iso);
	free(facts->xen_args);
	free(facts->kernel_args);
	*facts = (struct facts){ 0 };
}

bool disk_has(const struct disk *d, const char *dev)
{
	return !strcmp(dev, d->name) || strlist_has(&d->parts, dev) ||
	       strlist_has(&d->holders, dev);
}

void disk_add_span(struct disk *d, const char *other, const char *what)
{
	size_t len = strlen(other);

	/* one thing is enough to know of each other disk */
	for (size_t i = 0; i < d->spans.n; i++) {
		if (!strncmp(d->spans.v[i], other, len) &&
		    d->spans.v[i][len] == ' ')
			return;
	}
	strlist_addf(&d->spans, "%s %s", other, what);
}

char *disk_problem(const struct disk *d)
{
	char have[16];
	char need[16];

	if (d->optical)
		return xstrdup("an optical drive");
	if (!d->size)
		return xstrdup("no medium in it");
	if (d->is_boot_medium)
		return xstrdup("the medium that we run from");
	if (d->in_use)
		return xasprintf("in use: %s", d->in_use);
	if (d->read_only)
		return xstrdup("read-only");
	if (d->sector_size != 512 && d->sector_size != 4096)
		return xasprintf("sectors of %u bytes are not supported",
				 d->sector_size);
	if (d->size < DISK_SIZE_MIN)
		return xasprintf("too small: %s, at least %s are needed",
				 size_print(d->size, have),
				 size_print(DISK_SIZE_MIN, need));
	return NULL;
}

void facts_print_table(const struct facts *facts, FILE *f)
{
	fprintf(f, "%-14s %6s  %-7s %-24s %-20s %s\n", "DISK", "SIZE", "BUS",
		"MODEL", "SERIAL", "USABLE");
	for (size_t i = 0; i < facts->n; i++) {
		const struct disk *d = &facts->disks[i];
		autofree char *problem = disk_problem(d);
		char size[16];

		fprintf(f, "%-14s %6s  %-7s %-24s %-20s %s%s%s\n", d->path,
			size_print(d->size, size), *d->bus ? d->bus : "-",
			*d->model ? d->model : "-",
			*d->serial ? d->serial : "-", problem ? "no: " : "yes",
			problem ? problem : "",
			d->paravane.n == N_PARTS ? ", has a Paravane" : "");
		for (size_t k = 0; k < d->content.n; k++)
			fprintf(f, "    %s\n", d->content.v[k]);
		for (size_t k = 0; k < d->spans.n; k++) {
			size_t len = strcspn(d->spans.v[k], " ");

			fprintf(f, "    on /dev/%.*s, too:%s\n", (int)len,
				d->spans.v[k], d->spans.v[k] + len);
		}
	}
}

/* The text form's keys: one table to write and to read by. */
static const struct fact {
	const char *key;
	enum { TEXT, NUMBER, SIZE, FLAG, LIST } kind;
	size_t offset;
} table[] = {
	{ "vendor", TEXT, offsetof(struct disk, vendor) },
	{ "model", TEXT, offsetof(struct disk, model) },
	{ "serial", TEXT, offsetof(struct disk, serial) },
	{ "wwn", TEXT, offsetof(struct disk, wwn) },
	{ "bus", TEXT, offsetof(struct disk, bus) },
	{ "size", SIZE, offsetof(struct disk, size) },
	{ "sector-size", NUMBER, offsetof(struct disk, sector_size) },
	{ "read-only", FLAG, offsetof(struct disk, read_only) },
	{ "removable", FLAG, offsetof(struct disk, removable) },
	{ "optical", FLAG, offsetof(struct disk, optical) },
	{ "boot-medium", FLAG, offsetof(struct disk, is_boot_medium) },
	{ "in-use", TEXT, offsetof(struct disk, in_use) },
	{ "partition", LIST, offsetof(struct disk, parts) },
	{ "holder", LIST, offsetof(struct disk, holders) },
	{ "paravane", LIST, offsetof(struct disk, paravane) },
	{ "content", LIST, offsetof(struct disk, content) },
	{ "spans", LIST, offsetof(struct disk, spans) },
};

#define N_FACTS (sizeof(table) / sizeof(*table))

static void print_fact(const struct fact *fact, const struct disk *d, FILE *f)
{
	const void *field = (const char *)d + fact->offset;
	const struct strlist *list = field;
	const char *text;

	switch (fact->kind) {
	case TEXT:
		text = *(char *const *)field;
		if (text && *text)
			fprintf(f, "%s = %s\n", fact->key, text);
		break;
	case NUMBER:
		fprintf(f, "%s = %u\n", fact->key,
			*(const unsigned int *)field);
		break;
	case SIZE:
		fprintf(f, "%s = %" PRIu64 "\n", fact->key,
			*(const uint64_t *)field);
		break;
	case FLAG:
		if (*(const bool *)field)
			fprintf(f, "%s = yes\n", fact->key);
		break;
	case LIST:
		for (size_t i = 0; i < list->n; i++)
			fprintf(f, "%s = %s\n", fact->key, list->v[i]);
		break;
	}
}

void facts_print(const struct facts *facts, FILE *f)
{
	fprintf(f, "[machine]\nfirmware = %s\n", facts->uefi ? "uefi" : "bios");
	if (facts->xen_args)
		fprintf(f, "xen-args = %s\n", facts->xen_args);
	if (facts->kernel_args)
		fprintf(f, "kernel-args = %s\n", facts->kernel_args);
	for (size_t i = 0; i < facts->n; i++) {
		fprintf(f, "\n[disk %s]\n", facts->disks[i].name);
		for (size_t k = 0; k < N_FACTS; k++)
			print_fact(&table[k], &facts->disks[i], f);
	}
}

struct parser {
	struct facts *facts;
	struct strlist *errors;
	const char *name;
};

static bool set_fact(const struct fact *fact, struct disk *d, const char *value)
{
	void *field = (char *)d + fact->offset;
	struct pvn_err err;
	uint64_t n;

	switch (fact->kind) {
	case TEXT:
		free(*(char **)field);
		*(char **)field = xstrdup(value);
		return true;
	case NUMBER:
		if (size_parse(value, &n, &err) || n > UINT32_MAX)
			return false;
		*(unsigned int *)field = (unsigned int)n;
		return true;
	case SIZE:
		return !size_parse(value, field, &err);
	case FLAG:
		*(bool *)field = !strcmp(value, "yes");
		return *(bool *)field || !strcmp(value, "no");
	case LIST:
		strlist_add(field, value);
		return true;
	}
	return false;
}

static bool set_machine(struct facts *facts, const char *key, const char *value)
{
	char **field = !strcmp(key, "xen-args")	     ? &facts->xen_args
		       : !strcmp(key, "kernel-args") ? &facts->kernel_args
						     : NULL;

	if (field) {
		free(*field);
		*field = xstrdup(value);
		return true;
	}
	facts->uefi = !strcmp(value, "uefi");
	return !strcmp(key, "firmware");
}

static void on_item(void *arg, const struct ini_item *item)
{
	struct parser *p = arg;
	struct disk *d = NULL;

	if (!strcmp(item->section, "machine") &&
	    set_machine(p->facts, item->key, item->value))
		return;
	if (strncmp(item->section, "disk ", 5)) {
		strlist_addf(p->errors, "%s:%d: unknown key", p->name,
			     item->line);
		return;
	}
	for (size_t i = 0; i < p->facts->n; i++) {
		if (!strcmp(p->facts->disks[i].name, item->section + 5))
			d = &p->facts->disks[i];
	}
	if (!d)
		d = facts_add(p->facts, item->section + 5);
	for (size_t k = 0; k < N_FACTS; k++) {
		if (!strcmp(table[k].key, item->key) &&
		    set_fact(&table[k], d, item->value))
			return;
	}
	strlist_addf(p->errors, "%s:%d: unknown key or bad value", p->name,
		     item->line);
}

int facts_parse(struct facts *facts, const char *text, const char *name,
		struct pvn_err *err)
{
	auto_strlist struct strlist errors = { 0 };
	struct parser p = { .facts = facts, .errors = &errors, .name = name };

	ini_lines(text, name, on_item, &p, &errors);
	facts_sort(facts);
	if (errors.n)
		return pvn_err(err, -EINVAL, "%s", errors.v[0]);
	return 0;
}
