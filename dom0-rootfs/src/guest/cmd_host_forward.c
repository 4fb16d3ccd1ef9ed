/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_forward.c: 'host forward add|list|remove': ports of the host that lead to
 * guests on nat0. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "cmd.h"
#include "json.h"
#include "nat0.h"
#include "progress.h"
#include "table.h"

#define SSH_PORT 22

struct opts {
	const char *proto;
	bool json;
	struct change_opts change;
};

static const struct opt change_opts[] = {
	OPT("proto", OPT_STRING, proto, "tcp|udp", "protocol (default: tcp)"),
	CHANGE_OPTS,
};

static const struct opt list_opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static const struct opts defaults = { .proto = "tcp" };

/* A forward that is to be added or removed. */
struct edit {
	struct change change;
	const char *proto;
	uint16_t port;
	uint16_t to;
	const char *mac;
	char *key; /* "tcp/8080" */
	char *value; /* "web1:80"; NULL: remove it */
	struct kv_list pairs;
	char *before; /* the file's text */
};

static int step_address(void *ctx, struct pvn_err *err)
{
	const struct edit *e = ctx;
	uint32_t address;

	return nat_lease(e->mac, &address, err);
}

static int step_write(void *ctx, struct pvn_err *err)
{
	struct edit *e = ctx;

	e->before = kv_text(&e->pairs);
	if (e->value)
		kv_set(&e->pairs, e->key, e->value);
	else
		kv_remove(&e->pairs, e->key);
	return kv_write(&e->pairs, NAT_FORWARDS, 0644, err);
}

static int undo_write(void *ctx, struct pvn_err *err)
{
	struct edit *e = ctx;

	return file_write(NAT_FORWARDS, e->before, 0644, err);
}

static int step_rules(void *ctx, struct pvn_err *err)
{
	struct subnet net;
	int rc = nat_read(&net, err);

	(void)ctx;
	return rc ? rc : nat0_rules(&net, err);
}

static int read_pairs(struct edit *e, struct pvn_err *err)
{
	if (!file_exists(NAT_FORWARDS))
		return 0;
	return kv_read(&e->pairs, NAT_FORWARDS, err);
}

static int plan_add_forward(void *ctx, struct pvn_plan *plan,
			    struct pvn_err *err)
{
	struct edit *e = ctx;
	const struct guest *guest = e->change.guest;
	const char *taken;
	int rc = read_pairs(e, err);

	if (rc)
		return rc;
	taken = kv_get(&e->pairs, e->key);
	if (taken && !strcmp(taken, e->value))
		return change_nothing(&e->change,
				      "port %s leads to '%s' already", e->key,
				      taken);
	if (taken)
		return pvn_err(
			err, -EEXIST,
			"port %s leads to '%s' already ('host forward remove %u --proto %s')",
			e->key, taken, e->port, e->proto);
	if (e->port == SSH_PORT && !strcmp(e->proto, "tcp"))
		return pvn_err(
			err, PVN_REFUSED,
			"port tcp/%d is the host's own ssh: you would lock yourself out",
			SSH_PORT);
	e->mac = nat0_mac(&guest->conf);
	if (!e->mac)
		return pvn_err(
			err, -EINVAL,
			"guest '%s' has no interface on '%s' ('guest create --network %s')",
			guest->name, NAT_BRIDGE, NAT_BRIDGE);
	plan_add(plan, "address", step_address, NULL,
		 "give the guest its address on '%s', if it has none",
		 NAT_BRIDGE);
	plan_add(plan, "forward", step_write, undo_write,
		 "write %s to '%s' into '%s'", e->key, e->value, NAT_FORWARDS);
	plan_add(plan, "rules", step_rules, NULL, "load the rules");
	return 0;
}

static int plan_remove_forward(void *ctx, struct pvn_plan *plan,
			       struct pvn_err *err)
{
	struct edit *e = ctx;
	int rc = read_pairs(e, err);

	if (rc)
		return rc;
	if (!kv_get(&e->pairs, e->key))
		return pvn_err(err, -ENOENT, "port %s is not forwarded",
			       e->key);
	plan_add(plan, "forward", step_write, undo_write, "remove %s from '%s'",
		 e->key, NAT_FORWARDS);
	plan_add(plan, "rules", step_rules, NULL, "load the rules");
	return 0;
}

static void report(const void *ctx)
{
	const struct edit *e = ctx;

	if (e->value)
		printf("port %s leads to '%s'\n", e->key, e->value);
	else
		printf("port %s leads nowhere now\n", e->key);
}

static int parse(struct edit *e, const struct opts *o, const char *port,
		 struct pvn_err *err)
{
	int rc = port_parse(port, &e->port, err);

