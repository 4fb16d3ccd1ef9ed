/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.c: what is on the disks. Opens them to read, and nothing more. */
#include <blkid/blkid.h>
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "facts.h"
#include "gpt_header.h"
#include "run.h"

static void drop_probe(blkid_probe *pr)
{
	blkid_free_probe(*pr);
}

#define auto_probe __attribute__((cleanup(drop_probe)))

/* Something that is part of a set, which may have other parts on other disks. */
struct member {
	size_t disk; /* in the facts */
	char *set; /* UUID */
	char *self; /* the part's own; the same twice is a copy and no other part */
	char *what; /* "md array 'x'" */
};

struct probing {
	struct facts *facts;
	struct member *members;
	size_t n;
	char *volumes; /* the devices that LVM is on, with commas; NULL: none */
};

static void add_member(struct probing *p, const struct disk *d, const char *set,
		       const char *self, const char *what)
{
	p->members = xrealloc(p->members, (p->n + 1) * sizeof(*p->members));
	p->members[p->n++] = (struct member){
		.disk = (size_t)(d - p->facts->disks),
		.set = xstrdup(set),
		.self = xstrdup(self),
		.what = xstrdup(what),
	};
}

static void add_volume(struct probing *p, const char *dev)
{
	char *longer = xasprintf("%s%s/dev/%s", p->volumes ? p->volumes : "",
				 p->volumes ? "," : "", dev);

	free(p->volumes);
	p->volumes = longer;
}

static const char *value_of(blkid_probe pr, const char *name)
{
	const char *value;

	return blkid_probe_lookup_value(pr, name, &value, NULL) ? "" : value;
}

/* What people call blkid's types, where it has parts on several disks. */
static const char *set_kind(const char *type)
{
	static const struct {
		const char *type;
		const char *kind;
	} kinds[] = {
		{ "linux_raid_member", "md array" },
		{ "btrfs", "btrfs" },
		{ "zfs_member", "ZFS pool" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(type, kinds[i].type))
			return kinds[i].kind;
	}
	return NULL;
}

/* Text from a disk is shown on consoles and kept in files of lines. */
static char *plain(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '\'')
			*p = '?';
	}
	return copy;
}

static void take_content(struct probing *p, struct disk *d, const char *dev,
			 blkid_probe pr)
{
	const char *type = value_of(pr, "TYPE");
	const char *table = value_of(pr, "PTTYPE");
	const char *kind = set_kind(type);
	const char *set = value_of(pr, "UUID");
	autofree char *label = plain(value_of(pr, "LABEL"));

	if (*table)
		strlist_addf(&d->content, "%s: partition table %s", dev, table);
	if (!*type)
		return;
	strlist_addf(&d->content, "%s: %s%s%s%s", dev, type, *label ? " '" : "",
		     label, *label ? "'" : "");
	if (kind && *set) {
		autofree char *what =
			xasprintf("%s '%s'", kind, *label ? label : set);

		add_member(p, d, set, value_of(pr, "UUID_SUB"), what);
	}
	if (!strcmp(type, "LVM2_member"))
		add_volume(p, dev);
}

/* An installation of ours is known by the names of its partitions. */
static void take_names(struct disk *d, blkid_probe pr)
{
	blkid_partlist list = blkid_probe_get_partitions(pr);

	for (int i = 0; list && i < blkid_partlist_numof_partitions(list);
	     i++) {
		const char *name = blkid_partition_get_name(
			blkid_partlist_get_partition(list, i));
		const char *id = name ? strrchr(name, '-') : NULL;

		if (name && !strncmp(name, "pvn-state-", 10))
			strlist_addf(&d->content, "%s: Paravane '%.8s'",
				     d->name, id + 1);
	}
}

