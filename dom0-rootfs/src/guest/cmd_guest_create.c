/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_create.c: 'guest create': make a guest from a template. */
#include <errno.h>
#include <string.h>
#include "../lib/size.h"
#include "cmd.h"
#include "create.h"
#include "host.h"
#include "progress.h"
#include "settle.h"
#include "timing.h"

struct opts {
	const char *template;
	uint64_t memory;
	unsigned int vcpus;
	struct grow_opts grow;
	const char *type;
	uint64_t disk;
	struct nic_opts nic;
	const char *key;
	const char *key_file;
	const char *ip;
	const char *gateway;
	const char *dns;
	const char *user;
	const char *user_data;
	const char *meta_data;
	const char *network_config;
	bool start;
	bool timing;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("template", OPT_STRING, template, "NAME",
	    "what to make it from, see 'template list'", .required = true),
	OPT("memory", OPT_SIZE, memory, "SIZE",
	    "its memory (default: the template's)", .min = GUEST_MEMORY_MIN,
	    .max = GUEST_MEMORY_MAX),
	OPT("vcpus", OPT_UINT, vcpus, "N",
	    "its virtual CPUs (default: the template's)", .min = 1,
	    .max = GUEST_VCPUS_MAX),
	GROW_OPTS,
	OPT("type", OPT_STRING, type, "auto|pv|pvh",
	    "how Xen runs it; auto: pvh where CPU and Xen can (default: the template's)"),
	OPT("disk", OPT_SIZE, disk, "SIZE",
	    "size of its disk (default: 1G, or the template's)", .min = 4 * MIB,
	    .max = 64 * 1024 * GIB),
	NIC_OPTS,
	OPT("ssh-key", OPT_STRING, key, "KEY",
	    "its public ssh key, as it is in a .pub file"),
	OPT("ssh-key-file", OPT_STRING, key_file, "FILE",
	    "its public ssh keys, '-': stdin (default: the host's)"),
	OPT("ip", OPT_STRING, ip, "ADDR/LEN",
	    "its IPv4 address (default: by DHCP)"),
	OPT("gateway", OPT_STRING, gateway, "ADDR",
	    "its default gateway (with --ip)"),
	OPT("dns", OPT_STRING, dns, "ADDR[,ADDR...]",
	    "its name servers (with --ip)"),
	OPT("user", OPT_STRING, user, "NAME",
	    "who logs in (default: the template's)"),
	OPT("user-data", OPT_STRING, user_data, "FILE",
	    "cloud-init user-data of your own, '-': stdin"),
	OPT("meta-data", OPT_STRING, meta_data, "FILE",
	    "cloud-init meta-data of your own"),
	OPT("network-config", OPT_STRING, network_config, "FILE",
	    "cloud-init network-config of your own"),
	OPT("start", OPT_FLAG, start, NULL, "start it, too"),
	OPT("timing", OPT_FLAG, timing, NULL, "print how long each step took"),
	CHANGE_OPTS,
};

static const struct opts defaults = { .nic = NIC_DEFAULTS };

struct make {
	struct create create; /* first: it is the steps' context */
	struct change change;
	const struct opts *o;
	const struct create_request *req;
	struct create_facts facts;
};

static void report(const void *ctx)
{
	const struct make *m = ctx;

	printf("guest '%s' is made%s\n", m->create.name,
	       m->o->start ? " and started" : "");
	printf(m->o->start ? "its console: guest console %s\n"
			   : "start it: guest start %s\n",
	       m->create.name);
}

static void report_json(const void *ctx, struct json *j)
{
	const struct make *m = ctx;
	const struct guestconf *conf = &m->create.conf;

	json_string(j, "name", conf->name);
	json_string(j, "state", m->o->start ? "running" : "stopped");
	json_string(j, "type", conf->type);
	json_string(j, "template", conf->template);
	json_string(j, "uuid", conf->uuid);
	json_string(j, "mac", conf->vifs[0].mac);
	json_int(j, "memory_mib", (int64_t)(conf->memory_bytes / MIB));
	json_int(j, "vcpus", conf->vcpus);
	json_int(j, "disk_bytes", (int64_t)m->create.disk_bytes);
	json_string(j, "config", conf->path);
}

/* A guest of that name may just have been destroyed. */
static int settle_name(const char *name, struct pvn_err *err)
{
	auto_host struct host host = { 0 };
	int rc = host_read(&host, err);

	return rc ? rc : settle_guest(host.vg, name, err);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct make *m = ctx;
	const char *facts = m->o->change.facts;
	int rc = 0;

	if (!m->o->change.dry_run)
		rc = settle_name(m->req->name, err);
	if (rc)
		return rc;
	rc = facts ? create_facts_load(&m->facts, facts, err)
		   : create_facts_read(&m->facts, err);
	return rc ? rc : create_plan(m->req, &m->facts, &m->create, plan, err);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	autofree char *keys = NULL;
	auto_seed_files struct seed_files files = { {
		{ .option = "user-data", .path = o->user_data },
		{ .option = "meta-data", .path = o->meta_data },
		{ .option = "network-config", .path = o->network_config },
	} };
	struct pvn_err err = { 0 };
	struct create_request req = {
		.name = args[0],
		.template = o->template,
		.memory = o->memory,
		.vcpus = o->vcpus,
		.grow = o->grow,
		.type = o->type,
		.disk = o->disk,
		.nic = o->nic,
		.net = { .address = o->ip,
			 .gateway = o->gateway,
			 .dns = o->dns },
		.user = o->user,
		.keys_name = seed_keys_name(o->key, o->key_file),
		.start = o->start,
	};
	struct make m = {
		.change = { .cmd = &cmd_guest_create,
			    .o = &o->change,
			    .ctx = &m,
			    .hurry = true,
			    .plan = make_plan,
			    .report = report,
			    .report_json = report_json },
		.o = o,
		.req = &req,
	};
	int exit_code;

	if (seed_keys_read(o->key, o->key_file, &keys, &err) ||
	    seed_files_read(&files, &err))
		return change_error(&cmd_guest_create, &err);
	req.keys = keys;
	req.files = files;
	if (create_check(&req, &err))
		return cmd_error(&cmd_guest_create, PVN_EXIT_USAGE, &err);
	if (o->timing)
		timing_begin();
	exit_code = change_run(&m.change);
	timing_print(stderr);
	create_free(&m.create);
	create_facts_free(&m.facts);
	return exit_code;
}

const struct cmd cmd_guest_create = {
	.program = "guest",
	.group = "make and remove",
	.name = "create",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "make a guest from a template",
	.example =
		"guest create web1 --template mini --memory 256M --disk 8G --start\n",
	.details =
		"A size is a number with K, M, G or T. The guest's keys, name and network are on\n"
		"a second, read-only disk in cloud-init's NoCloud format; the last three files\n"
		"replace what would be written there. With --ip it is heard from that address only.\n"
		"--json: name, state, type (pv or pvh), template, uuid, mac, memory_mib, vcpus,\n"
		"disk_bytes, config;\n"
		"with --dry-run: steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = run,
};
