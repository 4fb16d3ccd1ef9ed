/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_template_list.c: 'template list': what guests can be made from. */
#include "../lib/size.h"
#include "cmd.h"
#include "host.h"
#include "json.h"
#include "table.h"
#include "template.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static void print_table(const struct template_list *list)
{
	static const char *const header[] = {
		"NAME", "VERSION", "TYPE", "DISK", "MEMORY", "DESCRIPTION"
	};
	auto_table struct table table = { .n_columns = 6 };

	for (size_t i = 0; i < 6; i++)
		table_add(&table, header[i]);
	for (size_t i = 0; i < list->n; i++) {
		const struct template *t = &list->v[i];

		table_add(&table, t->name);
		table_add(&table, t->version);
		table_add(&table, t->type);
		table_add_size(&table, t->disk_bytes);
		table_add_size(&table, t->memory_bytes);
		table_add(&table, t->description);
	}
	table_print(&table, stdout);
}

static void print_json(const struct template_list *list)
{
	auto_json struct json *j = json_new();

	json_array(j, NULL);
	for (size_t i = 0; i < list->n; i++) {
		const struct template *t = &list->v[i];

		json_object(j, NULL);
		json_string(j, "name", t->name);
		json_string(j, "version", t->version);
		json_string(j, "type", t->type);
		json_int(j, "disk_bytes", (int64_t)t->disk_bytes);
		json_int(j, "memory_mib", (int64_t)(t->memory_bytes / MIB));
		json_int(j, "vcpus", t->vcpus);
		json_string(j, "description", t->description);
		json_end_object(j);
	}
	json_end_array(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_templates struct template_list list = { 0 };
	struct pvn_err err = { 0 };

	(void)args;
	if (templates_read_host(&list, &err))
		return cmd_error(&cmd_template_list, PVN_EXIT_FAILED, &err);
	if (o->json)
		print_json(&list);
	else
		print_table(&list);
	return PVN_EXIT_OK;
}

const struct cmd cmd_template_list = {
	.program = "template",
	.group = "look",
	.name = "list",
	.synopsis = "",
	.help = "list all templates",
	.example = "template list\n",
	.details =
		"--json: an array of name, version, type, disk_bytes, memory_mib, vcpus,\n"
		"description.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
