/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_nic.c: 'guest nic add' and 'remove'. */
#include <errno.h>
#include <string.h>
#include "cmd.h"
#include "create.h"
#include "guestedit.h"
#include "live.h"
#include "nic.h"
#include "progress.h"

struct opts {
	struct nic_opts nic;
	const char *mac, *ip;
	struct change_opts change;
};

static const struct opt add_opts[] = {
	NIC_OPTS,
	OPT("mac", OPT_STRING, mac, "MAC", "its MAC address (default: random)"),
	OPT("ip", OPT_STRING, ip, "ADDR[,ADDR...]",
	    "the addresses that it may send from, also as ADDR/LEN (default: any)"),
	CHANGE_OPTS,
};

static const struct opts add_defaults = { .nic = NIC_DEFAULTS };

static const struct opt remove_opts[] = {
	CHANGE_OPTS,
};

struct nic {
	struct change change;
	struct conf_vif vif; /* strings are borrowed */
	const char *which; /* "eth1", or a MAC address */
	size_t index; /* in the file */
	char mac[18];
};

static const struct domain *domain(const struct nic *n)
{
	return n->change.guest->domain;
}

static int step_attach(void *ctx, struct pvn_err *err)
{
	struct nic *n = ctx;

	return live_nic_attach(domain(n)->id, &n->vif, err);
}

static int step_detach(void *ctx, struct pvn_err *err)
{
	struct nic *n = ctx;

	return live_nic_detach(domain(n)->id, &n->vif, n->index, err);
}

static int check(const struct opts *o, char **ip_r, struct pvn_err *err)
{
	uint8_t mac[6];

	if (o->mac && guestconf_mac(o->mac, mac))
		return pvn_err(err, -EINVAL, "'--mac %.40s' is no MAC address",
			       o->mac);
	if (o->mac && mac[0] & 1)
		return pvn_err(err, -EINVAL,
			       "'--mac %s' is no MAC address of one station",
			       o->mac);
	if (o->ip && nic_addresses(o->ip, ip_r, err))
		return err->code;
	return nic_check(&o->nic, err);
}

static int check_bridge(const struct nic *n, struct pvn_err *err)
{
	auto_strlist struct strlist bridges = { 0 };
	int rc;

	guests_bridges(&n->change.set, &bridges);
	rc = nic_bridge_check(n->vif.bridge, &bridges, err);
	return !rc && n->vif.ip ? nic_fixed_check(n->vif.bridge, err) : rc;
}

static int check_mac_free(const struct nic *n, struct pvn_err *err)
{
	const struct guest_set *set = &n->change.set;

	for (size_t i = 0; i < set->n; i++) {
		const struct guestconf *conf = &set->v[i].conf;

		for (size_t j = 0; j < conf->n_vifs; j++) {
			if (conf->vifs[j].mac &&
			    !strcasecmp(conf->vifs[j].mac, n->vif.mac))
				return pvn_err(
					err, -EEXIST,
					"guest '%s' has the address '%s' already",
					conf->name, n->vif.mac);
		}
	}
	return 0;
}

static int plan_add_nic(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct nic *n = ctx;
	struct change *c = &n->change;
	autofree char *item = NULL;
	int rc = conf_begin(c, err);

	if (!rc)
		rc = check_bridge(n, err);
	if (!rc && !n->vif.mac) {
		rc = create_random(NULL, n->mac, err);
		n->vif.mac = n->mac;
	}
	if (!rc)
		rc = check_mac_free(n, err);
	if (rc)
		return rc;
	item = guestconf_vif_text(&n->vif);
	n->index = c->guest->conf.n_vifs;
	rc = guestedit_set_item(&c->conf_text, "vif", n->index, item, err);
	if (rc)
		return rc;
	if (c->guest->domain)
		plan_add(plan, "attach", step_attach, step_detach,
			 "attach an interface on '%s' to guest '%s'",
			 n->vif.bridge, c->name);
	return conf_add_step(c, plan, "add the interface", err);
}

