/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usage.c: what running guests use. */
#include <glob.h>
#include <string.h>
#include <time.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "usage.h"

#define SECTOR 512

static uint64_t sum_files(const char *sysfs, uint32_t id, const char *kind,
			  const char *file)
{
	autofree char *pattern = xasprintf(
		"%s/bus/xen-backend/devices/%s-%u-*/%s", sysfs, kind, id, file);
	uint64_t sum = 0;
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		autofree char *text = file_read_line(found.gl_pathv[i]);

		if (text)
			sum += strtoull(text, NULL, 10);
	}
	globfree(&found);
	return sum;
}

void usage_back_ends(const char *sysfs, uint32_t id, struct counters *c)
{
	const char *net = "net/*/statistics/";
	autofree char *in = xasprintf("%stx_bytes", net);
	autofree char *out = xasprintf("%srx_bytes", net);

	c->disk_read =
		sum_files(sysfs, id, "vbd", "statistics/rd_sect") * SECTOR;
	c->disk_written =
		sum_files(sysfs, id, "vbd", "statistics/wr_sect") * SECTOR;
	/* what the host's end sends, the guest gets */
	c->net_in = sum_files(sysfs, id, "vif", in);
	c->net_out = sum_files(sysfs, id, "vif", out);
}

int usage_read(struct usage_list *list, struct pvn_err *err)
{
	auto_domains struct domain_list domains = { 0 };
	struct timespec now;
	int rc = domains_read(&domains, err);

	if (rc)
		return rc;
	clock_gettime(CLOCK_MONOTONIC, &now);
	list->when = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	list->v = xcalloc(domains.n + 1, sizeof(*list->v));
	for (size_t i = 0; i < domains.n; i++) {
		struct usage *u = &list->v[list->n++];

		u->domain = domains.v[i];
		domains.v[i].name = NULL;
		u->counters.cpu_ns = u->domain.cpu_ns;
		usage_back_ends("/sys", u->domain.id, &u->counters);
	}
	return 0;
}

void usage_free(struct usage_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].domain.name);
	free(list->v);
	*list = (struct usage_list){ 0 };
}

/* A counter that went back began anew: a device was removed. */
static uint64_t rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before ? (uint64_t)((double)(now - before) / seconds) : 0;
}

void usage_rates(const struct usage_list *before, const struct usage_list *now,
		 const struct usage *usage, struct rates *rates)
{
	const struct counters *n = &usage->counters;
	double seconds = now->when - before->when;

	*rates = (struct rates){ 0 };
	for (size_t i = 0; i < before->n && seconds > 0; i++) {
		const struct counters *b = &before->v[i].counters;

		if (before->v[i].domain.id != usage->domain.id)
			continue;
		rates->cpu_percent =
			(double)rate(b->cpu_ns, n->cpu_ns, seconds) / 1e7;
		rates->disk_read = rate(b->disk_read, n->disk_read, seconds);
		rates->disk_written =
			rate(b->disk_written, n->disk_written, seconds);
		rates->net_in = rate(b->net_in, n->net_in, seconds);
		rates->net_out = rate(b->net_out, n->net_out, seconds);
	}
}
