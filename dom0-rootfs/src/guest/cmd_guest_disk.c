/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_disk.c: 'guest disk add', 'grow' and 'remove'. */
#include <errno.h>
#include <string.h>
#include "../lib/size.h"
#include "cmd.h"
#include "guestedit.h"
#include "live.h"
#include "progress.h"

struct opts {
	uint64_t size;
	const char *name;
	struct change_opts change;
};

#define SIZE_OPT(text)                                            \
	OPT("size", OPT_SIZE, size, "SIZE", text, .min = 4 * MIB, \
	    .max = 64 * 1024 * GIB, .required = true)

static const struct opt add_opts[] = {
	SIZE_OPT("its size"),
	OPT("name", OPT_STRING, name, "xvdX",
	    "what the guest shall call it (default: the next free name)"),
	CHANGE_OPTS,
};

static const struct opt grow_opts[] = {
	SIZE_OPT("the size that it shall have"),
	CHANGE_OPTS,
};

static const struct opt remove_opts[] = {
	CHANGE_OPTS,
};

struct disk {
	struct change change;
	uint64_t size;
	char vdev[16];
	char *volume;
	struct conf_disk disk; /* its path is ours */
	size_t index; /* in the file */
};

static const char *vg(const struct disk *d)
{
	return d->change.set.host.vg;
}

static const struct domain *domain(const struct disk *d)
{
	return d->change.guest->domain;
}

static int step_volume(void *ctx, struct pvn_err *err)
{
	struct disk *d = ctx;

	return volume_create(vg(d), d->change.set.host.pool, d->volume, d->size,
			     NULL, err);
}

static int step_remove_volume(void *ctx, struct pvn_err *err)
{
	struct disk *d = ctx;

	return volume_remove(vg(d), d->volume, err);
}

static int step_attach(void *ctx, struct pvn_err *err)
{
	struct disk *d = ctx;

	return live_disk_attach(domain(d)->id, &d->disk, err);
}

static int step_detach(void *ctx, struct pvn_err *err)
{
	struct disk *d = ctx;

	return live_disk_detach(domain(d)->id, d->disk.vdev, err);
}

static int step_grow(void *ctx, struct pvn_err *err)
{
	struct disk *d = ctx;

	return volume_extend(vg(d), d->volume, d->size, err);
}

/* Disk @vdev in the guest's file; -1: there is none. */
static int find_disk(const struct guest *guest, const char *vdev)
{
	for (size_t i = 0; i < guest->conf.n_disks; i++) {
		if (!strcmp(guest->conf.disks[i].vdev, vdev))
			return (int)i;
	}
	return -1;
}

/* A disk that was asked for by name, and the guest's own volume behind it. */
static int take_disk(struct disk *d, const struct volume **volume_r,
		     struct pvn_err *err)
{
	const struct guest *guest = d->change.guest;
	int i = find_disk(guest, d->vdev);
	const struct volume *v;

	if (i < 0)
		return pvn_err(
			err, -ENOENT,
			"guest '%s' has no disk '%s' ('guest disk list %s')",
			guest->name, d->vdev, guest->name);
	d->index = (size_t)i;
	d->disk = (struct conf_disk){
		.path = xstrdup(guest->conf.disks[i].path),
		.vdev = d->vdev,
		.writable = guest->conf.disks[i].writable,
	};
	v = guests_disk_volume(&d->change.set, &d->disk);
	if (!v || !volume_is_guests(v->name, guest->name))
		return pvn_err(err, -EINVAL, "'%s' is no volume of guest '%s'",
			       d->disk.path, guest->name);
	d->volume = xstrdup(v->name);
	*volume_r = v;
	return 0;
}

/* "xvdX" with one letter, which neither the file nor a volume has yet. */
static int choose_name(struct disk *d, struct pvn_err *err)
{
	const struct guest *guest = d->change.guest;

	for (char letter = 'b'; letter <= 'z'; letter++) {
		if (!*d->vdev || d->vdev[3] == letter) {
			autofree char *volume = xasprintf("guest-%s-xvd%c",
							  guest->name, letter);
			const char vdev[] = { 'x', 'v', 'd', letter, '\0' };

			if (find_disk(guest, vdev) < 0 &&
			    !volumes_find(&d->change.set.volumes, volume)) {
				memcpy(d->vdev, vdev, sizeof(vdev));
				d->volume = steal_ptr(&volume);
				return 0;
			}
		}
	}
	if (*d->vdev)
		return pvn_err(err, -EEXIST,
			       "guest '%s' has a disk '%s' already",
			       guest->name, d->vdev);
	return pvn_err(err, -ENOSPC, "guest '%s' has no name left for a disk",
		       guest->name);
}