static int find_nic(struct nic *n, struct pvn_err *err)
{
	const struct guest *guest = n->change.guest;

	for (size_t i = 0; i < guest->conf.n_vifs; i++) {
		const struct conf_vif *vif = &guest->conf.vifs[i];
		autofree char *name = xasprintf("eth%zu", i);

		if (strcmp(n->which, name) &&
		    (!vif->mac || strcasecmp(n->which, vif->mac)))
			continue;
		n->vif = *vif;
		n->index = i;
		return 0;
	}
	return pvn_err(err, -ENOENT,
		       "guest '%s' has no interface '%s' ('guest nic list %s')",
		       guest->name, n->which, guest->name);
}

static int plan_remove(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct nic *n = ctx;
	struct change *c = &n->change;
	int rc = conf_begin(c, err);

	if (!rc)
		rc = find_nic(n, err);
	if (!rc)
		rc = guestedit_set_item(&c->conf_text, "vif", n->index, NULL,
					err);
	if (rc)
		return rc;
	if (c->guest->domain)
		plan_add(plan, "detach", step_detach, step_attach,
			 "detach interface '%s' from guest '%s'", n->which,
			 c->name);
	return conf_add_step(c, plan, "remove the interface", err);
}

static void report_add(const void *ctx)
{
	const struct nic *n = ctx;

	printf("guest '%s' has an interface '%s' on '%s'%s\n", n->change.name,
	       n->vif.mac, n->vif.bridge,
	       domain(n) ? "" : " from its next start on");
}

static void report_remove(const void *ctx)
{
	const struct nic *n = ctx;

	printf("interface '%s' of guest '%s' is removed\n", n->which,
	       n->change.name);
}

static void report_json(const void *ctx, struct json *j)
{
	const struct nic *n = ctx;

	json_string(j, "mac", n->vif.mac);
	json_string(j, "bridge", n->vif.bridge);
}

static int run_add(void *ctx, char **args)
{
	const struct opts *o = ctx;
	autofree char *ip = NULL;
	struct nic n = { .change = { .cmd = &cmd_guest_nic_add,
				     .o = &o->change,
				     .name = args[0],
				     .plan = plan_add_nic,
				     .report = report_add,
				     .report_json = report_json },
			 .vif = { .bridge = (char *)o->nic.bridge,
				  .mac = (char *)o->mac,
				  .rate = (char *)o->nic.rate,
				  .vlan = (char *)o->nic.vlan } };
	struct pvn_err err = { 0 };

	if (check(o, &ip, &err))
		return cmd_error(&cmd_guest_nic_add, PVN_EXIT_USAGE, &err);
	n.vif.ip = ip;
	return change_run(&n.change);
}

static int run_remove(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct nic n = { .change = { .cmd = &cmd_guest_nic_remove,
				     .o = &o->change,
				     .name = args[0],
				     .plan = plan_remove,
				     .report = report_remove },
			 .which = args[1] };

	return change_run(&n.change);
}

const struct cmd cmd_guest_nic_add = {
	.program = "guest",
	.group = "change",
	.name = "nic add",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "give a guest another network interface",
	.details =
		"A running guest gets it at once. --ip tells the guest nothing: it has to use these\n"
		"addresses itself, and is heard from no others.\n"
		"--json: name, mac, bridge; with --dry-run: steps[].name and .what.\n",
	.example = "guest nic add web1 --bridge br1 --vlan 12\n",
	OPTS(add_opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &add_defaults,
	.modifies = true,
	.run = run_add,
};

const struct cmd cmd_guest_nic_remove = {
	.program = "guest",
	.group = "change",
	.name = "nic remove",
	.synopsis = "NAME NIC",
	.n_args = 2,
	.help = "take a network interface from a guest",
	.details =
		"NIC is its MAC address or, by its place in the guest's file, eth0, eth1 ...\n",
	.example = "guest nic remove web1 eth1\n",
	OPTS(remove_opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run_remove,
};
