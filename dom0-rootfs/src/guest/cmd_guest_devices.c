/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_devices.c: 'guest disk list' and 'guest nic list'. */
#include "../lib/size.h"
#include "cmd.h"
#include "guests.h"
#include "json.h"
#include "progress.h"
#include "table.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static void print_disks(const struct guest_set *set, const struct guest *guest)
{
	auto_table struct table table = { .n_columns = 5 };

	table_add_row(&table, "DISK", "SIZE", "USED", "MODE", "PATH");
	for (size_t i = 0; i < guest->conf.n_disks; i++) {
		const struct conf_disk *disk = &guest->conf.disks[i];
		const struct volume *v = guests_disk_volume(set, disk);

		table_add(&table, disk->vdev);
		table_add_size(&table, v ? v->size : 0);
		table_add_size(&table, v ? volume_used(v) : 0);
		table_add(&table, disk->writable ? "rw" : "ro");
		table_add(&table, disk->path);
	}
	table_print(&table, stdout);
}

static void json_disks(const struct guest_set *set, const struct guest *guest)
{
	auto_json struct json *j = json_new();

	json_array(j, NULL);
	for (size_t i = 0; i < guest->conf.n_disks; i++)
		guests_json_disk(j, set, &guest->conf.disks[i]);
	json_end_array(j);
	json_print(j, stdout);
}

static void print_nics(const struct guest *guest)
{
	auto_table struct table table = { .n_columns = 6 };

	table_add_row(&table, "NIC", "MAC", "BRIDGE", "VLAN", "RATE", "IP");
	for (size_t i = 0; i < guest->conf.n_vifs; i++) {
		const struct conf_vif *vif = &guest->conf.vifs[i];
		autofree char *name = xasprintf("eth%zu", i);

		table_add_row(&table, name, vif->mac, vif->bridge, vif->vlan,
			      vif->rate, vif->ip);
	}
	table_print(&table, stdout);
}

static void json_nics(const struct guest *guest)
{
	auto_json struct json *j = json_new();

	json_array(j, NULL);
	for (size_t i = 0; i < guest->conf.n_vifs; i++) {
		const struct conf_vif *vif = &guest->conf.vifs[i];
		autofree char *name = xasprintf("eth%zu", i);

		json_object(j, NULL);
		json_string(j, "name", name);
		json_string(j, "mac", vif->mac);
		json_string(j, "bridge", vif->bridge);
		json_string(j, "vlan", vif->vlan);
		json_string(j, "rate", vif->rate);
		json_string(j, "ip", vif->ip);
		json_end_object(j);
	}
	json_end_array(j);
	json_print(j, stdout);
}

static int list(const struct cmd *cmd, const struct opts *o, const char *name)
{
	auto_guests struct guest_set set = { 0 };
	struct pvn_err err = { 0 };
	const struct guest *guest;

	if (guests_read(&set, &err))
		return change_error(cmd, &err);
	guests_measure(&set);
	guest = guests_find(&set, name, &err);
	if (guest && guest->conf_error)
		pvn_err(&err, -1, "%s", guest->conf_error);
	if (!guest || guest->conf_error)
		return change_error(cmd, &err);
	if (cmd == &cmd_guest_nic_list)
		o->json ? json_nics(guest) : print_nics(guest);
	else
		o->json ? json_disks(&set, guest) : print_disks(&set, guest);
	return PVN_EXIT_OK;
}

static int run_disks(void *ctx, char **args)
{
	return list(&cmd_guest_disk_list, ctx, args[0]);
}

static int run_nics(void *ctx, char **args)
{
	return list(&cmd_guest_nic_list, ctx, args[0]);
}

const struct cmd cmd_guest_disk_list = {
	.program = "guest",
	.group = "look",
	.name = "disk list",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "list a guest's disks",
	.details =
		"--json: an array of name, path, writable, size_bytes, used_bytes.\n",
	.example = "guest disk list web1\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run_disks,
};

const struct cmd cmd_guest_nic_list = {
	.program = "guest",
	.group = "look",
	.name = "nic list",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "list a guest's network interfaces",
	.details = "--json: an array of name, mac, bridge, vlan, rate, ip.\n",
	.example = "guest nic list web1\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run_nics,
};
