/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_import.c: 'guest import': make a guest from a disk image. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/size.h"
#include "cmd.h"
#include "import.h"
#include "progress.h"

struct opts {
	uint64_t memory;
	unsigned int vcpus;
	struct grow_opts grow;
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
	const char *kernel;
	const char *type;
	bool raw;
	bool start;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("memory", OPT_SIZE, memory, "SIZE",
	    "its memory (default: 256M, or what an XVA says)",
	    .min = GUEST_MEMORY_MIN, .max = GUEST_MEMORY_MAX),
	OPT("vcpus", OPT_UINT, vcpus, "N",
	    "its virtual CPUs (default: 1, or what an XVA says)", .min = 1,
	    .max = GUEST_VCPUS_MAX),
	OPT("disk", OPT_SIZE, disk, "SIZE",
	    "size of its disk (default: the image's; for a tar 2G)",
	    .min = 4 * MIB, .max = 64 * 1024 * GIB),
	OPT("kernel", OPT_STRING, kernel, "own|host",
	    "the kernel on its disk, started by GRUB, or the host's for guests (default: own where the disk has partitions)"),
	GROW_OPTS,
	OPT("type", OPT_STRING, type, "auto|pv|pvh",
	    "how Xen runs it; auto: pvh where CPU and Xen can (default: auto; pv for a PV guest's XVA)"),
	OPT("raw", OPT_FLAG, raw, NULL,
	    "the image is raw, whatever it looks like"),
	NIC_OPTS,
	OPT("ssh-key", OPT_STRING, key, "KEY",
	    "a public ssh key for cloud-init, as it is in a .pub file"),
	OPT("ssh-key-file", OPT_STRING, key_file, "FILE",
	    "public ssh keys for cloud-init (default: the host's)"),
	OPT("ip", OPT_STRING, ip, "ADDR/LEN",
	    "its IPv4 address, for cloud-init (default: by DHCP)"),
	OPT("gateway", OPT_STRING, gateway, "ADDR",
	    "its default gateway (with --ip)"),
	OPT("dns", OPT_STRING, dns, "ADDR[,ADDR...]",
	    "its name servers (with --ip)"),
	OPT("user", OPT_STRING, user, "NAME",
	    "who logs in, made by cloud-init (default: root)"),
	OPT("user-data", OPT_STRING, user_data, "FILE",
	    "cloud-init user-data of your own"),
	OPT("meta-data", OPT_STRING, meta_data, "FILE",
	    "cloud-init meta-data of your own"),
	OPT("network-config", OPT_STRING, network_config, "FILE",
	    "cloud-init network-config of your own"),
	OPT("start", OPT_FLAG, start, NULL, "start it, too"),
	CHANGE_OPTS,
};

static const struct opts defaults = { .nic = NIC_DEFAULTS };

struct make {
	struct import import; /* first: it is the steps' context */
	struct change change;
	const struct opts *o;
	const struct import_request *req;
	struct create_facts facts;
};

static void warn_of_macs(const struct strlist *taken)
{
	autofree char *list = strlist_quoted(taken);

	if (taken->n)
		fprintf(stderr,
			"warning: MAC address %s is in use here already: the guest got %s\n",
			list, taken->n > 1 ? "new ones" : "a new one");
}

static void report(const void *ctx)
{
	const struct make *m = ctx;
	const struct create *create = &m->import.create;
	char size[16];

	warn_of_macs(&m->import.macs_taken);
	printf("guest '%s' is made from a %s image, its disk has %s%s\n",
	       create->name, image_format_name(m->import.info.format),
	       size_print(create->disk_bytes, size),
	       m->o->start ? ", and started" : "");
	printf(m->o->start ? "its console: guest console %s\n"
			   : "start it: guest start %s\n",
	       create->name);
}