static uint64_t rounded(uint64_t size)
{
	return (size + VOLUME_EXTENT - 1) / VOLUME_EXTENT * VOLUME_EXTENT;
}

/* @more: bytes that it is larger than before */
static int check_pool(const struct disk *d, uint64_t more, struct pvn_err *err)
{
	const struct guest_set *set = &d->change.set;
	const struct volume *pool = volumes_find(&set->volumes, set->host.pool);
	char want[16], have[16];

	if (pool && d->size > pool->size)
		return pvn_err(
			err, -ENOSPC,
			"a disk of %s is larger than the whole pool (%s)",
			size_print(d->size, want),
			size_print(pool->size, have));
	return guests_admit(set, more, err);
}

static int plan_add_disk(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct disk *d = ctx;
	struct change *c = &d->change;
	autofree char *item = NULL;
	char size[16];
	int rc = conf_begin(c, err);

	d->size = rounded(d->size);
	if (!rc)
		rc = check_pool(d, d->size, err);
	if (!rc)
		rc = choose_name(d, err);
	if (rc)
		return rc;
	d->disk = (struct conf_disk){
		.path = xasprintf("/dev/%s/%s", vg(d), d->volume),
		.vdev = d->vdev,
		.writable = true,
	};
	item = xasprintf("phy:%s,%s,w", d->disk.path, d->vdev);
	rc = guestedit_set_item(&c->conf_text, "disk", c->guest->conf.n_disks,
				item, err);
	if (rc)
		return rc;
	plan_add(plan, "volume", step_volume, step_remove_volume,
		 "make volume '%s' (%s)", d->volume, size_print(d->size, size));
	if (c->guest->domain)
		plan_add(plan, "attach", step_attach, step_detach,
			 "attach it to guest '%s' as '%s'", c->name, d->vdev);
	return conf_add_step(c, plan, "add the disk", err);
}

static int plan_grow(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct disk *d = ctx;
	const struct volume *v = NULL;
	char now[16], then[16];
	int rc = take_disk(d, &v, err);

	d->size = rounded(d->size);
	if (rc)
		return rc;
	if (d->size == v->size)
		return change_nothing(&d->change, "disk '%s' has %s already",
				      d->vdev, size_print(v->size, now));
	if (d->size < v->size)
		return pvn_err(
			err, PVN_REFUSED,
			"disk '%s' has %s: making it smaller would cut off what is in it",
			d->vdev, size_print(v->size, now));
	rc = check_pool(d, d->size - v->size, err);
	if (rc)
		return rc;
	plan_add(plan, "grow", step_grow, NULL,
		 "grow volume '%s' from %s to %s", d->volume,
		 size_print(v->size, now), size_print(d->size, then));
	return 0;
}

/* Of a disk that was added or removed, and cut off: it is not in the file, and the volume is there. */
static bool has_volume_alone(struct disk *d)
{
	const struct guest *guest = d->change.guest;
	autofree char *volume = xasprintf("guest-%s-%s", guest->name, d->vdev);

	if (find_disk(guest, d->vdev) >= 0 ||
	    !volumes_find(&d->change.set.volumes, volume))
		return false;
	d->volume = steal_ptr(&volume);
	return true;
}

static int plan_remove(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct disk *d = ctx;
	struct change *c = &d->change;
	const struct volume *v = NULL;
	int rc = conf_begin(c, err);

	if (!rc && has_volume_alone(d)) {
		plan_add(plan, "volume", step_remove_volume, NULL,
			 "remove volume '%s'", d->volume);
		return 0;
	}
	if (!rc)
		rc = take_disk(d, &v, err);
	if (rc)
		return rc;
	if (!d->index)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is the first disk of guest '%s', which it boots from",
			d->vdev, c->name);
	rc = guestedit_set_item(&c->conf_text, "disk", d->index, NULL, err);
	if (rc)
		return rc;
	if (c->guest->domain)
		plan_add(plan, "detach", step_detach, step_attach,
			 "detach disk '%s' from guest '%s'", d->vdev, c->name);
	rc = conf_add_step(c, plan, "remove the disk", err);
	plan_add(plan, "volume", step_remove_volume, NULL, "remove volume '%s'",
		 d->volume);
	return rc;
}

