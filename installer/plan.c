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

static int choose_layout(struct install *in, struct pvn_err *err)
{
	const struct disk *d = in->disk;
	struct pvn_err why = { 0 };

	if (in->iso && (in->keep != KEEP_NOTHING || in->answers->script ||
			in->answers->webhook))
		return pvn_err(err, -EPERM,
			       "an image can't be made with 'keep', 'script' "
			       "or 'webhook': they are for a server's disk");
	if (in->iso) {
		layout_make_image(&in->layout);
		return 0;
	}
	if (in->keep == KEEP_NOTHING)
		return layout_make(&in->layout, d->size, d->sector_size, err);
	for (size_t i = 0; i < d->holders.n; i++) {
		if (!strncmp(d->holders.v[i], "md", 2))
			return pvn_err(err, -EPERM,
				       "can't keep what is on '%s': it is in "
				       "the array '%s'",
				       d->path, d->holders.v[i]);
	}
	if (layout_take(&in->layout, in->id, &d->paravane, d->sector_size,
			&why))
		return pvn_err(err, -EPERM,
			       "can't keep what is on '%s': %s; without 'keep' "
			       "all on it is erased",
			       d->path, why.msg);
	return 0;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
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
		rc = disks_choose(facts, answers, 1, &in->disk, err);
	/* a pool that has grown over several disks stays as it is where it is kept */
	if (!rc && in->keep == KEEP_NOTHING)
		rc = disks_check_spans(&in->disk, 1, err);
	if (!rc)
		rc = choose_boot(in, facts, err);
	if (!rc)
		rc = choose_layout(in, err);
	if (rc)
		return rc;
	in->vg = xasprintf("pvn_%s", in->id);
	if (!in->iso)
		pool_layout_make(&in->pool, in->layout.part[PART_GUESTS].size);
	for (unsigned int i = 0; i < N_PARTS; i++)
		in->part[i] = in->iso ? image_part(in->disk->path, i)
				      : part_path(in->disk->path, i + 1);
	install_add_steps(in);
	return 0;
}

void install_print(const struct install *in, FILE *f)
{
	static const char *const lost[] = {
		[KEEP_NOTHING] = "all that is on it will be lost",
		[KEEP_GUESTS] = "its pool and its guests stay",
		[KEEP_CONFIGURATION] =
			"its pool, its guests and the host's configuration stay",
	};
	autofree char *what = describe(in->disk);
	char start[16];
	char size[16];

	fprintf(f, "install '%s' on %s (%s); %s\n", in->id, in->disk->path,
		what, lost[in->keep]);
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
	free(in->fingerprint);
	free(in->vg);
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
