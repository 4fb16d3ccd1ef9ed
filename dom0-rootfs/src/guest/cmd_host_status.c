/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_status.c: 'host status': this machine at a glance. */
#include <string.h>
#include <unistd.h>
#include "../lib/file.h"
#include "../lib/size.h"
#include "cmd.h"
#include "domain.h"
#include "host.h"
#include "json.h"
#include "pool.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

struct status {
	char *version;
	char hostname[65];
	char *address;
	char *slot; /* NULL: not booted from one */
	struct domain_host xen;
	uint64_t dom0_used;
	size_t running;
	bool has_pool;
	uint64_t pool_bytes;
	double pool_used;
	double pool_meta;
};

/* Bytes of a line of /proc/meminfo ("MemTotal:   1234 kB"). */
static uint64_t meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

static int read_pool(struct status *s, struct pvn_err *err)
{
	auto_host struct host host = { 0 };
	auto_volumes struct volume_list volumes = { 0 };
	const struct volume *pool;
	struct pvn_err ignored;
	int rc;

	if (host_read(&host, &ignored)) /* not installed: there is no pool */
		return 0;
	rc = volumes_read(host.vg, &volumes, err);
	if (!rc)
		rc = pool_measure_in(&volumes, host.vg, host.pool, err);
	if (rc)
		return rc;
	pool = volumes_find(&volumes, host.pool);
	if (!pool)
		return 0;
	s->has_pool = true;
	s->pool_bytes = pool->size;
	s->pool_used = pool->used_percent;
	s->pool_meta = pool->meta_percent;
	return 0;
}

static int read_status(struct status *s, struct pvn_err *err)
{
	auto_domains struct domain_list domains = { 0 };
	autofree char *mem = NULL;
	int rc;

	s->version = file_read_line(PATH_VERSION);
	if (gethostname(s->hostname, sizeof(s->hostname) - 1))
		s->hostname[0] = '\0';
	s->address = host_address(DEFAULT_BRIDGE);
	s->slot = host_boot_fact("slot");
	rc = domain_host_read(&s->xen, err);
	if (!rc)
		rc = domains_read(&domains, err);
	if (!rc)
		rc = file_read("/proc/meminfo", &mem, err);
	if (!rc)
		rc = read_pool(s, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < domains.n; i++)
		s->running += domains.v[i].state == DOMAIN_RUNNING;
	s->dom0_used =
		meminfo(mem, "MemTotal:") - meminfo(mem, "MemAvailable:");
	return 0;
}

static const char *or_dash(const char *s)
{
	return s && *s ? s : "-";
}

static void print_text(const struct status *s)
{
	char total[16], left[16], used[16];

	printf("version   %s\nhostname  %s\naddress   %s\nslot      %s\n"
	       "memory    %s, %s free, dom0 uses %s\n",
	       or_dash(s->version), or_dash(s->hostname), or_dash(s->address),
	       or_dash(s->slot), size_print(s->xen.memory_total, total),
	       size_print(s->xen.memory_free, left),
	       size_print(s->dom0_used, used));
	printf("guests    %zu running\n", s->running);
	if (s->has_pool)
		printf("pool      %s, %.1f%% used, %.1f%% of its metadata\n",
		       size_print(s->pool_bytes, total), s->pool_used,
		       s->pool_meta);
	else
		printf("pool      none: this host is not installed\n");
}

static void print_json(const struct status *s)
{
	auto_json struct json *j = json_new();

	json_object(j, NULL);
	json_string(j, "version", s->version);
	json_string(j, "hostname", s->hostname);
	json_string(j, "address", s->address);
	json_string(j, "slot", s->slot);
	json_int(j, "cpus", s->xen.cpus);
	json_int(j, "memory_mib", (int64_t)(s->xen.memory_total / MIB));
	json_int(j, "memory_free_mib", (int64_t)(s->xen.memory_free / MIB));
	json_int(j, "dom0_memory_used_mib", (int64_t)(s->dom0_used / MIB));
	json_int(j, "guests_running", (int64_t)s->running);
	if (s->has_pool) {
		json_object(j, "pool");
		json_int(j, "size_bytes", (int64_t)s->pool_bytes);
		json_percent(j, "data_percent", s->pool_used);
		json_percent(j, "metadata_percent", s->pool_meta);
		json_end_object(j);
	} else {
		json_null(j, "pool");
	}
	json_end_object(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct status s = { .version = NULL };
	struct pvn_err err = { 0 };
	int rc;

	(void)args;
	rc = read_status(&s, &err);
	if (!rc && o->json)
		print_json(&s);
	else if (!rc)
		print_text(&s);
	free(s.version);
	free(s.address);
	free(s.slot);
	return rc ? cmd_error(&cmd_host_status, PVN_EXIT_FAILED, &err)
		  : PVN_EXIT_OK;
}

const struct cmd cmd_host_status = {
	.program = "host",
	.group = "look",
	.name = "status",
	.synopsis = "",
	.help = "show this machine at a glance",
	.example = "host status --json\n",
	.details =
		"--json: version, hostname, address, slot, cpus, memory_mib, memory_free_mib,\n"
		"dom0_memory_used_mib, guests_running, pool (size_bytes, data_percent,\n"
		"metadata_percent; null on a host that is not installed).\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
