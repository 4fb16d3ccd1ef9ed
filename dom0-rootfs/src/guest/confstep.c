/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confstep.c: the step that changes a guest's file. */
#include <errno.h>
#include "../lib/file.h"
#include "progress.h"

static int step_write(void *ctx, struct pvn_err *err)
{
	const struct change *c = ctx;

	return file_write(c->guest->conf.path, c->conf_text, 0600, err);
}

static int undo_write(void *ctx, struct pvn_err *err)
{
	const struct change *c = ctx;

	return file_write(c->guest->conf.path, c->conf_old, 0600, err);
}

int conf_begin(struct change *c, struct pvn_err *err)
{
	int rc;

	if (!c->guest->has_conf)
		return c->guest->conf_error
			       ? pvn_err(err, -EINVAL, "%s",
					 c->guest->conf_error)
			       : pvn_err(err, -EINVAL,
					 "guest '%s' has no file on this host",
					 c->name);
	rc = file_read(c->guest->conf.path, &c->conf_old, err);
	if (!rc)
		c->conf_text = xstrdup(c->conf_old);
	return rc;
}

int conf_add_step(struct change *c, struct pvn_plan *plan, const char *what,
		  struct pvn_err *err)
{
	auto_guestconf struct guestconf parsed = { 0 };
	int rc = guestconf_parse(c->conf_text, c->guest->conf.path, &parsed,
				 err);

	if (!rc)
		plan_add(plan, "config", step_write, undo_write, "%s in '%s'",
			 what, c->guest->conf.path);
	return rc;
}
