/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_rename.c: 'guest rename': give a stopped guest another name.
 *
 * Its new file comes first and its old one goes last, so that a rename which was cut
 * off is finished by the same command: until then both files are there, and of each
 * volume either the old name or the new one. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/nat.h"
#include "cmd.h"
#include "consolelog.h"
#include "create.h"
#include "guestedit.h"
#include "progress.h"
#include "signals.h"
#include "snapshot.h"
#include "supervisor.h"

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
	struct kv_list forwards; /* all of the host's, as they shall be */
	bool begun; /* before, and cut off */
	char *path; /* of the new file */
	char *text;
};

/* That it crashed too often is remembered under its old name. */
static int step_stop(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return supervisor_ask(err, NULL, "kill %s", r->change.name);
}

static int step_volumes(void *ctx, struct pvn_err *err)
{
	struct rename *r = ctx;
	const struct guest_set *set = &r->change.set;

	for (size_t i = 0; i < r->from_volumes.n; i++) {
		const char *from = r->from_volumes.v[i];
		int rc = signals_check(err);

		if (!rc && volumes_find(&set->volumes, from))
			rc = volume_rename(set->host.vg, from,
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

/* One that was begun before may have volumes of the new name: then its file stays with them. */
static int undo_new_config(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;
	bool any;
	int rc = volumes_any_left(r->change.set.host.vg, &r->to_volumes, &any,
				  err);

	if (!rc && !any && unlink(r->path) && errno != ENOENT)
		rc = pvn_err_errno(err, errno, "cannot remove '%s'", r->path);
	return rc;
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

static int step_forwards(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	/* The rules have addresses, which stay. */
	return kv_write(&r->forwards, NAT_FORWARDS, 0644, err);
}

static int undo_forwards(void *ctx, struct pvn_err *err)
{
	struct rename *r = ctx;

	forwards_rename(&r->forwards, r->to, r->change.name);
	return kv_write(&r->forwards, NAT_FORWARDS, 0644, err);
}

static int step_aside(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return consolelog_set_aside(r->to, err);
}

static int undo_aside(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return consolelog_put_back(r->to, err);
}

static int step_log(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return consolelog_rename(r->change.name, r->to, err);
}

static int undo_log(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;

	return consolelog_rename(r->to, r->change.name, err);
}

static int step_old_config(void *ctx, struct pvn_err *err)
{
	const struct rename *r = ctx;
	int rc = snapshot_remove_folder(r->change.name, err);

	if (rc)
		return rc;
	if (unlink(r->change.guest->conf.path))
		return pvn_err_errno(err, errno, "cannot remove '%s'",
				     r->change.guest->conf.path);
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

/* Is that file what a rename which was cut off has left? Since then somebody may have edited one of them. */
static bool is_left(const struct rename *r, const struct guest *other)
{
	autofree char *text = NULL;
	struct pvn_err ignored;

	return other->has_conf &&
	       !file_read(other->conf.path, &text, &ignored) &&
	       (!strcmp(text, r->text) ||
		guests_is_renamed(&r->change.set, r->change.guest, other));
}

static int check_off(const struct guest *guest, struct pvn_err *err)
{
	if (guest_is_off(guest))
		return 0;
	return pvn_err(
		err, PVN_REFUSED,
		"guest '%s' is %s: it can be renamed while it is stopped",
		guest->name, guest_state(guest));
}

static int check(struct rename *r, struct pvn_err *err)
{
	const struct guest *guest = r->change.guest;
	const struct guest *other;
	struct pvn_err ignored;
	int rc = check_off(guest, err);

	if (!rc && guest->conf_error)
		rc = pvn_err(err, -EINVAL, "%s", guest->conf_error);
	if (!rc)
		rc = make_text(r, err);
	if (rc)
		return rc;
	other = guests_find(&r->change.set, r->to, &ignored);
	r->begun = other ? is_left(r, other)
			 : guests_has_moved(&r->change.set, guest, r->to);
	if (!r->begun)
		return guests_check_free(&r->change.set, r->to, err);
	return other ? check_off(other, err) : 0;
}

/* Add what is behind "guest-<name>" in the name of one of its volumes. */
static int add_volume(struct rename *r, const char *rest, struct pvn_err *err)
{
	const struct volume_list *all = &r->change.set.volumes;
	const char *from, *to;

	strlist_addf(&r->from_volumes, "guest-%s%s", r->change.name, rest);
	strlist_addf(&r->to_volumes, "guest-%s%s", r->to, rest);
	from = r->from_volumes.v[r->from_volumes.n - 1];
	to = r->to_volumes.v[r->to_volumes.n - 1];
	if (volumes_find(all, from) && volumes_find(all, to))
		return pvn_err(err, -EEXIST,
			       "volumes '%s' and '%s' are both there", from,
			       to);
	return 0;
}

static int find_volumes(struct rename *r, struct pvn_err *err)
{
	const struct volume_list *all = &r->change.set.volumes;
	const char *name = r->change.name;
	int rc = 0;

	for (size_t i = 0; i < all->n && !rc; i++) {
		const char *volume = all->v[i].name;
		const char *rest = volume + strlen("guest-");

		if (volume_is_guests(volume, name))
			rc = add_volume(r, rest + strlen(name), err);
		else if (r->begun && volume_is_guests(volume, r->to))
			rc = add_volume(r, rest + strlen(r->to), err);
	}
	return rc;
}

static int find_forwards(struct rename *r, struct pvn_err *err)
{
	return file_exists(NAT_FORWARDS)
		       ? kv_read(&r->forwards, NAT_FORWARDS, err)
		       : 0;
}

static void add_steps(struct rename *r, struct pvn_plan *plan)
{
	const char *name = r->change.name;
	autofree char *names = strlist_quoted(&r->to_volumes);
	auto_snapshots struct snapshot_list snapshots = { 0 };

	if (supervisor_plan(name) == SUPERVISOR_GAVE_UP)
		plan_add(plan, "stop", step_stop, NULL,
			 "see that guest '%s' stays stopped", name);
	/* where the rename was begun, the log of that name may be its own by now */
	if (!r->begun && guests_has_log(&r->change.set, r->to))
		plan_add(plan, "aside", step_aside, undo_aside,
			 "set the console log of an earlier '%s' aside", r->to);
	plan_add(plan, "config", step_new_config, undo_new_config, "write '%s'",
		 r->path);
	snapshots_list(&r->change.set, name, &snapshots);
	if (snapshots.n)
		plan_add(plan, "snapshots", step_snapshots, undo_snapshots,
			 "write the files of its snapshots");
	if (r->to_volumes.n)
		plan_add(plan, "volumes", step_volumes, undo_volumes,
			 "rename its volumes to %s", names);
	if (forwards_rename(&r->forwards, name, r->to))
		plan_add(plan, "forwards", step_forwards, undo_forwards,
			 "lead its port forwards to '%s'", r->to);
	if (guests_has_log(&r->change.set, name))
		plan_add(plan, "log", step_log, undo_log,
			 "rename its console log");
	plan_add(plan, "old-config", step_old_config, NULL, "remove '%s'",
		 r->change.guest->conf.path);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct rename *r = ctx;
	int rc = check(r, err);

	if (!rc)
		rc = find_volumes(r, err);
	if (!rc)
		rc = find_forwards(r, err);
	if (rc)
		return rc;
	r->path = guestconf_path(r->to);
	add_steps(r, plan);
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
	kv_free(&r.forwards);
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
		"Its file, volumes, port forwards and console log get the new name. The host name\n"
		"that the guest gave itself at its first boot stays. A rename that was cut off is\n"
		"finished by repeating it.\n",
	.example = "guest rename web1 www\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