	if (rc)
		return rc;
	if (strcmp(o->proto, "tcp") && strcmp(o->proto, "udp"))
		return pvn_err(err, -EINVAL,
			       "'--proto %s': expected tcp or udp", o->proto);
	e->proto = o->proto;
	e->key = xasprintf("%s/%u", o->proto, e->port);
	return 0;
}

static int finish(struct edit *e)
{
	int exit_code = change_run(&e->change);

	kv_free(&e->pairs);
	free(e->key);
	free(e->value);
	free(e->before);
	return exit_code;
}

static int add(void *ctx, char **args)
{
	const struct opts *o = ctx;
	autofree char *guest = NULL;
	struct pvn_err err = { 0 };
	struct edit e = {
		.change = { .cmd = &cmd_host_forward_add,
			    .o = &o->change,
			    .plan = plan_add_forward,
			    .report = report },
	};

	if (parse(&e, o, args[0], &err) ||
	    forward_parse_target(args[1], &guest, &e.to, &err)) {
		free(e.key);
		return cmd_error(&cmd_host_forward_add, PVN_EXIT_USAGE, &err);
	}
	e.value = xasprintf("%s:%u", guest, e.to);
	e.change.name = guest;
	return finish(&e);
}

static int remove_one(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct pvn_err err = { 0 };
	struct edit e = {
		.change = { .cmd = &cmd_host_forward_remove,
			    .o = &o->change,
			    .plan = plan_remove_forward,
			    .report = report },
	};

	if (parse(&e, o, args[0], &err))
		return cmd_error(&cmd_host_forward_remove, PVN_EXIT_USAGE,
				 &err);
	return finish(&e);
}

static void print_json(const struct forward_list *list)
{
	auto_json struct json *j = json_new();
	char text[IP_TEXT];

	json_array(j, NULL);
	for (size_t i = 0; i < list->n; i++) {
		const struct forward *fw = &list->v[i];

		json_object(j, NULL);
		json_string(j, "proto", fw->udp ? "udp" : "tcp");
		json_int(j, "port", fw->port);
		json_string(j, "guest", fw->guest);
		json_int(j, "to", fw->to);
		json_string(j, "address",
			    fw->address ? ip_print(fw->address, text) : NULL);
		json_end_object(j);
	}
	json_end_array(j);
	json_print(j, stdout);
}

static void print_table(const struct forward_list *list)
{
	static const char *const header[] = { "PROTO", "PORT", "GUEST", "TO",
					      "ADDRESS" };
	auto_table struct table table = { .n_columns = 5 };
	char text[IP_TEXT];

	for (size_t i = 0; i < 5; i++)
		table_add(&table, header[i]);
	for (size_t i = 0; i < list->n; i++) {
		const struct forward *fw = &list->v[i];
		autofree char *port = xasprintf("%u", fw->port);
		autofree char *to = xasprintf("%u", fw->to);

		table_add(&table, fw->udp ? "udp" : "tcp");
		table_add(&table, port);
		table_add(&table, fw->guest);
		table_add(&table, to);
		table_add(&table,
			  fw->address ? ip_print(fw->address, text) : NULL);
	}
	table_print(&table, stdout);
}

static int list_all(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_forwards struct forward_list list = { 0 };
	struct pvn_err err = { 0 };

	(void)args;
	if (nat0_forwards(&list, &err))
		return cmd_error(&cmd_host_forward_list, PVN_EXIT_FAILED, &err);
	if (o->json)
		print_json(&list);
	else
		print_table(&list);
	return PVN_EXIT_OK;
}

const struct cmd cmd_host_forward_add = {
	.program = "host",
	.group = "network",
	.name = "forward add",
	.synopsis = "PORT GUEST:PORT",
	.n_args = 2,
	.help = "lead a port of the host to a guest on nat0",
	.example = "host forward add 8080 web1:80\n",
	.details =
		"It stays, also over reboots, and follows the guest's name: a guest that is made\n"
		"anew with that name gets it.\n",
	OPTS(change_opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = add,
};

const struct cmd cmd_host_forward_remove = {
	.program = "host",
	.group = "network",
	.name = "forward remove",
	.synopsis = "PORT",
	.n_args = 1,
	.help = "take a port forward back",
	.example = "host forward remove 8080\n",
	OPTS(change_opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = remove_one,
};

const struct cmd cmd_host_forward_list = {
	.program = "host",
	.group = "network",
	.name = "forward list",
	.synopsis = "",
	.help = "list the port forwards",
	.example = "host forward list\n",
	.details =
		"ADDRESS is '-' when there is no such guest, or it was never started on nat0.\n"
		"--json: an array of proto, port, guest, to, address.\n",
	OPTS(list_opts),
	.ctx_size = sizeof(struct opts),
	.run = list_all,
};