static void report_json(const void *ctx, struct json *j)
{
	const struct make *m = ctx;
	const struct create *create = &m->import.create;
	const struct guestconf *conf = &create->conf;

	warn_of_macs(&m->import.macs_taken);
	json_string(j, "name", conf->name);
	json_string(j, "state", m->o->start ? "running" : "stopped");
	json_string(j, "format", image_format_name(m->import.info.format));
	json_string(j, "type", conf->type);
	json_string(j, "kernel", conf->kernel);
	json_string(j, "uuid", conf->uuid);
	json_string(j, "mac", conf->vifs[0].mac);
	json_int(j, "memory_mib", (int64_t)(conf->memory_bytes / MIB));
	json_int(j, "vcpus", conf->vcpus);
	json_int(j, "disk_bytes", (int64_t)create->disk_bytes);
	json_string(j, "config", conf->path);
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct make *m = ctx;
	const char *facts = m->o->change.facts;
	int rc;

	rc = facts ? create_facts_load(&m->facts, facts, err)
		   : create_facts_read(&m->facts, err);
	if (!facts)
		guests_conf_macs(&m->facts.macs);
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
	return create_check(&req->create, err);
}

/* Standard input is one thing only, and mostly the image. */
static int check_stdin(const struct import_request *req, const char *keys,
		       struct pvn_err *err)
{
	const struct seed_file *files = req->create.files.v;
	int n = !strcmp(req->file, "-") + (keys && !strcmp(keys, "-"));

	for (int i = 0; i < SEED_FILES; i++)
		n += files[i].path && !strcmp(files[i].path, "-");
	return n > 1 ? pvn_err(err, -EINVAL,
			       "'-' is given for more than one file")
		     : 0;
}

static struct import_request make_request(const struct opts *o, char **args)
{
	return (struct import_request){
		.create = { .name = args[0],
			    .memory = o->memory,
			    .vcpus = o->vcpus,
			    .grow = o->grow,
			    .type = o->type,
			    .disk = o->disk,
			    .nic = o->nic,
			    .net = { .address = o->ip,
				     .gateway = o->gateway,
				     .dns = o->dns },
			    .files = { { { "user-data", o->user_data, NULL },
					 { "meta-data", o->meta_data, NULL },
					 { "network-config", o->network_config,
					   NULL } } },
			    .user = o->user,
			    .keys_name = seed_keys_name(o->key, o->key_file),
			    .start = o->start },
		.file = args[1],
		.kernel = o->kernel,
		.as_raw = o->raw,
	};
}

/* What is done without the lock: a pipe may have nothing for long. Returns an exit code. */
static int read_files(const struct opts *o, struct import_request *req,
		      char **keys, struct import *im)
{
	struct pvn_err err = { 0 };

	if (check_stdin(req, o->key_file, &err))
		return cmd_error(&cmd_guest_import, PVN_EXIT_USAGE, &err);
	if (seed_keys_read(o->key, o->key_file, keys, &err) ||
	    seed_files_read(&req->create.files, &err))
		return change_error(&cmd_guest_import, &err);
	req->create.keys = *keys;
	if (check(o, req, &err))
		return cmd_error(&cmd_guest_import, PVN_EXIT_USAGE, &err);
	return import_open(im, req, &err)
		       ? change_error(&cmd_guest_import, &err)
		       : PVN_EXIT_OK;
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	autofree char *keys = NULL;
	struct import_request req = make_request(o, args);
	struct make m = {
		.import = { .fd = -1 },
		.change = { .cmd = &cmd_guest_import,
			    .o = &o->change,
			    .ctx = &m,
			    .plan = make_plan,
			    .report = report,
			    .report_json = report_json },
		.o = o,
		.req = &req,
	};
	int exit_code = read_files(o, &req, &keys, &m.import);

	if (!exit_code)
		exit_code = change_run(&m.change);
	import_close(&m.import);
	create_facts_free(&m.facts);
	seed_files_free(&req.create.files);
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
		"A guest that was PV where its XVA is from stays PV unless --type says otherwise: its kernel may\n"
		"know no PVH. Kernels of 32 bits don't run as PV guests here.\n"
		"The interfaces in an XVA come with it and keep their MAC addresses, but for one that another guest has\n"
		"here; all are on the network that is named.\n"
		"Where the pool's disk has sectors of 4096 bytes, a disk with partitions is refused: they count in\n"
		"sectors of 512, and would not be found.\n"
		"--json: name, state, format, type, kernel, uuid, mac, memory_mib, vcpus, disk_bytes, config;\n"
		"with --dry-run: steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.modifies = true,
	.run = run,
};
