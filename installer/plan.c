/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.c: decides about an install. Pure: it reads facts and answers only. */
#include <errno.h>
#include <string.h>

#include "choose.h"
#include "install.h"

static char *describe(const struct disk *d)
{
	char size[16];

	return xasprintf("%s%s%s%s%s, %s", *d->model ? d->model : "no model",
			 *d->bus ? ", " : "", d->bus,
			 *d->serial ? ", serial " : "", d->serial,
			 size_print(d->size, size));
}

/* GRUB's boot sector reads sectors of 512 bytes, as BIOS gives them. */
static int choose_boot(struct install *in, const struct facts *facts,
		       struct pvn_err *err)
{
	in->bios = in->disk->sector_size == 512;
	in->uefi = facts->uefi && strcmp(in->answers->nvram, "no");
	if (!in->bios && !facts->uefi)
		return pvn_err(
			err, -EPERM,
			"can't install on '%s': it has sectors of %u bytes, "
			"which only UEFI can boot from, and this machine "
			"was started by BIOS",
			in->disk->path, in->disk->sector_size);
	return 0;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* One disk, or the two of a RAID1. */
static int choose(struct install *in, const struct facts *facts,
		  struct pvn_err *err)
{
	const bool raid = !strcmp(in->answers->raid, "raid1");
	const struct disk *chosen[2] = { NULL, NULL };
	int rc = disks_choose(facts, in->answers, raid ? 2 : 1, chosen, err);

