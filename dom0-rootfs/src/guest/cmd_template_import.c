/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_template_import.c: 'template import': add a template from a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/size.h"
#include "cmd.h"
#include "host.h"
#include "image_detect.h"
#include "progress.h"
#include "settle.h"
#include "signals.h"
#include "signature.h"
#include "template_file.h"
#include "volume.h"

struct opts {
	bool unsigned_too;
	const char *name;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("unsigned", OPT_FLAG, unsigned_too, NULL,
	    "take it although nobody whom the host trusts has signed it"),
	OPT("name", OPT_STRING, name, "NAME", "call it so"),
	CHANGE_OPTS,
};

struct import {
	struct change change;
	const char *file;
	struct host host;
	int fd;
	struct image_src src;
	struct tar tar;
	struct template t;
	struct template_texts texts;
	struct signature signature;
	struct template_list list;
	const struct template *old; /* of the list: which is replaced, or NULL */
	char *old_volume;
	bool settled; /* there is no way back to the old one */
	char *volume; /* under its name when it is complete ... */
	char *temp; /* ... and until then under this */
	char *tag;
	char *ini;
	uint64_t chunk;
	struct pool_gauge gauge;
};

static int step_volume(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	int rc = signals_check(err);

	if (!rc) /* of an import that was cut off */
		rc = volume_remove(im->host.vg, im->temp, err);
	return rc ? rc
		  : volume_create(im->host.vg, im->host.pool, im->temp,
				  template_volume_bytes(&im->t), im->tag, err);
}

static int undo_volume(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;

	return volume_remove(im->host.vg, im->temp, err);
}

/* What others did while the lock was given back. */
static int check_same(const struct import *im, struct pvn_err *err)
{
	auto_templates struct template_list list = { 0 };
	const struct template *old;
	int rc = templates_read_host(&list, err);

	if (!rc)
		rc = templates_admit(&list, &im->t, &old, err);
	if (rc)
		return rc;
	if (!old != !im->old || (old && strcmp(old->version, im->old->version)))
		return pvn_err(
			err, -EBUSY,
			"another command has changed template '%s' meanwhile: import it again",
			im->t.name);
	return 0;
}

/* Reading takes long, and the volume is nobody else's: others may work. */
static int step_write(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	autofree char *device = xasprintf("/dev/%s/%s", im->host.vg, im->temp);
	auto_image_out struct image_out out = { 0 };
	struct pvn_err other = { 0 };
	int rc = image_out_open(&out, device, im->chunk, err);

	if (rc)
		return rc;
	out.limit = im->t.disk_bytes;
	out.too_large = "the image is larger than the template's 'disk-size'";
	out.gauge = &im->gauge;
	im->src.progress = progress_bytes;
	host_unlock();
	rc = template_file_read_image(&im->tar, &im->t, &out, err);
	if (host_relock("template import", &other) && !rc)
		rc = pvn_err(err, other.code, "%s", other.msg);
	return rc ? rc : check_same(im, err);
}

/* From here on until there is a new template.ini both volumes are tagged: the one that it does not
 * name is swept away after a power cut. */
static int step_publish(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	const char *vg = im->host.vg;
	struct pvn_err ignored = { 0 };
	int rc = volume_freeze(vg, im->temp, err);

	if (!rc)
		rc = volume_tag(vg, im->temp, VOLUME_UNFINISHED, err);
	if (!rc && im->old) /* which may be gone */
		volume_tag(vg, im->old_volume, VOLUME_UNFINISHED, &ignored);
	if (!rc) /* left by a template that was half deleted */
		rc = volume_remove(vg, im->volume, err);
	return rc ? rc : volume_rename(vg, im->temp, im->volume, err);
}

static int undo_publish(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	struct pvn_err ignored = { 0 };

	if (im->settled)
		return 0;
	if (im->old)
		volume_untag(im->host.vg, im->old_volume, VOLUME_UNFINISHED,
			     &ignored);
	return volume_remove(im->host.vg, im->volume, err);
}

/* What was signed is kept, for an export of the same. */
static int keep_signed(const struct import *im, struct pvn_err *err)
{
	autofree char *ini = template_signed_ini(&im->t);
	autofree char *signature = template_signed_signature(&im->t);
	int rc = 0;

	if (!im->texts.signature)
		return 0;
	rc = file_write(ini, im->texts.ini, 0644, err);
	return rc ? rc : file_write(signature, im->texts.signature, 0644, err);
}

