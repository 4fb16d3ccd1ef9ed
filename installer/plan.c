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
	rc = disks_choose(facts, answers, 1, &in->disk, err);
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
