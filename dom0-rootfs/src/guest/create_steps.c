/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create_steps.c: what the steps of making a guest do, and how each is undone. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/run.h"
#include "consolelog.h"
#include "create.h"
#include "guests.h"
#include "signals.h"
#include "supervisor.h"

#define SEED_BYTES (4 * 1024 * 1024ULL)

static char *new_origin(const struct create *c)
{
	return xasprintf("%s.new", c->origin);
}

/* The volume gets its name when it is complete, so that one with that name is
 * always good, also after a power cut. */
int step_origin(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	autofree char *temp = new_origin(c);
	autofree char *device = xasprintf("/dev/%s/%s", c->vg, temp);
	int rc = signals_check(err);

	if (!rc)
		rc = volume_remove(c->vg, temp, err);
	if (!rc)
		rc = volume_create(c->vg, c->pool, temp, c->origin_bytes,
				   c->origin_tag, err);
	if (!rc)
		rc = template_write(c->template, device, c->chunk, err);
	if (!rc)
		rc = volume_freeze(c->vg, temp, err);
	if (!rc) /* one that was made from another image */
		rc = volume_remove(c->vg, c->origin, err);
	if (!rc)
		rc = volume_rename(c->vg, temp, c->origin, err);
	c->origin_made = !rc;
	return rc;
}

/* A complete one stays: the next guest needs it as well. */
int undo_origin(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	autofree char *temp = new_origin(c);

	return c->origin_made ? 0 : volume_remove(c->vg, temp, err);
}

int step_take(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	int rc = signals_check(err);

	return rc ? rc : spare_take(c->spare, err);
}

/* One that guestd has taken does not come back; nobody's volumes are swept away. */
int undo_take(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	int rc = spare_give_back(c->spare, err);

	return rc == -ENOENT ? 0 : rc;
}

int step_disk(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	int rc = signals_check(err);

	return rc ? rc : volume_snapshot(c->vg, c->origin, c->disk, err);
}

int undo_disk(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;

	return volume_remove(c->vg, c->disk, err);
}

int step_resize(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	int rc = signals_check(err);

	return rc ? rc : volume_resize(c->vg, c->disk, c->disk_bytes, err);
}

int step_log_aside(void *ctx, struct pvn_err *err)
{
	const struct create *c = ctx;

	return consolelog_set_aside(c->name, err);
}

int undo_log_aside(void *ctx, struct pvn_err *err)
{
	const struct create *c = ctx;

	return consolelog_put_back(c->name, err);
}

int step_seed_volume(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	int rc = signals_check(err);

	return rc ? rc
		  : volume_create(c->vg, c->pool, c->seed_volume, SEED_BYTES,
				  NULL, err);
}

int undo_seed_volume(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;

	return volume_remove(c->vg, c->seed_volume, err);
}

int step_seed(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	autofree char *device = xasprintf("/dev/%s/%s", c->vg, c->seed_volume);
	int rc = signals_check(err);

	return rc ? rc : seed_write(&c->seed, device, err);
}

int step_config(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	int rc = signals_check(err);

	return rc ? rc : file_write(c->conf.path, c->conf_text, 0600, err);
}

int undo_config(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;

	if (unlink(c->conf.path) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '%s'",
				     c->conf.path);
	return 0;
}

int step_start(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;
	struct pvn_err ignored = { 0 };
	int rc = signals_check(err);

	if (rc)
		return rc;
	if (c->recipe.template) /* without it the next one takes longer */
		recipe_want(&c->recipe, &ignored);
	if (!c->spare)
		rc = guests_make_room(guest_memory_need(c->conf.memory_bytes),
				      err);
	return rc ? rc : supervisor_start(c->name, err);
}

int undo_start(void *ctx, struct pvn_err *err)
{
	struct create *c = ctx;

	return supervisor_ask(err, NULL, "kill %s", c->name);
}