static int step_describe(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	autofree char *text = template_text(&im->t);
	int rc = mkdir_p(im->t.dir, 0755, err);

	if (!rc && im->old) /* guestd would go on making them of the old one */
		rc = settle_forget_spares(im->host.vg, err);
	if (!rc)
		rc = keep_signed(im, err);
	return rc ? rc : file_write(im->ini, text, 0644, err);
}

static int undo_describe(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	autofree char *text = NULL;

	if (im->settled)
		return 0;
	template_forget_signed(&im->t, false);
	if (im->old) {
		text = template_text(im->old);
		return file_write(im->ini, text, 0644, err);
	}
	unlink(im->ini);
	rmdir(im->t.dir);
	return 0;
}

static int step_settle(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;

	return volume_untag(im->host.vg, im->volume, VOLUME_UNFINISHED, err);
}

/* Guests made of it keep their disks: a thin volume needs its origin no more. What is in the way
 * now is no reason to go back. */
static int step_replace(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;

	im->settled = true;
	template_forget_signed(im->old, false);
	if (volume_remove(im->host.vg, im->old_volume, err))
		fprintf(stderr,
			"warning: volume '%s' is left, 'host sweep' removes it: %s\n",
			im->old_volume, err->msg);
	return 0;
}

static int check_room(struct import *im, struct pvn_err *err)
{
	auto_volumes struct volume_list volumes = { 0 };
	const struct volume *pool;
	char want[16], have[16];
	int rc = volumes_read(im->host.vg, &volumes, err);

	im->gauge =
		(struct pool_gauge){ .vg = im->host.vg, .pool = im->host.pool };
	if (!rc)
		rc = pool_limits_read(&im->gauge.limits, err);
	if (rc)
		return rc;
	pool = volumes_find(&volumes, im->host.pool);
	if (!pool)
		return pvn_err(err, -ENOENT, "no pool '%s'", im->host.pool);
	if (im->t.disk_bytes > pool->size)
		return pvn_err(
			err, PVN_REFUSED,
			"the disk of template '%s' has %s, which is more than the whole pool (%s)",
			im->t.name, size_print(im->t.disk_bytes, want),
			size_print(pool->size, have));
	im->chunk = pool->chunk;
	return pool_gauge_look(&im->gauge, err);
}

/* What is not as the file has it: a name of the user's own, and whose signature was good. */
static int set_own(struct import *im, const char *name, struct pvn_err *err)
{
	struct template *t = &im->t;

	if (name) {
		free(t->name);
		free(t->dir);
		t->name = xstrdup(name);
		t->dir = xasprintf("%s/%s", PATH_USER_TEMPLATES, name);
	}
	free(t->signed_by);
	t->signed_by = xstrdup(im->signature.key ? im->signature.key : "");
	return template_check(t, err);
}

static int open_file(struct import *im, struct pvn_err *err)
{
	bool is_stdin = !strcmp(im->file, "-");
	const char *name = is_stdin ? "standard input" : im->file;
	int rc;

	im->fd = is_stdin ? dup(STDIN_FILENO)
			  : open(im->file, O_RDONLY | O_CLOEXEC);
	if (im->fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", name);
	rc = image_src_open_fd(&im->src, name, im->fd, err);
	if (rc)
		return rc;
	tar_open(&im->tar, &im->src);
	return template_file_open(&im->tar, PATH_USER_TEMPLATES, &im->t,
				  &im->texts, err);
}

/* The signature is over template.ini, which has the image's checksum. */
static int check_signature(struct import *im, bool unsigned_too,
			   struct pvn_err *err)
{
	const struct signature *s = &im->signature;
	int rc = signature_check(im->texts.ini, im->texts.signature,
				 PATH_TEMPLATE_KEYS, &im->signature, err);

	if (rc)
		return pvn_err_wrap(err, "'%s'", im->src.name);
	if (s->key)
		return 0;
	if (s->keys && !unsigned_too)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is signed by no key in '%s' ('--unsigned' takes it all the same)",
			im->src.name, PATH_TEMPLATE_KEYS);
	fprintf(stderr,
		"warning: '%s' is %s, take it only from where you would take a disk\n",
		im->src.name,
		im->texts.signature
			? "signed by a key that the host doesn't know"
			: "not signed");
	return 0;
}

