/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_template_create.c: 'template create-from-guest': a guest's disk becomes a template. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "../lib/file.h"
#include "cmd.h"
#include "guesttype.h"
#include "progress.h"
#include "signals.h"
#include "template.h"

struct opts {
	const char *version;
	const char *user;
	const char *description;
	bool only_first;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("version", OPT_STRING, version, "TEXT",
	    "its version (default: today's date)"),
	OPT("user", OPT_STRING, user, "NAME",
	    "who gets the ssh keys (default: the guest's)"),
	OPT("description", OPT_STRING, description, "TEXT",
	    "one line about it"),
	OPT("only-first", OPT_FLAG, only_first, NULL,
	    "leave out all disks but the guest's first"),
	CHANGE_OPTS,
};

struct make {
	struct change change;
	const struct opts *o;
	const char *name;
	struct template t;
	const struct volume *from;
	char *volume; /* under its name when it is complete ... */
	char *temp; /* ... and until then under this */
	char *ini;
};

static const char *vg(const struct make *m)
{
	return m->change.set.host.vg;
}

/* 'guest create' knows a template's volume by the first tag, and a sweep what was cut off by the
 * second. */
static int snapshot(const struct make *m, struct pvn_err *err)
{
	int rc = volume_snapshot(vg(m), m->from->name, m->temp, err);

	if (!rc)
		rc = volume_tag(vg(m), m->temp, "sha256_", err);
	if (!rc)
		rc = volume_tag(vg(m), m->temp, VOLUME_UNFINISHED, err);
	return rc ? rc : volume_freeze(vg(m), m->temp, err);
}

static int step_volume(void *ctx, struct pvn_err *err)
{
	struct make *m = ctx;
	int rc = signals_check(err);

	if (!rc) /* of one that was cut off */
		rc = volume_remove(vg(m), m->temp, err);
	if (!rc)
		rc = snapshot(m, err);
	if (!rc) /* left by a template that was half deleted */
		rc = volume_remove(vg(m), m->volume, err);
	return rc ? rc : volume_rename(vg(m), m->temp, m->volume, err);
}

static int undo_volume(void *ctx, struct pvn_err *err)
{
	struct make *m = ctx;
	auto_strlist struct strlist names = { 0 };

	strlist_add(&names, m->temp);
	strlist_add(&names, m->volume);
	return volumes_remove(vg(m), &names, err);
}

static int step_describe(void *ctx, struct pvn_err *err)
{
	struct make *m = ctx;
	autofree char *text = template_text(&m->t);
	int rc = mkdir_p(m->t.dir, 0755, err);

	return rc ? rc : file_write(m->ini, text, 0644, err);
}

static int undo_describe(void *ctx, struct pvn_err *err)
{
	struct make *m = ctx;

	(void)err;
	unlink(m->ini);
	rmdir(m->t.dir);
	return 0;
}

static int step_settle(void *ctx, struct pvn_err *err)
{
	struct make *m = ctx;

	return volume_untag(vg(m), m->volume, VOLUME_UNFINISHED, err);
}

static char *today(void)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[16];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y%m%d", &tm);
	return xstrdup(text);
}

static void describe(struct make *m, const struct guestconf *conf)
{
	const char *user = m->o->user ? m->o->user : conf->user;

	m->t = (struct template){
		.dir = xasprintf("%s/%s", PATH_USER_TEMPLATES, m->name),
		.name = xstrdup(m->name),
		.version = m->o->version ? xstrdup(m->o->version) : today(),
		.type = xstrdup(guesttype_is_auto(conf) ? TYPE_AUTO
							: conf->type),
		.kernel = xstrdup(conf->kernel),
		.cmdline = xstrdup(conf->cmdline ? conf->cmdline : ""),
		.disk = xstrdup(""),
		.sha256 = xstrdup(""),
		.signed_by = xstrdup(""),
		.user = xstrdup(user ? user : "root"),
		.description = m->o->description ? xstrdup(m->o->description)
						 : xasprintf("from guest '%s'",
							     conf->name),
		.disk_bytes = m->from->size,
		.memory_bytes = conf->memory_bytes,
		.vcpus = conf->vcpus,
	};
	m->volume = template_volume(&m->t);
	/* not the one of an import, which may be under way */
	m->temp = xasprintf("%s.copy.new", m->volume);
	m->ini = xasprintf("%s/template.ini", m->t.dir);
}

