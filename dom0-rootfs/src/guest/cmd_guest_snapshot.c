/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_snapshot.c: 'guest snapshot': keep a guest's disks and file as they are
 * now, or forget that again. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "cmd.h"
#include "hold.h"
#include "progress.h"
#include "signals.h"
#include "snapshot.h"

struct opts {
	bool delete;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("delete", OPT_FLAG, delete, NULL, "delete that snapshot"),
	CHANGE_OPTS,
};

struct snap {
	struct change change;
	char *name;
	bool delete;
	struct hold hold;
	struct strlist from, to; /* volumes */
	char *path, *text; /* of the copy of its file */
};

static int step_pause(void *ctx, struct pvn_err *err)
{
	struct snap *s = ctx;

	return hold_begin(&s->hold, s->change.guest, err);
}

static int step_resume(void *ctx, struct pvn_err *err)
{
	struct snap *s = ctx;

	return hold_end(&s->hold, s->change.guest, err);
}

static int step_volumes(void *ctx, struct pvn_err *err)
{
	struct snap *s = ctx;
	const char *vg = s->change.set.host.vg;
	int rc = 0;

	for (size_t i = 0; i < s->from.n && !rc; i++) {
		rc = signals_check(err);
		if (!rc)
			rc = volume_snapshot(vg, s->from.v[i], s->to.v[i], err);
	}
	return rc;
}

static int remove_volumes(void *ctx, struct pvn_err *err)
{
	struct snap *s = ctx;

	return volumes_remove(s->change.set.host.vg, &s->to, err);
}

static int step_file(void *ctx, struct pvn_err *err)
{
	struct snap *s = ctx;
	autofree char *folder = snapshot_folder(s->change.name);
	int rc = mkdir_p(folder, 0700, err);

	return rc ? rc : file_write(s->path, s->text, 0600, err);
}

