/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_top.c: 'guest top': what running guests use, again and again. */
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../lib/size.h"
#include "cmd.h"
#include "json.h"
#include "progress.h"
#include "table.h"
#include "usage.h"

#define DEFAULT_INTERVAL 2

struct opts {
	unsigned int interval;
	bool once;
	bool json;
};

static const struct opt opts[] = {
	OPT("interval", OPT_UINT, interval, "SECONDS",
	    "over which it is measured (default: 2)", .min = 1, .max = 3600),
	OPT("once", OPT_FLAG, once, NULL, "end after the first time"),
	OPT("json", OPT_FLAG, json, NULL, "print JSON, an array each time"),
};

static const struct opts defaults = { .interval = DEFAULT_INTERVAL };

static const struct usage_list *sort_before, *sort_now;

static int by_cpu(const void *a, const void *b)
{
	struct rates ra, rb;

	usage_rates(sort_before, sort_now, a, &ra);
	usage_rates(sort_before, sort_now, b, &rb);
	if (ra.cpu_percent > rb.cpu_percent)
		return -1;
	return ra.cpu_percent < rb.cpu_percent;
}

static void add_rate(struct table *table, uint64_t rate)
{
	char buf[16];

	table_add(table, size_print(rate, buf));
}

static void print_table(const struct usage_list *before,
			const struct usage_list *now)
{
	auto_table struct table table = { .n_columns = 8 };

	table_add_row(&table, "NAME", "CPU%", "MEMORY", "VCPUS", "READ/s",
		      "WRITE/s", "IN/s", "OUT/s");
	for (size_t i = 0; i < now->n; i++) {
		const struct usage *u = &now->v[i];
		struct rates r;

		usage_rates(before, now, u, &r);
		autofree char *cpu = xasprintf("%.1f", r.cpu_percent);
		autofree char *vcpus = xasprintf("%u", u->domain.vcpus);

		table_add(&table, u->domain.name);
		table_add(&table, cpu);
		table_add_size(&table, u->domain.memory_bytes);
		table_add(&table, vcpus);
		add_rate(&table, r.disk_read);
		add_rate(&table, r.disk_written);
		add_rate(&table, r.net_in);
		add_rate(&table, r.net_out);
	}
	table_print(&table, stdout);
}

static void print_json(const struct usage_list *before,
		       const struct usage_list *now)
{
	auto_json struct json *j = json_new();

	json_array(j, NULL);
	for (size_t i = 0; i < now->n; i++) {
		const struct usage *u = &now->v[i];
		struct rates r;

		usage_rates(before, now, u, &r);
		json_object(j, NULL);
		json_string(j, "name", u->domain.name);
		json_percent(j, "cpu_percent", r.cpu_percent);
		json_int(j, "memory_mib",
			 (int64_t)(u->domain.memory_bytes / MIB));
		json_int(j, "vcpus", u->domain.vcpus);
		json_int(j, "read_bytes_s", (int64_t)r.disk_read);
		json_int(j, "write_bytes_s", (int64_t)r.disk_written);
		json_int(j, "in_bytes_s", (int64_t)r.net_in);
		json_int(j, "out_bytes_s", (int64_t)r.net_out);
		json_end_object(j);
	}
	json_end_array(j);
	json_print(j, stdout);
}

/* A terminal that can is cleared, else a blank line is between two tables. */
static void begin_screen(bool first)
{
	const char *term = getenv("TERM");

	if (isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb"))
		fputs("\033[H\033[2J", stdout);
	else if (!first)
		putchar('\n');
}

static int measure(const struct opts *o, struct pvn_err *err)
{
	auto_usage struct usage_list before = { 0 };
	const struct timespec interval = { .tv_sec = (time_t)o->interval };
	int rc = usage_read(&before, err);

	for (bool first = true; !rc; first = false) {
		struct usage_list now = { 0 };

		nanosleep(&interval, NULL);
		rc = usage_read(&now, err);
		if (rc)
			return rc;
		sort_before = &before;
		sort_now = &now;
		if (now.n)
			qsort(now.v, now.n, sizeof(*now.v), by_cpu);
		if (!o->json) {
			if (!o->once)
				begin_screen(first);
			print_table(&before, &now);
		} else {
			print_json(&before, &now);
		}
		usage_free(&before);
		before = now;
		if (fflush(stdout) || o->once)
			return 0;
	}
	return rc;
}

static int run(void *ctx, char **args)
{
	struct pvn_err err = { 0 };

	(void)args;
	return measure(ctx, &err) ? change_error(&cmd_guest_top, &err)
				  : PVN_EXIT_OK;
}

const struct cmd cmd_guest_top = {
	.program = "guest",
	.group = "look",
	.name = "top",
	.synopsis = "",
	.help = "show what running guests use, busiest first",
	.details =
		"CPU% is 100 when one vCPU is busy all the time. READ, WRITE: its disks. IN, OUT:\n"
		"its network. Ctrl-C ends it.\n"
		"--json: an array of name, cpu_percent, memory_mib, vcpus, read_bytes_s,\n"
		"write_bytes_s, in_bytes_s, out_bytes_s.\n",
	.example = "guest top --once --interval 10\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.run = run,
};
