/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mirror.c: md arrays over the last two partitions of two disks. */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "install.h"
#include "run.h"

/* The state's superblock is at the end, so that GRUB and a system without the array read each half as ext4; the
 * pool's is at the start, so that LVM takes neither half for a volume group. */
static const struct mirror {
	enum part_role role;
	const char *metadata;
	const char *more;
} mirrors[] = {
	{ PART_STATE, "--metadata=1.0", NULL },
	{ PART_GUESTS, "--metadata=1.2", "--data-offset=1M" },
};

#define N_MIRRORS (sizeof(mirrors) / sizeof(*mirrors))

char *mirror_path(enum part_role role, const char *id)
{
	return xasprintf("/dev/md/pvn-%s-%s", part_role_name(role), id);
}

/* Nothing reads what was never written, so both halves need not be made the same first; see
 * docs/decisions/0010-raid1.md. The bitmap says later what may differ after a power cut. */
static int make(const struct install *in, const struct mirror *m,
		struct pvn_err *err)
{
	autofree char *path = mirror_path(m->role, in->id);
	autofree char *name = xasprintf("--name=%s", path + strlen("/dev/md/"));

	return PVN_RUN(err, "mdadm", "--create", path, "--run", "--quiet",
		       "--homehost=paravane", name, "--level=1",
		       "--raid-devices=2", "--assume-clean",
		       "--bitmap=internal", m->metadata, in->part[m->role],
		       in->second->part[m->role], m->more);
}

static int make_all(const struct install *in, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; in->second && !rc && i < N_MIRRORS; i++)
		rc = make(in, &mirrors[i], err);
	return rc;
}

int mirror_assemble(enum part_role role, const char *id,
		    const struct strlist *halves, struct pvn_err *err)
{
	autofree char *path = mirror_path(role, id);
	auto_strlist struct strlist argv = { 0 };

	if (!access(path, F_OK))
		return 0;
	strlist_add(&argv, "mdadm");
	strlist_add(&argv, "--assemble");
	strlist_add(&argv, "--run");
	strlist_add(&argv, "--quiet");
	strlist_add(&argv, path);
	for (size_t i = 0; i < halves->n; i++)
		strlist_add(&argv, halves->v[i]);
	return pvn_run(argv.v, err);
}

static int run_make(void *ctx, struct pvn_err *err)
{
	return make_all(ctx, err);
}

int mirror_start(const struct install *in, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; in->second && !rc && i < N_MIRRORS; i++) {
		const enum part_role role = mirrors[i].role;
		auto_strlist struct strlist halves = { 0 };

		strlist_add(&halves, in->part[role]);
		strlist_add(&halves, in->second->part[role]);
		rc = mirror_assemble(role, in->id, &halves, err);
	}
	return rc;
}

int mirror_stop(const struct install *in, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; in->second && i < N_MIRRORS; i++) {
		autofree char *path = mirror_path(mirrors[i].role, in->id);
		int stopped = access(path, F_OK)
				      ? 0
				      : PVN_RUN(err, "mdadm", "--stop", path);

		rc = rc ? rc : stopped;
	}
	return rc;
}

static int run_start(void *ctx, struct pvn_err *err)
{
	return mirror_start(ctx, err);
}

static int undo(void *ctx, struct pvn_err *err)
{
	return mirror_stop(ctx, err);
}

void mirror_add_step(struct install *in)
{
	char *const *one = in->part;
	char *const *two = in->second->part;
	const bool keeps = in->keep != KEEP_NOTHING;

	plan_add(&in->steps, "mirror", keeps ? run_start : run_make, undo,
		 "%s the RAID1 arrays '%s' on '%s' and '%s' and '%s' on '%s' "
		 "and '%s'",
		 keeps ? "start" : "make", in->state, one[PART_STATE],
		 two[PART_STATE], in->guests, one[PART_GUESTS],
		 two[PART_GUESTS]);
}

int mirror_verify(const struct install *in, struct pvn_err *err)
{
	for (size_t i = 0; in->second && i < N_MIRRORS; i++) {
		autofree char *path = mirror_path(mirrors[i].role, in->id);
		autofree char *real = realpath(path, NULL);
		autofree char *file = NULL;
		autofree char *missing = NULL;

		if (!real)
			return pvn_err_errno(err, errno, "no array '%s'", path);
		file = xasprintf("/sys/class/block/%s/md/degraded",
				 strrchr(real, '/') + 1);
		missing = file_read_line(file);
		if (!missing || strcmp(missing, "0"))
			return pvn_err(err, -EIO,
				       "'%s' does not run on both disks", path);
	}
	return 0;
}
