/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_nat.c: 'host nat show' and 'host nat apply': the network nat0. */
#include <errno.h>
#include "../lib/file.h"
#include "cmd.h"
#include "json.h"
#include "nat0.h"
#include "progress.h"
#include "table.h"

struct opts {
	bool json;
	struct change_opts change;
};

static const struct opt show_opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static const struct opt apply_opts[] = { CHANGE_OPTS };

static int read_leases(struct subnet *net, struct kv_list *leases,
		       struct pvn_err *err)
{
	int rc = nat_read(net, err);

	if (rc || !file_exists(NAT_LEASES))
		return rc;
	return kv_read(leases, NAT_LEASES, err);
}

static void print_json(const char *address, const struct kv_list *leases)
{
	auto_json struct json *j = json_new();

	json_object(j, NULL);
	json_string(j, "bridge", NAT_BRIDGE);
	json_string(j, "address", address);
	json_array(j, "leases");
	for (size_t i = 0; i < leases->n; i++) {
		json_object(j, NULL);
		json_string(j, "mac", leases->v[i].key);
		json_string(j, "address", leases->v[i].value);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
	json_print(j, stdout);
}

static void print_text(const char *address, const struct kv_list *leases)
{
	auto_table struct table table = { .n_columns = 2 };

	printf("%s is %s\n", NAT_BRIDGE, address);
	table_add(&table, "MAC");
	table_add(&table, "ADDRESS");
	for (size_t i = 0; i < leases->n; i++) {
		table_add(&table, leases->v[i].key);
		table_add(&table, leases->v[i].value);
	}
	if (leases->n)
		table_print(&table, stdout);
}

static int show(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_kv struct kv_list leases = { 0 };
	autofree char *address = NULL;
	struct pvn_err err = { 0 };
	char text[IP_TEXT];
	struct subnet net;

	(void)args;
	if (read_leases(&net, &leases, &err))
		return cmd_error(&cmd_host_nat_show, PVN_EXIT_FAILED, &err);
	address = xasprintf("%s/%u", ip_print(net.address, text), net.length);
	if (o->json)
		print_json(address, &leases);
	else
		print_text(address, &leases);
	return PVN_EXIT_OK;
}

struct apply {
	struct change change;
	struct subnet net;
};

static int step_choose(void *ctx, struct pvn_err *err)
{
	struct apply *a = ctx;

	return nat0_choose(&a->net, err);
}

static int step_bridge(void *ctx, struct pvn_err *err)
{
	const struct apply *a = ctx;

	return nat0_bridge(&a->net, err);
}

static int step_rules(void *ctx, struct pvn_err *err)
{
	const struct apply *a = ctx;

	return nat0_rules(&a->net, err);
}

static int step_dhcp(void *ctx, struct pvn_err *err)
{
	const struct apply *a = ctx;

	return nat_write_dhcp(&a->net, err);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct apply *a = ctx;
	int rc = nat_read(&a->net, err);

	if (rc == -ENOENT)
		plan_add(plan, "choose", step_choose, NULL,
			 "choose a network that is free and write '%s'",
			 NAT_CONF);
	else if (rc)
		return rc;
	plan_add(plan, "bridge", step_bridge, NULL,
		 "make bridge '%s' with its address, and route for it",
		 NAT_BRIDGE);
	plan_add(plan, "rules", step_rules, NULL,
		 "load its rules and the port forwards");
	plan_add(plan, "dhcp", step_dhcp, NULL, "write '%s'", NAT_DHCP_CONF);
	return 0;
}

static void report(const void *ctx)
{
	const struct apply *a = ctx;
	char text[IP_TEXT];

	if (!a->change.o->json)
		printf("%s is %s/%u\n", NAT_BRIDGE,
		       ip_print(a->net.address, text), a->net.length);
}

static int apply(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct apply a = {
		.change = { .cmd = &cmd_host_nat_apply,
			    .o = &o->change,
			    .unlocked = true,
			    .plan = make_plan,
			    .report = report },
	};

	(void)args;
	return change_run(&a.change);
}

const struct cmd cmd_host_nat_show = {
	.program = "host",
	.group = "network",
	.name = "nat show",
	.synopsis = "",
	.help = "show the host's own network for guests, nat0",
	.example = "host nat show\n",
	.details =
		"Guests get there by 'guest create --network nat0'; they reach out through the host's\n"
		"address, and are reached by 'host forward add'. Its network is in /etc/paravane/nat.\n"
		"--json: bridge, address, leases[] (mac, address).\n",
	OPTS(show_opts),
	.ctx_size = sizeof(struct opts),
	.run = show,
};

const struct cmd cmd_host_nat_apply = {
	.program = "host",
	.group = "network",
	.name = "nat apply",
	.synopsis = "",
	.help = "bring nat0 and the port forwards to what their files say",
	.example = "host nat apply --dry-run\n",
	.details =
		"The service 'nat' does this at boot. After a change of /etc/paravane/nat restart\n"
		"that: sv restart nat.\n",
	OPTS(apply_opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = apply,
};
