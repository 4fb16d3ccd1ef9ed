/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_snapshots.c: 'guest snapshots': list a guest's snapshots. */
#include "../lib/size.h"
#include "cmd.h"
#include "json.h"
#include "progress.h"
#include "snapshot.h"
#include "table.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static void time_text(time_t t, char buf[32])
{
	*buf = '\0';
	if (t)
		strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
}

static void print_table(const struct snapshot_list *list)
{
	auto_table struct table table = { .n_columns = 5 };

	table_add_row(&table, "SNAPSHOT", "MADE", "DISKS", "SIZE", "DATA");
	for (size_t i = 0; i < list->n; i++) {
		const struct snapshot *s = &list->v[i];
		autofree char *disks = xasprintf("%zu", list->v[i].n_disks);
		char made[32], data[16];

		time_text(list->v[i].made, made);
		table_add_row(&table, list->v[i].name, made, disks);
		table_add_size(&table, s->size);
		if (s->data_known)
			table_add(&table, size_print(s->data, data));
		else
			table_add(&table, NULL);
	}
	table_print(&table, stdout);
}

static void print_json(const struct snapshot_list *list)
{
	auto_json struct json *j = json_new();

	json_array(j, NULL);
	for (size_t i = 0; i < list->n; i++) {
		char made[32];

		time_text(list->v[i].made, made);
		json_object(j, NULL);
		json_string(j, "name", list->v[i].name);
		json_string(j, "made", *made ? made : NULL);
		json_int(j, "disks", (int64_t)list->v[i].n_disks);
		json_int(j, "size_bytes", (int64_t)list->v[i].size);
		if (list->v[i].data_known)
			json_int(j, "data_bytes", (int64_t)list->v[i].data);
		else
			json_null(j, "data_bytes");
		json_end_object(j);
	}
	json_end_array(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_guests struct guest_set set = { 0 };
	auto_snapshots struct snapshot_list list = { 0 };
	struct pvn_err err = { 0 };

	if (guests_read(&set, &err) || !guests_find(&set, args[0], &err))
		return change_error(&cmd_guest_snapshots, &err);
	guests_measure(&set);
	snapshots_list(&set, args[0], &list);
	if (o->json)
		print_json(&list);
	else
		print_table(&list);
	return PVN_EXIT_OK;
}

const struct cmd cmd_guest_snapshots = {
	.program = "guest",
	.group = "snapshots",
	.name = "snapshots",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "list a guest's snapshots, oldest first",
	.details =
		"SIZE is that of its disks, DATA what is in them. The guest and other snapshots share most of that, so\n"
		"that deleting it frees less: DATA at most.\n"
		"--json: an array of name, made, disks, size_bytes, data_bytes (null: not known).\n",
	.example = "guest snapshots web1\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