	/* a pool that has grown over several disks stays as it is where it is kept */
	if (!rc && in->keep == KEEP_NOTHING)
		rc = disks_check_spans(chosen, raid ? 2 : 1, err);
	in->disk = chosen[0];
	if (rc || !raid)
		return rc;
	if (chosen[0]->sector_size != chosen[1]->sector_size)
		return pvn_err(err, -EPERM,
			       "can't make a RAID1 of '%s' and '%s': their "
			       "sectors are of %u and %u bytes",
			       chosen[0]->path, chosen[1]->path,
			       chosen[0]->sector_size, chosen[1]->sector_size);
	in->second = xcalloc(1, sizeof(*in->second));
	*in->second = (struct install){ .answers = in->answers,
					.disk = chosen[1],
					.kept = in->kept,
					.slot_dir = xstrdup(in->slot_dir),
					.xen_args = copy(in->xen_args),
					.kernel_args = copy(in->kernel_args),
					.disk_fd = -1,
					.source_fd = -1,
					.slot_fd = -1 };
	snprintf(in->second->id, sizeof(in->second->id), "%s", in->id);
	return 0;
}

/* A RAID1 is laid out as the smaller of its disks. */
static int make_layout(struct install *in, struct pvn_err *err)
{
	uint64_t size = in->disk->size;
	int rc;

	if (in->second && in->second->disk->size < size)
		size = in->second->disk->size;
	rc = layout_make(&in->layout, size, in->disk->sector_size, err);
	if (rc || !in->second)
		return rc;
	in->layout.mirrored = true;
	in->second->layout = in->layout;
	in->second->bios = in->bios;
	return 0;
}

static void name_devices(struct install *in)
{
	for (struct install *on = in; on; on = on->second) {
		for (unsigned int i = 0; i < N_PARTS; i++)
			on->part[i] =
				on->iso ? image_part(on->disk->path, i)
					: part_path(on->disk->path, i + 1);
	}
	in->state = in->second ? mirror_path(PART_STATE, in->id)
			       : xstrdup(in->part[PART_STATE]);
	in->guests = in->second ? mirror_path(PART_GUESTS, in->id)
				: xstrdup(in->part[PART_GUESTS]);
}

/* The pool is on an array that is none of ours. */
static int check_arrays(const struct disk *d, struct pvn_err *err)
{
	for (size_t i = 0; i < d->holders.n; i++) {
		if (!strncmp(d->holders.v[i], "md", 2))
			return pvn_err(err, -EPERM,
				       "can't keep what is on '%s': it is in "
				       "the array '%s'",
				       d->path, d->holders.v[i]);
	}
	return 0;
}

/* What is on the disks stays where it is. */
static int take_layout(struct install *in, struct pvn_err *err)
{
	struct pvn_err why = { 0 };

	for (struct install *on = in; on; on = on->second) {
		const struct disk *d = on->disk;

		if (layout_take(&on->layout, on->id, &d->paravane,
				d->sector_size, &why))
			return pvn_err(err, -EPERM,
				       "can't keep what is on '%s': %s; "
				       "without 'keep' all on it is erased",
				       d->path, why.msg);
		if (on->layout.mirrored && !in->second)
			return pvn_err(err, -EPERM,
				       "can't keep what is on '%s': it is one "
				       "of the two disks of a RAID1, expected "
				       "both and 'raid = raid1'",
				       d->path);
		if (!on->layout.mirrored && in->second)
			return pvn_err(err, -EPERM,
				       "can't keep what is on '%s': there is "
				       "no RAID1 on it, and 'keep' can't make "
				       "one",
				       d->path);
		on->bios = in->bios;
	}
	if (!in->second)
		return check_arrays(in->disk, err);
	if (strcmp(in->id, in->second->id))
		return pvn_err(err, -EPERM,
			       "can't keep what is on '%s' and '%s': they are "
			       "of two hosts, '%s' and '%s'",
			       in->disk->path, in->second->disk->path, in->id,
			       in->second->id);
	return 0;
}

static int choose_layout(struct install *in, struct pvn_err *err)
{
	if (in->iso && (in->keep != KEEP_NOTHING || in->answers->script ||
			in->answers->webhook))
		return pvn_err(err, -EPERM,
			       "an image can't be made with 'keep', 'script' "
			       "or 'webhook': they are for a server's disk");
	if (in->iso) {
		layout_make_image(&in->layout);
		return 0;
	}
	return in->keep == KEEP_NOTHING ? make_layout(in, err)
					: take_layout(in, err);
}

static const char *first_of(const char *a, const char *b)
{
	return a ? a : b;
}

int install_plan(struct install *in, const struct facts *facts,
		 const struct answers *answers, const char *id,
		 const char *slot_dir, struct pvn_err *err)
{
	int rc = 0;

	*in = (struct install){
		.answers = answers,
		.slot_dir = xstrdup(slot_dir),
		.iso = facts->iso,
		.keep = !strcmp(answers->keep, "nothing")  ? KEEP_NOTHING
			: !strcmp(answers->keep, "guests") ? KEEP_GUESTS
							   : KEEP_CONFIGURATION,
		.xen_args = copy(first_of(answers->xen_args, facts->xen_args)),
		.kernel_args = copy(
			first_of(answers->kernel_args, facts->kernel_args)),
		.kept = 'a',
		.disk_fd = -1,
		.source_fd = -1,
		.slot_fd = -1,
	};
	snprintf(in->id, sizeof(in->id), "%s", id);
	if (in->iso)
		in->disk = facts->disks;
	else
		rc = choose(in, facts, err);
	if (!rc)
		rc = choose_boot(in, facts, err);
	if (!rc)
		rc = choose_layout(in, err);
	if (rc)
		return rc;
	in->vg = xasprintf("pvn_%s", in->id);
	if (!in->iso)
		pool_layout_make(&in->pool,
				 in->layout.part[PART_GUESTS].size -
					 (in->second ? MIRROR_HEAD : 0));
	name_devices(in);
	install_add_steps(in);
	return 0;
}

static void print_parts(const struct install *in, FILE *f)
{
	char start[16];
	char size[16];

	for (unsigned int i = 0; i < N_PARTS; i++) {
		const struct part *p = &in->layout.part[i];
		autofree char *name = part_name(&in->layout, i, in->id);

		fprintf(f, "  %-16s %s at %s, %s\n", in->part[i], name,
			size_print(p->start, start), size_print(p->size, size));
	}
}

void install_print(const struct install *in, FILE *f)
{
	static const char *const lost[] = {
		[KEEP_NOTHING] = "all that is on it will be lost",
		[KEEP_GUESTS] = "its pool and its guests stay",
		[KEEP_CONFIGURATION] =
			"its pool, its guests and the host's configuration stay",
	};

	for (const struct install *on = in; on; on = on->second) {
		autofree char *what = describe(on->disk);

		fprintf(f, "install '%s' on %s (%s); %s\n", in->id,
			on->disk->path, what, lost[in->keep]);
		print_parts(on, f);
	}
	plan_print(&in->steps, f);
	fprintf(f, "finish: %s\n", in->answers->finish);
}

void install_free(struct install *in)
{
	if (in->second)
		install_free(in->second);
	free(in->second);
	plan_free(&in->steps);
	for (size_t i = 0; i < N_PARTS; i++)
		free(in->part[i]);
	free(in->slot_dir);
	free(in->fingerprint);
	free(in->vg);
	free(in->state);
	free(in->guests);
	free(in->xen_args);
	free(in->kernel_args);
	if (in->disk_fd >= 0)
		close(in->disk_fd);
	if (in->source_fd >= 0)
		close(in->source_fd);
	if (in->slot_fd >= 0)
		close(in->slot_fd);
	*in = (struct install){ .disk_fd = -1, .source_fd = -1, .slot_fd = -1 };
}