static void report_add(const void *ctx)
{
	const struct disk *d = ctx;

	printf("guest '%s' has the disk '%s'%s\n", d->change.name, d->vdev,
	       domain(d) ? "" : " from its next start on");
}

static void report_grow(const void *ctx)
{
	const struct disk *d = ctx;
	char size[16];

	printf("disk '%s' of guest '%s' has %s; the filesystem in it is the guest's to grow\n",
	       d->vdev, d->change.name, size_print(d->size, size));
}

static void report_remove(const void *ctx)
{
	const struct disk *d = ctx;

	printf("disk '%s' of guest '%s' is removed\n", d->vdev, d->change.name);
}

static void report_json(const void *ctx, struct json *j)
{
	json_string(j, "disk", ((const struct disk *)ctx)->vdev);
}

static int run_disk(struct disk *d, const char *vdev)
{
	struct pvn_err err = { 0 };
	int exit_code;

	if (vdev && (strlen(vdev) != 4 || strncmp(vdev, "xvd", 3) ||
		     vdev[3] < 'a' || vdev[3] > 'z')) {
		pvn_err(&err, -EINVAL,
			"'%.20s' is no disk's name, expected xvda to xvdz",
			vdev);
		return cmd_error(d->change.cmd, PVN_EXIT_USAGE, &err);
	}
	snprintf(d->vdev, sizeof(d->vdev), "%s", vdev ? vdev : "");
	exit_code = change_run(&d->change);
	free(d->volume);
	free(d->disk.path);
	return exit_code;
}

static int run_add(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct disk d = { .change = { .cmd = &cmd_guest_disk_add,
				      .o = &o->change,
				      .name = args[0],
				      .plan = plan_add_disk,
				      .report = report_add,
				      .report_json = report_json },
			  .size = o->size };

	return run_disk(&d, o->name);
}

static int run_grow(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct disk d = { .change = { .cmd = &cmd_guest_disk_grow,
				      .o = &o->change,
				      .name = args[0],
				      .plan = plan_grow,
				      .report = report_grow,
				      .report_json = report_json },
			  .size = o->size };

	return run_disk(&d, args[1]);
}

static int run_remove(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct disk d = { .change = { .cmd = &cmd_guest_disk_remove,
				      .o = &o->change,
				      .name = args[0],
				      .plan = plan_remove,
				      .report = report_remove,
				      .report_json = report_json } };

	return run_disk(&d, args[1]);
}

#define DISK_CMD(cmd_name, cmd_synopsis, n, table, function)       \
	.program = "guest", .group = "change", .name = (cmd_name), \
	.synopsis = (cmd_synopsis), .n_args = (n), OPTS(table),    \
	.ctx_size = sizeof(struct opts), .modifies = true, .run = (function)

const struct cmd cmd_guest_disk_add = {
	DISK_CMD("disk add", "NAME", 1, add_opts, run_add),
	.help = "give a guest another, empty disk",
	.details =
		"A running guest gets it at once.\n"
		"--json: name, disk; with --dry-run: steps[].name and .what.\n",
	.example = "guest disk add web1 --size 20G\n",
};

const struct cmd cmd_guest_disk_grow = {
	DISK_CMD("disk grow", "NAME DISK", 2, grow_opts, run_grow),
	.help = "make a guest's disk larger",
	.details =
		"A running guest sees the new size when it next reads or writes there.\n",
	.example = "guest disk grow web1 xvda --size 8G\n",
};

const struct cmd cmd_guest_disk_remove = {
	DISK_CMD("disk remove", "NAME DISK", 2, remove_opts, run_remove),
	.help = "take a disk from a guest and delete what is in it",
	.details =
		"There is no way back and no question: try --dry-run first. Unmount it in the\n"
		"guest before: it is taken away all the same.\n",
	.example = "guest disk remove web1 xvdc\n",
};
