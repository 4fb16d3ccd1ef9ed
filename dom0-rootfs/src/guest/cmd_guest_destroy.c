/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_destroy.c: 'guest destroy': remove a guest and all that it had.
 *
 * It also removes what a guest that is only half there has left. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "cmd.h"
#include "create.h"
#include "progress.h"
#include "settle.h"
#include "snapshot.h"
#include "spare.h"
#include "supervisor.h"
#include "timing.h"
#include "unfinished.h"

struct opts {
	struct change_opts change;
	bool timing;
};

static const struct opt opts[] = {
	OPT("timing", OPT_FLAG, timing, NULL, "print how long each step took"),
	CHANGE_OPTS,
};

struct destroy {
	struct change change;
	struct strlist volumes;
	char *path; /* of its configuration */
};

/* A create that was cut off has left the spare that it took: guestd has its domain, and would have it back. */
static int drop_spares(const struct destroy *d, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < d->volumes.n && !rc; i++) {
		autofree char *id = spare_of_volume(d->volumes.v[i]);
		autofree char *taken = id ? spare_path("", id, ".taken") : NULL;

		if (id && file_exists(taken))
			rc = supervisor_ask(err, NULL, "drop-spare %s", id);
	}
	return rc;
}

static int step_stop(void *ctx, struct pvn_err *err)
{
	const struct destroy *d = ctx;
	int rc = supervisor_ask(err, NULL, "kill %s", d->change.name);

	return rc ? rc : drop_spares(d, err);
}

/* To remove them takes longer than all the rest: guestd sees to it when the command
 * has ended. */
static int step_volumes(void *ctx, struct pvn_err *err)
{
	const struct destroy *d = ctx;

	return settle_remove_later(d->change.name, &d->volumes, err);
}

static int step_remove_config(void *ctx, struct pvn_err *err)
{
	const struct destroy *d = ctx;
	int rc = snapshot_remove_folder(d->change.name, err);

	if (rc)
		return rc;
	if (unlink(d->path) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '%s'", d->path);
	return 0;
}

static int step_upkeep(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return supervisor_ask(err, NULL, "upkeep");
}

/* A guest that was just made of a spare has volumes of the spare's name. */
static bool is_spares_disk(const struct destroy *d, const char *volume)
{
	const struct guest *guest = d->change.guest;
	autofree char *path =
		xasprintf("/dev/%s/%s", d->change.set.host.vg, volume);
	autofree char *id = spare_of_volume(volume);

	for (size_t i = 0; id && guest && i < guest->conf.n_disks; i++) {
		if (!strcmp(guest->conf.disks[i].path, path))
			return true;
	}
	return false;
}

static void find_volumes(struct destroy *d)
{
	const struct volume_list *all = &d->change.set.volumes;

	for (size_t i = 0; i < all->n; i++) {
		const char *volume = all->v[i].name;

		if (volume_is_guests(volume, d->change.name) ||
		    is_spares_disk(d, volume))
			strlist_add(&d->volumes, volume);
	}
}

/* Which volumes such a guest has can't be known from a file that can't be read. */
static int settle_unreadable(const struct destroy *d, struct pvn_err *err)
{
	const struct guest *guest = d->change.guest;

	if (!guest || !guest->conf_error || d->change.o->dry_run)
		return 0;
	return settle_guest(d->change.set.host.vg, guest->name, err);
}

/* Its disks may be the other one's, of which this is a second file. */
static int check_renamed(const struct guest_set *set, const struct guest *guest,
			 struct pvn_err *err)
{
	for (size_t i = 0; guest && i < set->n; i++) {
		const struct guest *other = &set->v[i];
		const struct guest *from = NULL, *to = NULL;

		if (other == guest)
			continue;
		if (guests_is_renamed(set, other, guest)) {
			from = other;
			to = guest;
		} else if (guests_is_renamed(set, guest, other)) {
			from = guest;
			to = other;
		}
		if (from)
			return pvn_err(
				err, PVN_REFUSED,
				"guests '%s' and '%s' are one, whose rename was cut off: finish that first ('guest rename %s %s')",
				from->name, to->name, from->name, to->name);
	}
	return 0;
}

/* Nothing is begun while dom0 has one of them mounted: a refusal. */
static int check_unheld(const struct destroy *d, struct pvn_err *err)
{
	int rc = 0;

	if (!d->change.o->facts)
		rc = volumes_check_unheld(d->change.set.host.vg, &d->volumes,
					  err);
	if (rc == -EBUSY)
		rc = err->code = PVN_REFUSED;
	return rc;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct destroy *d = ctx;
	const struct guest *guest = d->change.guest;
	const char *name = d->change.name;
	int rc = unfinished_check(name, err);

	if (!rc)
		rc = settle_unreadable(d, err);
	if (!rc)
		rc = check_renamed(&d->change.set, guest, err);
	if (rc)
		return rc;
	find_volumes(d);
	if (!guest && !d->volumes.n)
		return err->code;
	rc = check_unheld(d, err);
	if (rc)
		return rc;
	d->path = guestconf_path(name);
	/* Also without a domain: guestd may be about to start it again. */
	if (guest)
		plan_add(plan, "stop", step_stop, NULL,
			 guest->domain ? "stop guest '%s' at once"
				       : "see that guest '%s' stays stopped",
			 name);
	if (d->volumes.n) {
		autofree char *names = strlist_quoted(&d->volumes);

		plan_add(plan, "volumes", step_volumes, NULL,
			 "have volume%s %s removed",
			 d->volumes.n > 1 ? "s" : "", names);
	}
	/* Last, so that a destroy which was cut off can be repeated. */
	if (guest && (guest->has_conf || guest->conf_error))
		plan_add(plan, "config", step_remove_config, NULL,
			 "remove '%s'", d->path);
	if (d->volumes.n)
		plan_add(plan, "upkeep", step_upkeep, NULL,
			 "have guestd begin with the volumes");
	return 0;
}

static void report(const void *ctx)
{
	const struct destroy *d = ctx;

	printf("guest '%s' is removed\n", d->change.name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct destroy d = {
		.change = { .cmd = &cmd_guest_destroy,
			    .o = &o->change,
			    .name = args[0],
			    .interruptible = true,
			    .may_lack = true,
			    .hurry = true,
			    .plan = make_plan,
			    .report = report },
	};
	int exit_code;

	if (o->timing)
		timing_begin();
	exit_code = change_run(&d.change);
	timing_print(stderr);
	strlist_free(&d.volumes);
	free(d.path);
	return exit_code;
}

const struct cmd cmd_guest_destroy = {
	.program = "guest",
	.group = "make and remove",
	.name = "destroy",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "stop a guest at once and remove it with its disks",
	.example = "guest destroy web1 --dry-run\n",
	.details =
		"There is no way back and no question: try --dry-run first. Refused (exit code 3) while\n"
		"dom0 has one of the disks mounted.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
