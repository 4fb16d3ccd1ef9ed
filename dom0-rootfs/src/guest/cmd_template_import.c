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
#include "signals.h"
#include "signature.h"
#include "template_file.h"
#include "volume.h"

struct opts {
	bool unsigned_too;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("unsigned", OPT_FLAG, unsigned_too, NULL,
	    "take it although nobody whom the host trusts has signed it"),
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

static int check_new(const struct import *im, struct pvn_err *err)
{
	auto_templates struct template_list list = { 0 };
	struct pvn_err none = { 0 };
	const struct template *other;
	int rc = templates_read_host(&list, err);

	if (rc)
		return rc;
	other = templates_find(&list, im->t.name, &none);
	if (other)
		return pvn_err(err, -EEXIST,
			       "there is a template '%s' %s already%s",
			       other->name, other->version,
			       template_is_users(other)
				       ? ", 'template delete' removes it"
				       : ", it came with the host");
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
	/* what they did meanwhile */
	return rc ? rc : check_new(im, err);
}

static int step_publish(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	int rc = volume_freeze(im->host.vg, im->temp, err);

	if (!rc) /* left by a template that was half deleted */
		rc = volume_remove(im->host.vg, im->volume, err);
	return rc ? rc : volume_rename(im->host.vg, im->temp, im->volume, err);
}

static int undo_publish(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;

	return volume_remove(im->host.vg, im->volume, err);
}

static int step_describe(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;
	autofree char *text = template_text(&im->t);
	int rc = mkdir_p(im->t.dir, 0755, err);

	return rc ? rc : file_write(im->ini, text, 0644, err);
}

static int undo_describe(void *ctx, struct pvn_err *err)
{
	struct import *im = ctx;

	(void)err;
	unlink(im->ini);
	rmdir(im->t.dir);
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

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct import *im = ctx;
	char size[16];
	int rc = host_read(&im->host, err);

	if (!rc)
		rc = check_new(im, err);
	if (!rc)
		rc = check_room(im, err);
	if (rc)
		return rc;
	im->volume = template_volume(&im->t);
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
	return 0;
}

static void report(const void *ctx)
{
	const struct import *im = ctx;

	printf("template '%s' %s is there%s%s\nmake a guest: guest create NAME --template %s\n",
	       im->t.name, im->t.version,
	       im->signature.key ? ", signed by " : "",
	       im->signature.key ? im->signature.key : "", im->t.name);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct import im = {
		.change = { .cmd = &cmd_template_import,
			    .o = &o->change,
			    .plan = make_plan,
			    .report = report },
		.file = args[0],
		.fd = -1,
	};
	struct pvn_err err = { 0 };
	int exit_code;

	/* before the lock: a pipe may have nothing for long */
	if (open_file(&im, &err) || check_signature(&im, o->unsigned_too, &err))
		exit_code = change_error(&cmd_template_import, &err);
	else
		exit_code = change_run(&im.change);
	template_free(&im.t);
	template_texts_free(&im.texts);
	signature_free(&im.signature);
	tar_close(&im.tar);
	image_src_close(&im.src);
	host_free(&im.host);
	if (im.fd >= 0)
		close(im.fd);
	free(im.volume);
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
	.help = "add a template from a file",
	.example = "template import /root/debian.tar\n",
	.details =
		"The file is what 'template export' or 'make template-debian' wrote: a tar of template.ini\n"
		"and the disk image. '-' is standard input: ssh HOST template import - <debian.tar\n"
		"A signature by minisign is checked when the key is in " PATH_TEMPLATE_KEYS
		"/NAME.pub;\n"
		"with any key there, what none of them has signed needs --unsigned.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
