/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_sweep.c: 'host sweep': remove what commands that were cut off have left. */
#include "../lib/run.h"
#include "cmd.h"
#include "guests.h"
#include "progress.h"
#include "unfinished.h"

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

struct sweep {
	struct change change;
	struct host host;
	struct strlist volumes;
	struct strlist guests; /* whose records go */
};

/* One that is busy all the same stays, and the others go. */
static int step_volumes(void *ctx, struct pvn_err *err)
{
	const struct sweep *s = ctx;
	struct pvn_err first = { 0 };

	for (size_t i = 0; i < s->volumes.n; i++) {
		autofree char *lv =
			xasprintf("%s/%s", s->host.vg, s->volumes.v[i]);
		struct pvn_err one = { 0 };

		if (PVN_RUN(&one, "lvm", "lvremove", "-q", "-f", "-y", lv) &&
		    !first.code)
			first = one;
	}
	return first.code ? pvn_err(err, first.code, "%s", first.msg) : 0;
}

static int step_records(void *ctx, struct pvn_err *err)
{
	const struct sweep *s = ctx;

	(void)err;
	for (size_t i = 0; i < s->guests.n; i++)
		unfinished_forget(s->guests.v[i]);
	return 0;
}

static int read_volumes(struct sweep *s, struct volume_list *list,
			struct pvn_err *err)
{
	int rc = host_read(&s->host, err);

	return rc ? rc : volumes_read(s->host.vg, list, err);
}

static int find(struct sweep *s, struct pvn_err *err)
{
	struct guest_set set = { 0 };
	const char *facts = s->change.o->facts;
	int rc = facts ? guests_load(&set, facts, err)
		       : read_volumes(s, &set.volumes, err);

	if (!rc) {
		unfinished_volumes(&set.volumes, &s->volumes);
		unfinished_guests(&s->guests);
	}
	guests_free(&set);
	return rc;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct sweep *s = ctx;
	autofree char *volumes = NULL;
	autofree char *guests = NULL;
	int rc = find(s, err);

	if (rc)
		return rc;
	if (!s->volumes.n && !s->guests.n)
		return change_nothing(&s->change, "nothing is unfinished");
	volumes = strlist_quoted(&s->volumes);
	guests = strlist_quoted(&s->guests);
	if (s->volumes.n)
		plan_add(plan, "volumes", step_volumes, NULL,
			 "remove volume%s %s", s->volumes.n > 1 ? "s" : "",
			 volumes);
	if (s->guests.n)
		plan_add(plan, "records", step_records, NULL,
			 "forget the import of %s", guests);
	return 0;
}

static void report(const void *ctx)
{
	(void)ctx;
	printf("what was unfinished is removed\n");
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct sweep s = {
		.change = { .cmd = &cmd_host_sweep,
			    .o = &o->change,
			    .plan = make_plan,
			    .report = report },
	};
	int exit_code;

	(void)args;
	exit_code = change_run(&s.change);
	host_free(&s.host);
	strlist_free(&s.volumes);
	strlist_free(&s.guests);
	return exit_code;
}

const struct cmd cmd_host_sweep = {
	.program = "host",
	.group = "clean up",
	.name = "sweep",
	.synopsis = "",
	.help = "remove what commands that were cut off have left in the pool",
	.example = "host sweep --dry-run\n",
	.details =
		"Parts of imports, volumes that an import or an export needs while it runs, and those of\n"
		"templates that were not completed or are replaced. What a command works at is left alone.\n"
		"The host does this at boot.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
