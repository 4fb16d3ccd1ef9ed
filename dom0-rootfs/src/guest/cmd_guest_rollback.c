/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_rollback.c: 'guest rollback': make a stopped guest what it was at a
 * snapshot. What its volumes are called meanwhile, and what becomes of a rollback that was cut off: see
 * rollback.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "cmd.h"
#include "guestedit.h"
#include "progress.h"
#include "rollback.h"
#include "signals.h"
#include "snapshot.h"

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

struct rollback {
	struct change change;
	const char *snapshot;
	/* Of the same disk at the same place. */
	struct strlist kept, new, now, old;
	bool *there; /* is the present one there? */
};

static const char *vg(const struct rollback *r)
{
	return r->change.set.host.vg;
}

static int step_recover(void *ctx, struct pvn_err *err)
{
	struct rollback *r = ctx;

	return rollback_recover(vg(r), r->change.name, err);
}

/* What is in use could not be removed at the end. */
static int step_make(void *ctx, struct pvn_err *err)
{
	struct rollback *r = ctx;
	int rc = volumes_wait_unused(vg(r), &r->now, err);

	for (size_t i = 0; i < r->kept.n && !rc; i++) {
		rc = signals_check(err);
		if (!rc)
			rc = volume_snapshot(vg(r), r->kept.v[i], r->new.v[i],
					     err);
	}
	return rc;
}

/* Where an old one could not be put back, the new ones say that it is still to be. */
static int undo_make(void *ctx, struct pvn_err *err)
{
	struct rollback *r = ctx;
	bool any;
	int rc = volumes_any_left(vg(r), &r->old, &any, err);

	return rc || any ? rc : volumes_remove(vg(r), &r->new, err);
}

/* Once the disks are in place, the file has to be, too. */
static int step_note(void *ctx, struct pvn_err *err)
{
	const struct change *c = &((struct rollback *)ctx)->change;
	autofree char *path = rollback_config(c->name);

	return file_write(path, c->conf_text, 0600, err);
}

static int undo_note(void *ctx, struct pvn_err *err)
{
	return rollback_drop_config(((struct rollback *)ctx)->change.name, err);
}

static int step_swap(void *ctx, struct pvn_err *err)
{
	struct rollback *r = ctx;
	int rc = 0;

	for (size_t i = 0; i < r->kept.n && !rc; i++) {
		if (r->there[i])
			rc = volume_rename(vg(r), r->now.v[i], r->old.v[i],
					   err);
		if (!rc)
			rc = volume_rename(vg(r), r->new.v[i], r->now.v[i],
					   err);
	}
	return rc;
}

/* By what is there now: the step may have ended anywhere. */
static int undo_swap(void *ctx, struct pvn_err *err)
{
	struct rollback *r = ctx;
	auto_volumes struct volume_list list = { 0 };
	int rc = volumes_read(vg(r), &list, err);

	for (size_t i = 0; i < r->kept.n && !rc; i++) {
		bool swapped = !volumes_find(&list, r->new.v[i]);

		if (swapped && volumes_find(&list, r->now.v[i]))
			rc = volume_rename(vg(r), r->now.v[i], r->new.v[i],
					   err);
		if (!rc && volumes_find(&list, r->old.v[i]))
			rc = volume_rename(vg(r), r->old.v[i], r->now.v[i],
					   err);
	}
	return rc;
}

/* It is done: there is no way back from here, and what can't be removed now goes with a later command. */
static int step_clean(void *ctx, struct pvn_err *err)
{
	struct rollback *r = ctx;
	struct pvn_err why = { 0 };
	int rc = rollback_drop_config(r->change.name, err);

	if (rc)
		return rc;
	if (volumes_remove(vg(r), &r->old, &why))
		fprintf(stderr, "what was in their place stays for now: %s\n",
			why.msg);
	return 0;
}

static void find_volumes(struct rollback *r)
{
	const struct volume_list *all = &r->change.set.volumes;
	const char *name = r->change.name;

	for (size_t i = 0; i < all->n; i++) {
		const char *volume = all->v[i].name;
		const char *disk = strrchr(volume, '-');

		if (!volume_is_snapshot(volume, name, r->snapshot))
			continue;
		strlist_add(&r->kept, volume);
		strlist_addf(&r->new, "guest-%s+new%s", name, disk);
		strlist_addf(&r->old, "guest-%s+old%s", name, disk);
		strlist_addf(&r->now, "guest-%s%s", name, disk);
	}
	/* one that is put back counts, too */
	r->there = xcalloc(r->now.n + 1, sizeof(*r->there));
	for (size_t i = 0; i < r->now.n; i++)
		r->there[i] = volumes_find(all, r->now.v[i]) ||
			      volumes_find(all, r->old.v[i]);
}

/* Is there a volume for each of the guest's own disks in the snapshot's file? One that was cut off as
 * it was made or deleted has some. */
