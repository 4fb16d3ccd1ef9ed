/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_list.c: 'guest list': one line for each guest. */
#include "../lib/size.h"
#include "cmd.h"
#include "guests.h"
#include "guesttype.h"
#include "json.h"
#include "store.h"
#include "table.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static char *address_of(struct store *store, const struct guest *guest)
{
	return guest->domain ? guest_address(store, guest, guest->domain->id)
			     : NULL;
}

static void add_row(struct table *table, const struct guest_set *set,
		    const struct guest *guest, struct store *store)
{
	autofree char *address = address_of(store, guest);
	unsigned int n = guest_vcpus(guest);
	autofree char *vcpus = n ? xasprintf("%u", n) : NULL;
	autofree char *type = guest_type_text(guest);
	const char *reason = guest_reason(guest);
	autofree char *state = xasprintf("%s%s%s", guest_state(guest),
					 reason ? ": " : "",
					 reason ? reason : "");
	uint64_t used;
	uint64_t size = guest_disk_bytes(set, guest, &used);
	char buf[16], buf2[16];
	autofree char *disk = size ? xasprintf("%s/%s", size_print(used, buf),
					       size_print(size, buf2))
				   : NULL;

	table_add(table, guest->name);
	table_add(table, state);
	table_add(table, type);
	table_add_size(table, guest_memory(guest));
	table_add(table, vcpus);
	table_add(table, disk);
	table_add(table, address);
	table_add(table, uptime_print(guest_uptime(guest), buf));
}

static void print_table(const struct guest_set *set, struct store *store)
{
	static const char *const header[] = { "NAME",	 "STATE", "TYPE",
					      "MEMORY",	 "VCPUS", "DISK",
					      "ADDRESS", "UPTIME" };
	auto_table struct table table = { .n_columns = 8 };

	for (size_t i = 0; i < 8; i++)
		table_add(&table, header[i]);
	for (size_t i = 0; i < set->n; i++)
		add_row(&table, set, &set->v[i], store);
	table_print(&table, stdout);
}

static void print_json(const struct guest_set *set, struct store *store)
{
	auto_json struct json *j = json_new();

	json_array(j, NULL);
	for (size_t i = 0; i < set->n; i++) {
		const struct guest *guest = &set->v[i];
		autofree char *address = address_of(store, guest);
		int64_t uptime = guest_uptime(guest);
		uint64_t used;
		uint64_t size = guest_disk_bytes(set, guest, &used);

		json_object(j, NULL);
		json_string(j, "name", guest->name);
		json_string(j, "state", guest_state(guest));
		json_string(j, "reason", guest_reason(guest));
		json_string(j, "type", guest_type(guest));
		json_bool(j, "type_auto", guesttype_is_auto(&guest->conf));
		json_string(j, "template", guest->conf.template);
		json_int(j, "memory_mib", (int64_t)(guest_memory(guest) / MIB));
		json_int(j, "vcpus", guest_vcpus(guest));
		json_int(j, "disk_bytes", (int64_t)size);
		json_int(j, "disk_used_bytes", (int64_t)used);
		json_string(j, "address", address);
		if (uptime >= 0)
			json_int(j, "uptime_s", uptime);
		else
			json_null(j, "uptime_s");
		json_end_object(j);
	}
	json_end_array(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_guests struct guest_set set = { 0 };
	auto_store struct store *store = NULL;
	struct pvn_err err = { 0 };

	(void)args;
	if (guests_read(&set, &err) || store_open(&store, &err))
		return cmd_error(&cmd_guest_list, PVN_EXIT_FAILED, &err);
	guests_measure(&set);
	if (o->json)
		print_json(&set, store);
	else
		print_table(&set, store);
	for (size_t i = 0; i < set.n; i++) {
		if (set.v[i].conf_error)
			fprintf(stderr, "guest list: %s\n",
				set.v[i].conf_error);
	}
	return PVN_EXIT_OK;
}

const struct cmd cmd_guest_list = {
	.program = "guest",
	.group = "look",
	.name = "list",
	.synopsis = "",
	.help = "list all guests",
	.example = "guest list\n",
	.details =
		"STATE is starting, running, paused, stopping, crashed or stopped. ADDRESS is what the\n"
		"guest itself says, its --ip, or what DHCP gave it; '-' stands for what is not known.\n"
		"TYPE is how Xen runs it, or would at its next start.\n"
		"DISK is what is used and the size of its writable disks.\n"
		"--json: an array of name, state, reason, type, type_auto, template, memory_mib, vcpus,\n"
		"disk_bytes, disk_used_bytes, address, uptime_s.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
