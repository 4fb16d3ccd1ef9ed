/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_export.c: 'guest export': write a guest's disk as an image. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/size.h"
#include "cmd.h"
#include "create.h"
#include "export.h"
#include "guesttype.h"
#include "hold.h"
#include "progress.h"
#include "signals.h"
#include "unfinished.h"
#include "xva.h"

struct opts {
	const char *format;
	const char *disk;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("format", OPT_STRING, format, "raw|qcow2|xva",
	    "what to make (default: qcow2)"),
	OPT("disk", OPT_STRING, disk, "NAME",
	    "which disk (default: xvda; an XVA holds all)"),
	CHANGE_OPTS,
};

static const struct opts defaults = { .format = "qcow2", .disk = "xvda" };

enum format { RAW, QCOW2, XVA };

static const char *const formats[] = { "raw", "qcow2", "xva" };

struct export
{
	struct change change;
	enum format format;
	const char *only; /* the disk's name */
	const char *file;
	struct strlist volumes; /* what is exported ... */
	struct strlist snapshots; /* ... in the state that these keep */
	struct hold hold;
	struct export_disk disks[XVA_MAX_DISKS];
	uint64_t written;
};

static int remove_snapshots(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;
	int rc = 0;

	for (size_t i = 0; i < e->snapshots.n; i++) {
		struct pvn_err one = { 0 };

		if (volume_remove(e->change.set.host.vg, e->snapshots.v[i],
				  &one) &&
		    !rc)
			rc = pvn_err(err, one.code, "%s", one.msg);
	}
	return rc;
}

/* What an export that was cut off has left goes before the guest has to stand still. */
static int step_clear(void *ctx, struct pvn_err *err)
{
	int rc = signals_check(err);

	return rc ? rc : remove_snapshots(ctx, err);
}

static int step_pause(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;

	return hold_begin(&e->hold, e->change.guest, err);
}

static int step_resume(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;

	return hold_end(&e->hold, e->change.guest, err);
}

static int step_snapshot(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;
	const char *vg = e->change.set.host.vg;
	int rc = signals_check(err);

	for (size_t i = 0; !rc && i < e->volumes.n; i++)
		rc = volume_snapshot(vg, e->volumes.v[i], e->snapshots.v[i],
				     err);
	return rc;
}

static int write_image(struct export *e, struct export_out *out,
		       struct pvn_err *err)
{
	const struct guestconf *conf = &e->change.guest->conf;
	struct export_guest guest = {
		.name = e->change.name,
		.uuid = conf->uuid ? conf->uuid : "",
		.memory = conf->memory_bytes,
		.vcpus = conf->vcpus,
		.cmdline = conf->cmdline ? conf->cmdline : "",
		.type = guesttype_is_auto(conf) ? TYPE_AUTO : conf->type,
		.vifs = conf->vifs,
		.n_vifs = conf->n_vifs,
		.disks = e->disks,
		.n = e->volumes.n,
	};

	switch (e->format) {
	case RAW:
		return export_raw(&e->disks[0], out, err);
	case QCOW2:
		return export_qcow2(&e->disks[0], out, err);
	case XVA:
		return export_xva(&guest, out, err);
	}
	return 0;
}

/* Reading takes long; the snapshots are nobody else's, so that others may work. */
static int step_write(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;
	struct export_out out;
	struct pvn_err other = { 0 };
	int rc = export_open(&out, e->file, err);

	if (!rc) {
		host_unlock();
		rc = write_image(e, &out, err);
		if (!rc)
			rc = export_finish(&out, err);
		if (host_relock("guest export", &other) && !rc)
			rc = pvn_err(err, other.code, "%s", other.msg);
	}
	e->written = out.written;
	export_close(&out);
	return rc;
}

static bool is_seed(const char *volume)
{
	size_t len = strlen(volume);

	return len > 5 && !strcmp(volume + len - 5, "-seed");
}

static int take_disk(struct export *e, const struct conf_disk *disk,
		     struct pvn_err *err)
{
	const struct volume *v = guests_disk_volume(&e->change.set, disk);
	size_t i = e->volumes.n;
	char *path;

	if (!v)
		return pvn_err(err, PVN_REFUSED,
			       "disk '%s' of '%s' is no volume of this host",
			       disk->vdev, e->change.name);
	if (i == XVA_MAX_DISKS)
		return pvn_err(err, PVN_REFUSED, "'%s' has more than %d disks",
			       e->change.name, XVA_MAX_DISKS);
	strlist_add(&e->volumes, v->name);
	strlist_addf(&e->snapshots, UNFINISHED_VOLUME "export-%s-%s",
		     e->change.name, disk->vdev);
	path = xasprintf("/dev/%s/%s", e->change.set.host.vg,
			 e->snapshots.v[i]);
	e->disks[i] = (struct export_disk){ .path = path, .bytes = v->size };
	return 0;
}

