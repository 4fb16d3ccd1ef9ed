/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_template_delete.c: 'template delete': remove a template that was added. */
#include <errno.h>
#include <string.h>
#include "cmd.h"
#include "host.h"
#include "progress.h"
#include "settle.h"
#include "spare.h"
#include "template.h"
#include "volume.h"

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

struct delete
{
	struct change change;
	const char *name;
	struct host host;
	struct template_list list;
	const struct template *t;
	char *volume;
	char *ini;
};

static int step_ini(void *ctx, struct pvn_err *err)
{
	struct delete *d = ctx;

	if (unlink(d->ini))
		return pvn_err_errno(err, errno, "cannot remove '%s'", d->ini);
	template_forget_signed(d->t, true);
	if (rmdir(d->t->dir))
		return pvn_err_errno(err, errno, "cannot remove '%s'",
				     d->t->dir);
	return 0;
}

static int step_volume(void *ctx, struct pvn_err *err)
{
	struct delete *d = ctx;
	int rc = settle_forget_spares(d->host.vg, err);

	return rc ? rc : volume_remove(d->host.vg, d->volume, err);
}

static int check_unused(const struct delete *d, struct pvn_err *err)
{
	auto_strlist struct strlist names = { 0 };
	auto_strlist struct strlist guests = { 0 };
	autofree char *quoted = NULL;
	int rc = volume_dependents(d->host.vg, d->volume, &names, err);

	for (size_t i = 0; i < names.n; i++) {
		if (strncmp(names.v[i], SPARE_VOLUME, strlen(SPARE_VOLUME)))
			strlist_add(&guests, names.v[i]);
	}
	if (rc || !guests.n)
		return rc;
	quoted = strlist_quoted(&guests);
	return pvn_err(
		err, PVN_REFUSED,
		"template '%s' is in use: its volume is the origin of %s",
		d->name, quoted);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct delete *d = ctx;
	int rc = host_read(&d->host, err);

	if (!rc)
		rc = templates_read_host(&d->list, err);
	if (rc)
		return rc;
	d->t = templates_find(&d->list, d->name, err);
	if (!d->t)
		return err->code;
	if (!template_is_users(d->t))
		return pvn_err(
			err, PVN_REFUSED,
			"template '%s' came with the host and goes with it",
			d->name);
	d->volume = template_volume(d->t);
	d->ini = xasprintf("%s/template.ini", d->t->dir);
	rc = check_unused(d, err);
	if (rc)
		return rc;
	/* the volume first: what has no volume can still be deleted */
	plan_add(plan, "volume", step_volume, NULL, "remove volume '%s'",
		 d->volume);
	plan_add(plan, "describe", step_ini, NULL, "remove '%s'", d->ini);
	return 0;
}

static void report(const void *ctx)
{
	const struct delete *d = ctx;

	printf("template '%s' is removed\n", d->name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct delete d = {
		.change = { .cmd = &cmd_template_delete,
			    .o = &o->change,
			    .interruptible = true,
			    .plan = make_plan,
			    .report = report },
		.name = args[0],
	};
	int exit_code = change_run(&d.change);

	templates_free(&d.list);
	host_free(&d.host);
	free(d.volume);
	free(d.ini);
	return exit_code;
}

const struct cmd cmd_template_delete = {
	.program = "template",
	.group = "add and remove",
	.name = "delete",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "remove a template that was added",
	.example = "template delete web\n",
	.details =
		"Refused (exit code 3) while guests' disks are snapshots of its volume, and for the\n"
		"templates that came with the host.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