static void probe_device(struct probing *p, struct disk *d, const char *dev,
			 bool whole)
{
	autofree char *path = xasprintf("/dev/%s", dev);
	auto_probe blkid_probe pr = blkid_new_probe_from_filename(path);
	struct pvn_err err = { 0 };
	bool table;
	int r;

	if (!pr) {
		strlist_addf(&d->content, "%s: can't be read", dev);
		return;
	}
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(
		pr, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_TYPE);
	table = whole && !gpt_check_size(blkid_probe_get_fd(pr), path,
					 d->sector_size, &err);
	if (err.code == -EINVAL)
		strlist_addf(&d->content, "%s: a damaged GPT", dev);
	if (table) {
		blkid_probe_enable_partitions(pr, 1);
		blkid_probe_set_partitions_flags(pr, BLKID_PARTS_FORCE_GPT);
	}
	r = blkid_do_safeprobe(pr);
	if (r == -1)
		strlist_addf(&d->content, "%s: can't be read", dev);
	if (!r)
		take_content(p, d, dev, pr);
	if (r == -2) {
		/* several: one after the other */
		blkid_reset_probe(pr);
		while (!blkid_do_probe(pr))
			take_content(p, d, dev, pr);
	}
	if (table)
		take_names(d, pr);
}

/* Which disk "/dev/sda2" or "/dev/md0" is on; NULL: none that we know. */
static struct disk *disk_of(struct facts *facts, const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash && i < facts->n; i++) {
		if (disk_has(&facts->disks[i], slash + 1))
			return &facts->disks[i];
	}
	return NULL;
}

/* LVM may be on mirrors, which are not looked into. */
static void add_mirrors(struct probing *p)
{
	glob_t found = { 0 };

	glob("/sys/block/md*", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_volume(p, strrchr(found.gl_pathv[i], '/') + 1);
	globfree(&found);
}

/* libblkid knows a physical volume, LVM its group. LVM sees no other disk: for one whose partition table
 * claims to have 2^31 entries it would take minutes. */
static void take_groups(struct probing *p)
{
	autofree char *out = NULL;
	struct pvn_err err;
	char *save;

	if (!p->volumes ||
	    pvn_run_output(PVN_ARGV("lvm", "pvs", "--noheadings", "--separator",
				    "|", "-o", "pv_name,vg_uuid,vg_name",
				    "--devices", p->volumes),
			   &out, &err))
		return;
	for (char *line = strtok_r(out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *pv = line + strspn(line, " \t");
		char *uuid = strchr(pv, '|');
		char *name = uuid ? strchr(uuid + 1, '|') : NULL;
		autofree char *what = NULL;
		struct disk *d;

		if (!name || name == uuid + 1)
			continue;
		*uuid++ = *name++ = '\0';
		what = xasprintf("volume group '%s'", name);
		d = disk_of(p->facts, pv);
		if (!d)
			continue;
		strlist_addf(&d->content, "%s: %s", strrchr(pv, '/') + 1, what);
		add_member(p, d, uuid, pv, what);
	}
}

static void compare_members(struct probing *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct member *a = &p->members[i];

		for (size_t k = 0; k < p->n; k++) {
			const struct member *b = &p->members[k];
			bool copy = *a->self && !strcmp(a->self, b->self);

			if (a->disk != b->disk && !copy &&
			    !strcmp(a->set, b->set))
				disk_add_span(&p->facts->disks[a->disk],
					      p->facts->disks[b->disk].name,
					      a->what);
		}
	}
}

void facts_probe(struct facts *facts)
{
	struct probing p = { .facts = facts };

	for (size_t i = 0; i < facts->n; i++) {
		struct disk *d = &facts->disks[i];

		if (d->optical || !d->size)
			continue;
		probe_device(&p, d, d->name, true);
		for (size_t k = 0; k < d->parts.n; k++)
			probe_device(&p, d, d->parts.v[k], false);
	}
	add_mirrors(&p);
	take_groups(&p);
	compare_members(&p);
	for (size_t i = 0; i < p.n; i++) {
		free(p.members[i].set);
		free(p.members[i].self);
		free(p.members[i].what);
	}
	free(p.members);
	free(p.volumes);
}