static int choose_disks(struct export *e, struct pvn_err *err)
{
	const struct guestconf *conf = &e->change.guest->conf;
	int rc = 0;

	for (size_t i = 0; !rc && i < conf->n_disks; i++) {
		const struct conf_disk *disk = &conf->disks[i];

		if (e->format == XVA ? !is_seed(disk->path)
				     : !strcmp(disk->vdev, e->only))
			rc = take_disk(e, disk, err);
	}
	if (!rc && !e->volumes.n)
		rc = pvn_err(err, -ENOENT, "guest '%s' has no disk '%s'",
			     e->change.name, e->only);
	return rc;
}

static bool any_left(const struct export *e)
{
	for (size_t i = 0; i < e->snapshots.n; i++) {
		if (volumes_find(&e->change.set.volumes, e->snapshots.v[i]))
			return true;
	}
	return false;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct export *e = ctx;
	const struct guest *guest = e->change.guest;
	autofree char *from = NULL;
	autofree char *names = NULL;
	bool file = strcmp(e->file, "-");
	bool pause;
	int rc;

	if (guest->conf_error)
		return pvn_err(err, -EINVAL, "%s", guest->conf_error);
	rc = choose_disks(e, err);
	if (rc)
		return rc;
	if (file && file_exists(e->file))
		return pvn_err(err, -EEXIST, "'%s' exists already", e->file);
	from = strlist_quoted(&e->volumes);
	names = strlist_quoted(&e->snapshots);
	pause = e->volumes.n > 1 && guest->domain &&
		guest->domain->state == DOMAIN_RUNNING;
	if (any_left(e))
		plan_add(plan, "clear", step_clear, NULL,
			 "remove what an export that was cut off has left");
	if (pause)
		plan_add(plan, "pause", step_pause, step_resume,
			 "pause guest '%s' for an instant", guest->name);
	plan_add(plan, "snapshot", step_snapshot, remove_snapshots,
		 "make snapshot%s %s of %s", e->volumes.n > 1 ? "s" : "", names,
		 from);
	if (pause)
		plan_add(plan, "resume", step_resume, NULL,
			 "let guest '%s' go on", guest->name);
	plan_add(plan, "write", step_write, NULL, "write %s as %s",
		 file ? e->file : "standard output", formats[e->format]);
	plan_add(plan, "remove", remove_snapshots, NULL, "remove %s", names);
	return 0;
}

static void report(const void *ctx)
{
	const struct export *e = ctx;
	char size[16];

	printf("guest '%s' is written to '%s' (%s, %s)%s\n", e->change.name,
	       e->file, formats[e->format], size_print(e->written, size),
	       e->change.guest->domain
		       ? "; it was running: what is in it is as after a power cut"
		       : "");
}

static void report_json(const void *ctx, struct json *j)
{
	const struct export *e = ctx;

	json_string(j, "file", e->file);
	json_string(j, "format", formats[e->format]);
	json_int(j, "bytes", (int64_t)e->written);
	json_bool(j, "running", e->change.guest->domain != NULL);
}

static int find_format(const char *name, enum format *format_r,
		       struct pvn_err *err)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(name, formats[i])) {
			*format_r = (enum format)i;
			return 0;
		}
	}
	return pvn_err(err, -EINVAL,
		       "'--format %.40s': expected 'raw', 'qcow2' or 'xva'",
		       name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct pvn_err err = { 0 };
	struct export e = {
		.change = { .cmd = &cmd_guest_export,
			    .o = &o->change,
			    .name = args[0],
			    .plan = make_plan,
			    .report = strcmp(args[1], "-") ? report : NULL,
			    .report_json = report_json },
		.only = o->disk,
		.file = args[1],
	};
	int exit_code;

	if (find_format(o->format, &e.format, &err))
		return cmd_error(&cmd_guest_export, PVN_EXIT_USAGE, &err);
	exit_code = change_run(&e.change);
	for (size_t i = 0; i < e.volumes.n; i++)
		free((char *)(uintptr_t)e.disks[i].path);
	strlist_free(&e.volumes);
	strlist_free(&e.snapshots);
	return exit_code;
}

const struct cmd cmd_guest_export = {
	.program = "guest",
	.group = "make and remove",
	.name = "export",
	.synopsis = "NAME FILE|-",
	.n_args = 2,
	.help = "write a guest's disk as an image",
	.example = "guest export web1 /root/web1.qcow2\n",
	.details =
		"A guest that runs is exported as after a power cut; stop it for better. Of more disks than one\n"
		"all show the same instant: it is paused for that long. '-' is standard\n"
		"output: ssh HOST guest export web1 - >web1.qcow2\n"
		"An XVA holds the guest's disks, MAC addresses and type. It comes to XCP-ng as a PV guest, which\n"
		"starts the kernel on its disk (pygrub), also where it is PVH here; one that starts with this\n"
		"host's kernel needs a kernel of its own there. 'xe vm-import preserve=true' keeps the addresses.\n"
		"--json (not with '-'): name, file, format, bytes, running; with --dry-run:\n"
		"steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = run,
};
