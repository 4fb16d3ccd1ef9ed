/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_import.c: 'guest import': make a guest from a disk image. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/size.h"
#include "cmd.h"
#include "import.h"
#include "json.h"
#include "progress.h"

struct opts {
	uint64_t memory;
	unsigned int vcpus;
	uint64_t disk;
	const char *bridge;
	const char *key_file;
	const char *ip;
	const char *gateway;
	const char *dns;
	const char *kernel;
	const char *type;
	bool raw;
	bool start;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("memory", OPT_SIZE, memory, "SIZE",
	    "its memory (default: 256M, or what an XVA says)", .min = 16 * MIB,
	    .max = 1024 * GIB),
	OPT("vcpus", OPT_UINT, vcpus, "N",
	    "its virtual CPUs (default: 1, or what an XVA says)", .min = 1,
	    .max = 128),
	OPT("disk", OPT_SIZE, disk, "SIZE",
	    "size of its disk (default: the image's; for a tar 2G)",
	    .min = 4 * MIB, .max = 64 * 1024 * GIB),
	OPT("kernel", OPT_STRING, kernel, "own|host",
	    "the kernel on its disk, started by GRUB, or the host's for guests (default: own where the disk has partitions)"),
	OPT("type", OPT_STRING, type, "pv|pvh",
	    "how Xen runs it (default: pv)"),
	OPT("raw", OPT_FLAG, raw, NULL,
	    "the image is raw, whatever it looks like"),
	OPT("bridge", OPT_STRING, bridge, "NAME",
	    "bridge of its network interface (default: " DEFAULT_BRIDGE ")"),
	OPT("ssh-key-file", OPT_STRING, key_file, "FILE",
	    "public ssh keys for cloud-init (default: the host's)"),
	OPT("ip", OPT_STRING, ip, "ADDR/LEN",
	    "its IPv4 address, for cloud-init (default: by DHCP)"),
	OPT("gateway", OPT_STRING, gateway, "ADDR",
	    "its default gateway (with --ip)"),
	OPT("dns", OPT_STRING, dns, "ADDR[,ADDR...]",
	    "its name servers (with --ip)"),
	OPT("start", OPT_FLAG, start, NULL, "start it, too"),
	CHANGE_OPTS,
};

static const struct opts defaults = { .bridge = DEFAULT_BRIDGE, .type = "pv" };

struct make {
	struct import import; /* first: it is the steps' context */
	struct change change;
	const struct opts *o;
	const struct import_request *req;
	struct create_facts facts;
};

static void report(const void *ctx)
{
	const struct make *m = ctx;
	const struct create *create = &m->import.create;
	const struct guestconf *conf = &create->conf;
	const char *format = image_format_name(m->import.info.format);
	auto_json struct json *j = NULL;
	char size[16];

	if (!m->o->change.json) {
		printf("guest '%s' is made from a %s image, its disk has %s%s\n",
		       create->name, format,
		       size_print(create->disk_bytes, size),
		       m->o->start ? ", and started" : "");
		printf(m->o->start ? "its console: guest console %s\n"
				   : "start it: guest start %s\n",
		       create->name);
		return;
	}
	j = json_new();
	json_object(j, NULL);
	json_string(j, "name", conf->name);
	json_string(j, "state", m->o->start ? "running" : "stopped");
	json_string(j, "format", format);
	json_string(j, "kernel", conf->kernel);
	json_string(j, "uuid", conf->uuid);
	json_string(j, "mac", conf->vifs[0].mac);
	json_int(j, "memory_mib", (int64_t)(conf->memory_bytes / MIB));
	json_int(j, "vcpus", conf->vcpus);
	json_int(j, "disk_bytes", (int64_t)create->disk_bytes);
	json_string(j, "config", conf->path);
	json_end_object(j);
	json_print(j, stdout);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct make *m = ctx;
	const char *facts = m->o->change.facts;
	int rc;

	rc = facts ? create_facts_load(&m->facts, facts, err)
		   : create_facts_read(&m->facts, err);
	if (!rc)
		rc = import_open(&m->import, m->req, err);
	return rc ? rc : import_plan(&m->import, m->req, &m->facts, plan, err);
}

static bool is_one_of(const char *s, const char *a, const char *b)
{
	return !s || !strcmp(s, a) || !strcmp(s, b);
}

static int check(const struct opts *o, const struct import_request *req,
		 struct pvn_err *err)
{
	if (!is_one_of(o->kernel, "own", "host"))
		return pvn_err(err, -EINVAL,
			       "'--kernel %.40s': expected 'own' or 'host'",
			       o->kernel);
	if (!is_one_of(o->type, "pv", "pvh"))
		return pvn_err(err, -EINVAL,
			       "'--type %.40s': expected 'pv' or 'pvh'",
			       o->type);
	return create_check(&req->create, err);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	autofree char *keys = NULL;
	struct pvn_err err = { 0 };
	struct import_request req = {
		.create = { .name = args[0],
			    .memory = o->memory,
			    .vcpus = o->vcpus,
			    .disk = o->disk,
			    .bridge = o->bridge,
			    .net = { .address = o->ip,
				     .gateway = o->gateway,
				     .dns = o->dns },
			    .keys_name = o->key_file,
			    .start = o->start },
		.file = args[1],
		.kernel = o->kernel,
		.type = o->type,
		.as_raw = o->raw,
	};
	struct make m = {
		.import = { .fd = -1 },
		.change = { .cmd = &cmd_guest_import,
			    .o = &o->change,
			    .ctx = &m,
			    .plan = make_plan,
			    .report = report },
		.o = o,
		.req = &req,
	};
	int exit_code;

	if (o->key_file && file_read(o->key_file, &keys, &err))
		return change_error(&cmd_guest_import, &err);
	req.create.keys = keys;
	if (check(o, &req, &err))
		return cmd_error(&cmd_guest_import, PVN_EXIT_USAGE, &err);
	exit_code = change_run(&m.change);
	import_close(&m.import);
	create_facts_free(&m.facts);
	return exit_code;
}

const struct cmd cmd_guest_import = {
	.program = "guest",
	.group = "make and remove",
	.name = "import",
	.synopsis = "NAME FILE|-",
	.n_args = 2,
	.help = "make a guest from a disk image",
	.example = "guest import web1 /root/web1.qcow2 --start\n",
	.details =
		"The format is found out: raw, qcow2, VHD, VHDX, VMDK, an XVA of XenServer or XCP-ng, or\n"
		"a tar of a root filesystem; each also compressed by gzip, xz or zstd. '-' is standard\n"
		"input: ssh HOST guest import web1 - <web1.qcow2\n"
		"--json: name, state, format, kernel, uuid, mac, memory_mib, vcpus, disk_bytes, config;\n"
		"with --dry-run: steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = run,
};