static int remove_file(void *ctx, struct pvn_err *err)
{
	struct snap *s = ctx;
	autofree char *folder = snapshot_folder(s->change.name);

	if (unlink(s->path) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '%s'", s->path);
	rmdir(folder); /* when it was the last */
	return 0;
}

/* All or none: a snapshot of some of its disks would be taken for one of the guest. */
static int find_volumes(struct snap *s, struct pvn_err *err)
{
	const struct guest *guest = s->change.guest;

	for (size_t i = 0; i < guest->conf.n_disks; i++) {
		const struct conf_disk *disk = &guest->conf.disks[i];
		const struct volume *v =
			guests_disk_volume(&s->change.set, disk);

		if (!disk->writable ||
		    !guests_own_disk(&s->change.set, guest, disk))
			continue;
		if (!v)
			return pvn_err(
				err, -ENOENT,
				"disk '%s' of guest '%s' is not there: no volume '%s'",
				disk->vdev, guest->name, disk->path);
		strlist_add(&s->from, v->name);
		autofree char *to =
			snapshot_volume(guest->name, s->name, v->name);

		strlist_add(&s->to, to);
	}
	return 0;
}

static int plan_make(struct snap *s, struct pvn_plan *plan, struct pvn_err *err)
{
	const struct guest *guest = s->change.guest;
	uint64_t used;
	bool pause;
	int rc;

	if (guest->conf_error)
		return pvn_err(err, -EINVAL, "%s", guest->conf_error);
	rc = find_volumes(s, err);
	if (rc)
		return rc;
	if (!s->from.n)
		return pvn_err(err, -EINVAL,
			       "guest '%s' has no disk of its own",
			       guest->name);
	for (size_t i = 0; i < s->to.n; i++) {
		if (volumes_find(&s->change.set.volumes, s->to.v[i]))
			return pvn_err(err, -EEXIST,
				       "guest '%s' has a snapshot '%s' already",
				       guest->name, s->name);
	}
	/* so that all show the same instant; one does by itself */
	pause = s->from.n > 1 && guest->domain &&
		guest->domain->state == DOMAIN_RUNNING;
	rc = guests_admit(&s->change.set,
			  guest_disk_bytes(&s->change.set, guest, &used), err);
	if (!rc)
		rc = file_read(guest->conf.path, &s->text, err);
	if (rc)
		return rc;
	autofree char *names = strlist_quoted(&s->to);

	/* Before the volumes: a snapshot is there when its volumes are. */
	plan_add(plan, "file", step_file, remove_file, "write '%s'", s->path);
	if (pause)
		plan_add(plan, "pause", step_pause, step_resume,
			 "pause guest '%s' for an instant", guest->name);
	plan_add(plan, "volumes", step_volumes, remove_volumes,
		 "make %s as snapshots of its disks", names);
	if (pause)
		plan_add(plan, "resume", step_resume, NULL,
			 "let guest '%s' go on", guest->name);
	return 0;
}

static int plan_delete(struct snap *s, struct pvn_plan *plan,
		       struct pvn_err *err)
{
	const struct volume_list *all = &s->change.set.volumes;

	for (size_t i = 0; i < all->n; i++) {
		if (volume_is_snapshot(all->v[i].name, s->change.name, s->name))
			strlist_add(&s->to, all->v[i].name);
	}
	if (!s->to.n)
		return pvn_err(
			err, -ENOENT,
			"guest '%s' has no snapshot '%s' ('guest snapshots %s')",
			s->change.name, s->name, s->change.name);
	autofree char *names = strlist_quoted(&s->to);

	plan_add(plan, "volumes", remove_volumes, NULL, "remove %s", names);
	plan_add(plan, "file", remove_file, NULL, "remove '%s'", s->path);
	return 0;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct snap *s = ctx;

	s->path = snapshot_path(s->change.name, s->name);
	return s->delete ? plan_delete(s, plan, err) : plan_make(s, plan, err);
}

static void report(const void *ctx)
{
	const struct snap *s = ctx;

	printf("snapshot '%s' of guest '%s' is %s\n", s->name, s->change.name,
	       s->delete ? "deleted" : "made");
}

static void report_json(const void *ctx, struct json *j)
{
	json_string(j, "snapshot", ((const struct snap *)ctx)->name);
}

static char *name_of_now(void)
{
	char name[32];
	time_t now = time(NULL);

	strftime(name, sizeof(name), "%Y%m%d-%H%M%S", gmtime(&now));
	return xstrdup(name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct snap s = { .change = { .cmd = &cmd_guest_snapshot,
				      .o = &o->change,
				      .name = args[0],
				      .plan = make_plan,
				      .report = report,
				      .report_json = report_json },
			  .delete = o->delete };
	struct pvn_err err = { 0 };
	int exit_code;

	if (o->delete && !args[1]) {
		pvn_err(&err, -EINVAL, "'--delete' needs the snapshot's name");
		return cmd_error(&cmd_guest_snapshot, PVN_EXIT_USAGE, &err);
	}
	if (args[1] && snapshot_name_check(args[1], &err))
		return cmd_error(&cmd_guest_snapshot, PVN_EXIT_USAGE, &err);
	s.name = args[1] ? xstrdup(args[1]) : name_of_now();
	exit_code = change_run(&s.change);
	strlist_free(&s.from);
	strlist_free(&s.to);
	free(s.name);
	free(s.path);
	free(s.text);
	return exit_code;
}

const struct cmd cmd_guest_snapshot = {
	.program = "guest",
	.group = "snapshots",
	.name = "snapshot",
	.synopsis = "NAME [SNAPSHOT]",
	.n_args = 1,
	.n_optional = 1,
	.help = "keep a guest's disks and file as they are now",
	.details =
		"It takes no space at first; what the guest writes from then on does. The disks of\n"
		"a running guest are kept as after a power cut, not cleanly shut down; with more\n"
		"than one it is paused for an instant. Without a name it gets the time (UTC).\n"
		"--json: name (the guest's), snapshot; with --dry-run: steps[].name and .what.\n",
	.example = "guest snapshot web1 before-upgrade\n"
		   "guest snapshot web1 before-upgrade --delete\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