static int check_complete(const struct rollback *r, struct pvn_err *err)
{
	const struct change *c = &r->change;
	autofree char *path = snapshot_path(c->name, r->snapshot);
	auto_guestconf struct guestconf conf = { 0 };
	struct guest kept = { .name = (char *)c->name };
	struct pvn_err ignored = { 0 };

	if (!file_exists(path) || guestconf_read(path, &conf, &ignored))
		return 0;
	for (size_t i = 0; i < conf.n_disks; i++) {
		const struct conf_disk *disk = &conf.disks[i];

		if (!disk->writable || !guests_own_disk(&c->set, &kept, disk))
			continue;
		autofree char *volume = snapshot_volume(
			c->name, r->snapshot, strrchr(disk->path, '/') + 1);

		if (!strlist_has(&r->kept, volume))
			return pvn_err(
				err, PVN_REFUSED,
				"snapshot '%s' of guest '%s' is not complete, it lacks disk '%s': delete it ('guest snapshot %s %s --delete')",
				r->snapshot, c->name, disk->vdev, c->name,
				r->snapshot);
	}
	return 0;
}

static int check(const struct rollback *r, struct pvn_err *err)
{
	const struct guest *guest = r->change.guest;

	if (!guest_is_off(guest))
		return pvn_err(
			err, PVN_REFUSED,
			"guest '%s' is %s: stop it first ('guest stop %s')",
			guest->name, guest_state(guest), guest->name);
	if (!r->kept.n)
		return pvn_err(
			err, -ENOENT,
			"guest '%s' has no snapshot '%s' ('guest snapshots %s')",
			guest->name, r->snapshot, guest->name);
	return check_complete(r, err);
}

/* Its file as it was; the present one may be broken, that is fine. *changes_r: it is another. */
static int read_config(struct rollback *r, bool *changes_r, struct pvn_err *err)
{
	struct change *c = &r->change;
	autofree char *path = snapshot_path(c->name, r->snapshot);
	int rc;

	*changes_r = false;
	if (!file_exists(path))
		return 0;
	rc = conf_begin(c, err);
	if (rc)
		return rc;
	free(c->conf_text);
	c->conf_text = NULL;
	rc = file_read(path, &c->conf_text, err);
	*changes_r = !rc && strcmp(c->conf_text, c->conf_old) != 0;
	return rc;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct rollback *r = ctx;
	const struct volume_list *all = &r->change.set.volumes;
	bool other_config = false;
	int rc;

	find_volumes(r);
	rc = check(r, err);
	if (!rc)
		rc = read_config(r, &other_config, err);
	if (rc)
		return rc;
	autofree char *names = strlist_quoted(&r->now);

	if (rollback_is_left(all, r->change.name))
		plan_add(plan, "recover", step_recover, NULL,
			 rollback_is_half(all, r->change.name)
				 ? "undo the rollback that was cut off"
				 : "finish the rollback that was cut off");
	plan_add(plan, "make", step_make, undo_make,
		 "make new volumes from snapshot '%s'", r->snapshot);
	if (other_config)
		plan_add(plan, "note", step_note, undo_note,
			 "note what guest '%s' was like", r->change.name);
	plan_add(plan, "swap", step_swap, undo_swap, "put them in place of %s",
		 names);
	if (other_config)
		rc = conf_add_step(&r->change, plan, "restore what was", err);
	plan_add(plan, "clean", step_clean, NULL,
		 "remove the volumes that were in their place");
	return rc;
}

static void report(const void *ctx)
{
	const struct rollback *r = ctx;

	printf("guest '%s' is as it was at '%s'\n", r->change.name,
	       r->snapshot);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct rollback r = { .change = { .cmd = &cmd_guest_rollback,
					  .o = &o->change,
					  .name = args[0],
					  .plan = make_plan,
					  .report = report },
			      .snapshot = args[1] };
	struct pvn_err err = { 0 };
	int exit_code;

	if (snapshot_name_check(args[1], &err))
		return cmd_error(&cmd_guest_rollback, PVN_EXIT_USAGE, &err);
	exit_code = change_run(&r.change);
	strlist_free(&r.kept);
	strlist_free(&r.new);
	strlist_free(&r.now);
	strlist_free(&r.old);
	free(r.there);
	return exit_code;
}

const struct cmd cmd_guest_rollback = {
	.program = "guest",
	.group = "snapshots",
	.name = "rollback",
	.synopsis = "NAME SNAPSHOT",
	.n_args = 2,
	.help = "make a stopped guest what it was at a snapshot",
	.details =
		"What it has written since is lost; make a snapshot of that before, if it may be\n"
		"wanted. The snapshot stays. Disks that were added since stay, too, as volumes.\n"
		"A rollback that was cut off is undone or finished by the next command.\n",
	.example =
		"guest stop web1 && guest rollback web1 before-upgrade && guest start web1\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