static int check_new(const struct make *m, struct pvn_err *err)
{
	auto_templates struct template_list list = { 0 };
	struct pvn_err none = { 0 };
	int rc = templates_read_host(&list, err);

	if (!rc && templates_find(&list, m->name, &none))
		rc = pvn_err(err, -EEXIST, "there is a template '%s' already",
			     m->name);
	return rc;
}

/* A template has one disk. What a guest only reads, as its seed, is not missed. */
static int check_disks(const struct make *m, struct pvn_err *err)
{
	const struct guestconf *conf = &m->change.guest->conf;

	for (size_t i = 1; i < conf->n_disks && !m->o->only_first; i++) {
		if (conf->disks[i].writable)
			return pvn_err(
				err, PVN_REFUSED,
				"guest '%s' has another disk, '%s', and a template has one: '--only-first' leaves it out",
				conf->name, conf->disks[i].vdev);
	}
	return 0;
}

static int check_guest(struct make *m, struct pvn_err *err)
{
	const struct guest *guest = m->change.guest;

	if (guest->conf_error)
		return pvn_err(err, -EINVAL, "%s", guest->conf_error);
	if (guest->domain)
		return pvn_err(
			err, PVN_REFUSED,
			"guest '%s' is running and its disk changes: 'guest stop %s' first",
			m->change.name, m->change.name);
	if (guest->conf.n_disks)
		m->from = guests_disk_volume(&m->change.set,
					     &guest->conf.disks[0]);
	if (!m->from || !guest->conf.kernel)
		return pvn_err(
			err, -EINVAL,
			"guest '%s' has no disk or no kernel of this host",
			m->change.name);
	return check_disks(m, err);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct make *m = ctx;
	int rc = check_guest(m, err);

	if (rc)
		return rc;
	describe(m, &m->change.guest->conf);
	rc = template_check(&m->t, err);
	if (!rc)
		rc = check_new(m, err);
	if (rc)
		return rc;
	plan_add(plan, "volume", step_volume, undo_volume,
		 "make volume '%s' as a read-only snapshot of '%s'", m->volume,
		 m->from->name);
	plan_add(plan, "describe", step_describe, undo_describe, "write '%s'",
		 m->ini);
	plan_add(plan, "settle", step_settle, NULL,
		 "note that '%s' is complete", m->volume);
	return 0;
}

static void report(const void *ctx)
{
	const struct make *m = ctx;

	printf("template '%s' %s is made from guest '%s'\nmake a guest: guest create NAME --template %s\n",
	       m->t.name, m->t.version, m->change.name, m->t.name);
}

static void report_json(const void *ctx, struct json *j)
{
	const struct make *m = ctx;

	json_string(j, "template", m->t.name);
	json_string(j, "version", m->t.version);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct make m = {
		.change = { .cmd = &cmd_template_create,
			    .o = &o->change,
			    .name = args[0],
			    .plan = make_plan,
			    .report = report,
			    .report_json = report_json },
		.o = o,
		.name = args[1],
	};
	int exit_code = change_run(&m.change);

	template_free(&m.t);
	free(m.volume);
	free(m.temp);
	free(m.ini);
	return exit_code;
}

const struct cmd cmd_template_create = {
	.program = "template",
	.group = "add and remove",
	.name = "create-from-guest",
	.synopsis = "GUEST NAME",
	.n_args = 2,
	.help = "make a template of a stopped guest's disk",
	.example = "template create-from-guest web1 web\n",
	.details =
		"The disk is taken as it is. What must differ from guest to guest has to be removed in\n"
		"the guest before: 'cloud-init clean --logs --machine-id', /etc/ssh/ssh_host_*.\n"
		"A template has one disk: a guest that writes to more is refused (exit code 3) without\n"
		"--only-first.\n"
		"--json: name (the guest's), template, version; with --dry-run: steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
