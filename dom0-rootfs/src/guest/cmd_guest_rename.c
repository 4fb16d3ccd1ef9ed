/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_rename.c: 'guest rename': give a stopped guest another name. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "cmd.h"
#include "create.h"
#include "guestedit.h"
#include "progress.h"
#include "signals.h"
#include "snapshot.h"

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

struct rename {
	struct change change;
	const char *to;
	struct strlist from_volumes, to_volumes;
	char *path; /* of the new file */
	char *text;
};

static int step_volumes(void *ctx, struct pvn_err *err)
{
	struct rename *r = ctx;
	const char *vg = r->change.set.host.vg;

	for (size_t i = 0; i < r->from_volumes.n; i++) {
		int rc = signals_check(err);

		if (!rc)
			rc = volume_rename(vg, r->from_volumes.v[i],
					   r->to_volumes.v[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

static int undo_volumes(void *ctx, struct pvn_err *err)
{
	struct rename *r = ctx;
	const char *vg = r->change.set.host.vg;
	auto_volumes struct volume_list now = { 0 };
	int rc = volumes_read(vg, &now, err);

	for (size_t i = 0; i < r->to_volumes.n; i++) {
		int failed = 0;

		if (!rc && volumes_find(&now, r->to_volumes.v[i]))
			failed = volume_rename(vg, r->to_volumes.v[i],
					       r->from_volumes.v[i], err);
		rc = failed ? failed : rc;
	}
	return rc;
}

static int step_new_config(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return file_write(r->path, r->text, 0600, err);
}

static int undo_new_config(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	if (unlink(r->path) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '%s'", r->path);
	return 0;
}

static int step_snapshots(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return snapshot_copy_files(&r->change.set, r->change.name, r->to, err);
}

static int undo_snapshots(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return snapshot_remove_folder(r->to, err);
}

static int step_old_config(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;
	autofree char *old_log = guests_console_log(r->change.name);
	autofree char *new_log = guests_console_log(r->to);
	int rc = snapshot_remove_folder(r->change.name, err);

	if (rc)
		return rc;
	if (unlink(r->change.guest->conf.path))
		return pvn_err_errno(err, errno, "cannot remove '%s'",
				     r->change.guest->conf.path);
	/* nice to have: the name is what counts */
	(void)!rename(old_log, new_log);
	return 0;
}

/* The file with the new name in its 'name' and in the paths of its own disks. */
static int make_text(struct rename *r, struct pvn_err *err)
{
	const struct guest *guest = r->change.guest;
	int rc = file_read(guest->conf.path, &r->text, err);

	if (!rc)
		rc = guestedit_set_string(&r->text, "name", r->to, err);
	for (size_t i = 0; !rc && i < guest->conf.n_disks; i++)
		rc = guests_move_disk(&r->change.set, guest, r->to, i, &r->text,
				      err);
	return rc;
}

static int check(const struct rename *r, struct pvn_err *err)
{
	const struct guest *guest = r->change.guest;

	if (!guest_is_off(guest))
		return pvn_err(
			err, PVN_REFUSED,
			"guest '%s' is %s: it can be renamed while it is stopped",
			guest->name, guest_state(guest));
	if (guest->conf_error)
		return pvn_err(err, -EINVAL, "%s", guest->conf_error);
	return guests_check_free(&r->change.set, r->to, err);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct rename *r = ctx;
	const char *name = r->change.name;
	const struct volume_list *all = &r->change.set.volumes;
	auto_snapshots struct snapshot_list snapshots = { 0 };
	int rc = check(r, err);

	if (!rc)
		rc = make_text(r, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < all->n; i++) {
		const char *volume = all->v[i].name;

		if (!volume_is_guests(volume, name))
			continue;
		strlist_add(&r->from_volumes, volume);
		strlist_addf(&r->to_volumes, "guest-%s%s", r->to,
			     volume + strlen("guest-") + strlen(name));
	}
	r->path = guestconf_path(r->to);
	if (r->from_volumes.n) {
		autofree char *names = strlist_quoted(&r->to_volumes);

		plan_add(plan, "volumes", step_volumes, undo_volumes,
			 "rename its volumes to %s", names);
	}
	plan_add(plan, "config", step_new_config, undo_new_config, "write '%s'",
		 r->path);
	snapshots_list(&r->change.set, name, &snapshots);
	if (snapshots.n)
		plan_add(plan, "snapshots", step_snapshots, undo_snapshots,
			 "write the files of its snapshots");
	plan_add(plan, "old-config", step_old_config, NULL, "remove '%s'",
		 r->change.guest->conf.path);
	return 0;
}

static void report(const void *ctx)
{
	const struct rename *r = ctx;

	printf("guest '%s' is now '%s'\n", r->change.name, r->to);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct rename r = {
		.change = { .cmd = &cmd_guest_rename,
			    .o = &o->change,
			    .name = args[0],
			    .plan = make_plan,
			    .report = report },
		.to = args[1],
	};
	struct pvn_err err = { 0 };
	int exit_code;

	if (guest_name_check(r.to, &err))
		return cmd_error(&cmd_guest_rename, PVN_EXIT_USAGE, &err);
	exit_code = change_run(&r.change);
	strlist_free(&r.from_volumes);
	strlist_free(&r.to_volumes);
	free(r.path);
	free(r.text);
	return exit_code;
}

const struct cmd cmd_guest_rename = {
	.program = "guest",
	.group = "make and remove",
	.name = "rename",
	.synopsis = "NAME NEW",
	.n_args = 2,
	.help = "give a stopped guest another name",
	.details =
		"Its file, volumes and console log get the new name. The host name that the guest\n"
		"gave itself at its first boot stays.\n",
	.example = "guest rename web1 www\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
