/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_disk.c: 'host disk': the disks of this installation, and whether both have all. */
#include <time.h>
#include <unistd.h>
#include "become_installer.h"
#include "cmd.h"
#include "disks.h"
#include "json.h"
#include "table.h"

struct opts {
	bool wait;
	bool all;
	bool json;
};

static const struct opt opts[] = {
	OPT("wait", OPT_FLAG, wait, NULL, "until no disk is rebuilding"),
	OPT("all", OPT_FLAG, all, NULL,
	    "all disks of this machine, what is on them, and why one can't be taken"),
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static void print_text(const struct host_disks *disks, const char *problem)
{
	auto_table struct table table = { .n_columns = 5 };

	table_add_row(&table, "DISK", "SIZE", "MODEL", "SERIAL", "STATE");
	for (size_t i = 0; i < disks->n; i++) {
		const struct host_disk *d = &disks->v[i];
		autofree char *path = xasprintf("/dev/%s", d->name);

		table_add(&table, path);
		table_add_size(&table, d->size);
		table_add(&table, *d->model ? d->model : "-");
		table_add(&table, *d->serial ? d->serial : "-");
		table_add(&table, disk_state_name(d->state));
	}
	table_print(&table, stdout);
	if (problem)
		printf("%s\n", problem);
}

static void print_json(const struct host_disks *disks, const char *problem)
{
	auto_json struct json *j = json_new();

	json_object(j, NULL);
	json_array(j, "disks");
	for (size_t i = 0; i < disks->n; i++) {
		const struct host_disk *d = &disks->v[i];

		json_object(j, NULL);
		json_string(j, "name", d->name);
		json_int(j, "bytes", (int64_t)d->size);
		json_string(j, "model", d->model);
		json_string(j, "serial", d->serial);
		json_string(j, "state", disk_state_name(d->state));
		if (d->state == DISK_REBUILDING)
			json_percent(j, "rebuilt_percent",
				     disks->rebuilt_percent);
		else
			json_null(j, "rebuilt_percent");
		json_end_object(j);
	}
	json_end_array(j);
	json_bool(j, "mirrored", disks->mirrored);
	json_string(j, "problem", problem);
	json_end_object(j);
	json_print(j, stdout);
}

static bool is_rebuilding(const struct host_disks *disks)
{
	for (size_t i = 0; i < disks->n; i++) {
		if (disks->v[i].state == DISK_REBUILDING)
			return true;
	}
	return false;
}

/* As it is now, or with @wait when nothing is rebuilding any more. */
static int look(struct host_disks *disks, bool wait, struct pvn_err *err)
{
	const struct timespec second = { .tv_sec = 1 };
	int rc;

	while (!(rc = disks_read(disks, err)) && wait && is_rebuilding(disks)) {
		disks_free(disks);
		nanosleep(&second, NULL);
	}
	return rc;
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_disks struct host_disks disks = { 0 };
	autofree char *problem = NULL;
	struct pvn_err err = { 0 };

	(void)args;
	if (o->all) /* the installer judges disks */
		return cmd_become_installer(
			&cmd_host_disk,
			(const char *const[]){ "--list-disks",
					       o->json ? "--json" : NULL,
					       NULL });
	if (look(&disks, o->wait, &err))
		return cmd_error(&cmd_host_disk, PVN_EXIT_FAILED, &err);
	problem = disks_problem(&disks);
	if (o->json)
		print_json(&disks, problem);
	else
		print_text(&disks, problem);
	return PVN_EXIT_OK;
}

const struct cmd cmd_host_disk = {
	.program = "host",
	.group = "disks",
	.name = "disk",
	.synopsis = "",
	.help = "show the disks of this host, and whether both have all",
	.example = "host disk\n",
	.details =
		"A host that was installed on two disks has all on both. well: so it is. rebuilding: it gets what the\n"
		"other has, and the host can't do without the other yet. out of date: it was away, and is not used.\n"
		"failed: it could not be written. replaced: it is not used, another one has its place. 'host disk\n"
		"replace' takes a new disk, or one of these again; --all shows which there are.\n"
		"--json: mirrored, problem (or null), and disks[] with name, bytes, model, serial, state and\n"
		"rebuilt_percent (or null). With --all: disks[] with path, model, serial, wwn, bus, size, usable,\n"
		"problem (or null) and content[].\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
