/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start.c: the steps that start a guest which is there already. */
#include <errno.h>
#include "../lib/size.h"
#include "create.h"
#include "progress.h"
#include "signals.h"
#include "start.h"
#include "supervisor.h"

static int step_activate(void *ctx, struct pvn_err *err)
{
	const struct change *c = ctx;
	const struct guestconf *conf = &c->guest->conf;

	for (size_t i = 0; i < conf->n_disks; i++) {
		int rc;

		if (!guests_disk_volume(&c->set, &conf->disks[i]))
			continue;
		rc = volume_activate(conf->disks[i].path, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int step_run(void *ctx, struct pvn_err *err)
{
	const struct change *c = ctx;
	int rc = signals_check(err);

	if (!rc)
		rc = guests_make_room(
			guest_memory_need(c->guest->conf.memory_bytes), err);
	return rc ? rc : supervisor_start(c->guest->name, err);
}

/* A domain that didn't come up all the way. */
static int undo_run(void *ctx, struct pvn_err *err)
{
	const struct change *c = ctx;

	return supervisor_ask(err, NULL, "kill %s", c->guest->name);
}

int start_check(const struct guest_set *set, const struct guest *guest,
		struct pvn_err *err)
{
	uint64_t need = guest_memory_need(guest->conf.memory_bytes);
	uint64_t available;
	char want[16], have[16];
	int rc;

	if (guest->conf_error)
		return pvn_err(err, -EINVAL, "%s", guest->conf_error);
	rc = guests_memory_free(set, &available, err);
	if (rc)
		return rc;
	if (need > available)
		return pvn_err(
			err, -ENOMEM,
			"not enough memory to start '%s': it needs %s, the host has %s free",
			guest->name, size_print(need, want),
			size_print(available, have));
	return 0;
}

void start_add_steps(struct pvn_plan *plan, const struct guest *guest)
{
	plan_add(plan, "activate", step_activate, NULL,
		 "activate the volumes of guest '%s'", guest->name);
	plan_add(plan, "start", step_run, undo_run,
		 "start guest '%s' from '%s'", guest->name, guest->conf.path);
}
