/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_template_export.c: 'template export': write a template as one file. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "cmd.h"
#include "create.h"
#include "host.h"
#include "progress.h"
#include "signals.h"
#include "template_file.h"
#include "unfinished.h"
#include "volume.h"

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

struct export
{
	struct change change;
	const char *name;
	const char *file;
	struct host host;
	struct template_list list;
	const struct template *t;
	struct create create; /* its volume alone, should it have none yet */
	char *snapshot; /* the volume itself is kept inactive */
};

static int step_template(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;

	return step_origin(&e->create, err);
}

static int undo_template(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;

	return undo_origin(&e->create, err);
}

static int step_snapshot(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;
	int rc = signals_check(err);

	if (!rc) /* of an export that was cut off */
		rc = volume_remove(e->host.vg, e->snapshot, err);
	return rc ? rc
		  : volume_snapshot(e->host.vg, e->create.origin, e->snapshot,
				    err);
}

static int undo_snapshot(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;

	return volume_remove(e->host.vg, e->snapshot, err);
}

static int step_write(void *ctx, struct pvn_err *err)
{
	struct export *e = ctx;
	autofree char *path = xasprintf("/dev/%s/%s", e->host.vg, e->snapshot);
	struct export_disk disk = { .path = path, .bytes = e->t->disk_bytes };
	struct pvn_err other = { 0 };
	struct export_out out;
	int rc = export_open(&out, e->file, err);

	if (!rc) {
		host_unlock();
		rc = template_file_write(e->t, &disk, &out, err);
		if (!rc)
			rc = export_finish(&out, err);
		if (host_relock("template export", &other) && !rc)
			rc = pvn_err(err, other.code, "%s", other.msg);
	}
	export_close(&out);
	return rc;
}

static int plan_volume(struct export *e, struct pvn_plan *plan,
		       struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	const struct host *host = &e->host;
	int rc = volumes_read(host->vg, &volumes, err);

	if (!rc)
		rc = pool_measure_in(&volumes, host->vg, host->pool, err);
	if (rc ||
	    !create_origin(&e->create, e->t, host->vg, host->pool, &volumes))
		return rc;
	create_add_origin(plan, &e->create, step_template, undo_template);
	return create_check_room(&e->create, &volumes, true, err);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct export *e = ctx;
	bool file = strcmp(e->file, "-");
	int rc = host_read(&e->host, err);

	if (!rc)
		rc = templates_read_host(&e->list, err);
	if (rc)
		return rc;
	e->t = templates_find(&e->list, e->name, err);
	if (!e->t)
		return err->code;
	if (file && file_exists(e->file))
		return pvn_err(err, -EEXIST, "'%s' exists already", e->file);
	rc = plan_volume(e, plan, err);
	if (rc)
		return rc;
	e->snapshot =
		xasprintf(UNFINISHED_VOLUME "export-%s", e->create.origin);
	plan_add(plan, "snapshot", step_snapshot, undo_snapshot,
		 "make snapshot '%s' of '%s'", e->snapshot, e->create.origin);
	plan_add(plan, "write", step_write, NULL, "write %s",
		 file ? e->file : "standard output");
	plan_add(plan, "remove", undo_snapshot, NULL, "remove '%s'",
		 e->snapshot);
	return 0;
}

static void report(const void *ctx)
{
	const struct export *e = ctx;

	printf("template '%s' is written to '%s'\n", e->name, e->file);
}

static void report_json(const void *ctx, struct json *j)
{
	const struct export *e = ctx;

	json_string(j, "name", e->name);
	json_string(j, "file", e->file);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct export e = {
		.change = { .cmd = &cmd_template_export,
			    .o = &o->change,
			    .plan = make_plan,
			    .report = strcmp(args[1], "-") ? report : NULL,
			    .report_json = report_json },
		.name = args[0],
		.file = args[1],
	};
	int exit_code = change_run(&e.change);

	templates_free(&e.list);
	host_free(&e.host);
	create_free(&e.create);
	free(e.snapshot);
	return exit_code;
}

const struct cmd cmd_template_export = {
	.program = "template",
	.group = "add and remove",
	.name = "export",
	.synopsis = "NAME FILE|-",
	.n_args = 2,
	.help = "write a template as one file",
	.example = "template export web /root/web.tar\n",
	.details =
		"'-' is standard output: ssh HOST template export web - >web.tar\n"
		"A signature that it came with goes along where image and template.ini are what was signed.\n"
		"--json (not with '-'): name, file; with --dry-run: steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