static void add_steps(struct import *im, struct pvn_plan *plan)
{
	char size[16];

	im->temp = xasprintf("%s.new", im->volume);
	im->tag = xasprintf("sha256_%.16s", im->t.sha256);
	im->ini = xasprintf("%s/template.ini", im->t.dir);
	plan_add(plan, "volume", step_volume, undo_volume,
		 "make volume '%s' (%s)", im->temp,
		 size_print(im->t.disk_bytes, size));
	plan_add(plan, "write", step_write, NULL, "write the image of %s to it",
		 im->src.name);
	plan_add(plan, "publish", step_publish, undo_publish,
		 "make it read-only and call it '%s'", im->volume);
	plan_add(plan, "describe", step_describe, undo_describe, "write '%s'",
		 im->ini);
	plan_add(plan, "settle", step_settle, NULL,
		 "note that '%s' is complete", im->volume);
	if (im->old)
		plan_add(plan, "replace", step_replace, NULL,
			 "remove '%s', which is replaced", im->old_volume);
}

static void warn_if_older(const struct import *im)
{
	if (im->old && strverscmp(im->t.version, im->old->version) < 0)
		fprintf(stderr,
			"warning: '%s' is an older version of template '%s' than '%s', which it replaces\n",
			im->t.version, im->t.name, im->old->version);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct import *im = ctx;
	int rc = host_read(&im->host, err);

	if (!rc)
		rc = templates_read_host(&im->list, err);
	if (!rc)
		rc = templates_admit(&im->list, &im->t, &im->old, err);
	if (!rc)
		rc = check_room(im, err);
	if (rc)
		return rc;
	im->volume = template_volume(&im->t);
	if (im->old)
		im->old_volume = template_volume(im->old);
	warn_if_older(im);
	add_steps(im, plan);
	return 0;
}

static void report(const void *ctx)
{
	const struct import *im = ctx;

	printf("template '%s' %s is there%s%s%s%s\nmake a guest: guest create NAME --template %s\n",
	       im->t.name, im->t.version, im->old ? ", in place of " : "",
	       im->old ? im->old->version : "",
	       im->signature.key ? ", signed by " : "",
	       im->signature.key ? im->signature.key : "", im->t.name);
}

static void report_json(const void *ctx, struct json *j)
{
	const struct import *im = ctx;

	json_string(j, "name", im->t.name);
	json_string(j, "version", im->t.version);
	json_string(j, "signed_by", im->signature.key);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct import im = {
		.change = { .cmd = &cmd_template_import,
			    .o = &o->change,
			    .plan = make_plan,
			    .report = report,
			    .report_json = report_json },
		.file = args[0],
		.fd = -1,
	};
	struct pvn_err err = { 0 };
	int exit_code;

	/* before the lock: a pipe may have nothing for long */
	if (open_file(&im, &err) ||
	    check_signature(&im, o->unsigned_too, &err) ||
	    set_own(&im, o->name, &err))
		exit_code = change_error(&cmd_template_import, &err);
	else
		exit_code = change_run(&im.change);
	template_free(&im.t);
	templates_free(&im.list);
	template_texts_free(&im.texts);
	signature_free(&im.signature);
	tar_close(&im.tar);
	image_src_close(&im.src);
	host_free(&im.host);
	if (im.fd >= 0)
		close(im.fd);
	free(im.volume);
	free(im.old_volume);
	free(im.temp);
	free(im.tag);
	free(im.ini);
	return exit_code;
}

const struct cmd cmd_template_import = {
	.program = "template",
	.group = "add and remove",
	.name = "import",
	.synopsis = "FILE|-",
	.n_args = 1,
	.help = "add a template from a file, or a new version of one",
	.example = "template import /root/debian.tar\n",
	.details =
		"The file is what 'template export' or 'make template-debian' wrote: a tar of template.ini\n"
		"and the disk image. '-' is standard input: ssh HOST template import - <debian.tar\n"
		"Another version of a template that is there takes its place: new guests are made of it,\n"
		"those of the old one keep their disks. Of an older version a warning says so.\n"
		"A signature by minisign is checked when the key is in " PATH_TEMPLATE_KEYS
		"/NAME.pub;\n"
		"with any key there, what none of them has signed needs --unsigned.\n"
		"--json: name, version, signed_by (null: nobody); with --dry-run: steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
