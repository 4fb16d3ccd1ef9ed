/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.c: decides about an install. Pure: it reads facts and answers only. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "install.h"

static bool matches(const char *pattern, const char *text)
{
	return !pattern || !fnmatch(pattern, text, 0);
}

/* Can never be meant, whatever the filters say. */
static bool is_no_target(const struct disk *d)
{
	return d->optical || !d->size || d->is_boot_medium;
}

static bool disk_matches(const struct disk *d, const struct answers *a)
{
	bool device = matches(a->disk_device, d->name) ||
		      matches(a->disk_device, d->path);

	return device && matches(a->disk_serial, d->serial) &&
	       matches(a->disk_model, d->model) &&
	       matches(a->disk_wwn, d->wwn) && matches(a->disk_bus, d->bus) &&
	       (!a->disk_size_min || d->size >= a->disk_size_min) &&
	       (!a->disk_size_max || d->size <= a->disk_size_max);
}

static char *describe(const struct disk *d)
{
	char size[16];

	return xasprintf("%s%s%s%s%s, %s", *d->model ? d->model : "no model",
			 *d->bus ? ", " : "", d->bus,
			 *d->serial ? ", serial " : "", d->serial,
			 size_print(d->size, size));
}

static int choose_disk(struct install *in, const struct facts *facts,
		       struct pvn_err *err)
{
	const struct answers *a = in->answers;
	autofree char *problem = NULL;
	autofree char *names = xstrdup("");
	const struct disk *boot = NULL;
	size_t n = 0;

	for (size_t i = 0; i < facts->n; i++) {
		const struct disk *d = &facts->disks[i];
		char *longer;

		if (!disk_matches(d, a))
			continue;
		if (is_no_target(d)) {
			boot = d;
			continue;
		}
		longer = xasprintf("%s %s", names, d->path);
		free(names);
		names = longer;
		in->disk = d;
		n++;
	}
	if (n > 1)
		return pvn_err(err, -EPERM,
			       "%zu disks match [disk], expected one:%s", n,
			       names);
	if (!n && !boot)
		return pvn_err(err, -EPERM, "no disk matches [disk]");
	if (!n)
		in->disk = boot;
	problem = disk_problem(in->disk);
	if (problem)
		return pvn_err(err, -EPERM, "can't install on '%s': %s",
			       in->disk->path, problem);
	return 0;
}

/* GRUB's boot sector reads sectors of 512 bytes, as BIOS gives them. */
static int choose_boot(struct install *in, const struct facts *facts,
		       struct pvn_err *err)
{
	in->bios = in->disk->sector_size == 512;
	if (!in->bios && !facts->uefi)
		return pvn_err(
			err, -EPERM,
			"can't install on '%s': it has sectors of %u bytes, "
			"which only UEFI can boot from, and this machine "
			"was started by BIOS",
			in->disk->path, in->disk->sector_size);
	return 0;
}

int install_plan(struct install *in, const struct facts *facts,
		 const struct answers *answers, const char *id,
		 const char *slot_dir, struct pvn_err *err)
{
	int rc;

	*in = (struct install){
		.answers = answers,
		.slot_dir = xstrdup(slot_dir),
		.kept = 'a',
		.disk_fd = -1,
		.source_fd = -1,
	};
	snprintf(in->id, sizeof(in->id), "%s", id);
	in->vg = xasprintf("pvn_%s", id);
	rc = choose_disk(in, facts, err);
	if (!rc)
		rc = choose_boot(in, facts, err);
	if (!rc)
		rc = layout_make(&in->layout, in->disk->size,
				 in->disk->sector_size, err);
	if (rc)
		return rc;
	pool_layout_make(&in->pool, in->layout.part[PART_GUESTS].size);
	for (unsigned int i = 0; i < N_PARTS; i++)
		in->part[i] = part_path(in->disk->path, i + 1);
	install_add_steps(in);
	return 0;
}

void install_print(const struct install *in, FILE *f)
{
	autofree char *what = describe(in->disk);
	char start[16];
	char size[16];

	fprintf(f, "install '%s' on %s (%s); all that is on it will be lost\n",
		in->id, in->disk->path, what);
	for (unsigned int i = 0; i < N_PARTS; i++) {
		const struct part *p = &in->layout.part[i];

		fprintf(f, "  %-16s pvn-%s-%s at %s, %s\n", in->part[i],
			part_role_name(i), in->id, size_print(p->start, start),
			size_print(p->size, size));
	}
	plan_print(&in->steps, f);
	fprintf(f, "finish: %s\n", in->answers->finish);
}

void install_free(struct install *in)
{
	plan_free(&in->steps);
	for (size_t i = 0; i < N_PARTS; i++)
		free(in->part[i]);
	free(in->slot_dir);
	free(in->vg);
	if (in->disk_fd >= 0)
		close(in->disk_fd);
	if (in->source_fd >= 0)
		close(in->source_fd);
	*in = (struct install){ .disk_fd = -1, .source_fd = -1 };
}
