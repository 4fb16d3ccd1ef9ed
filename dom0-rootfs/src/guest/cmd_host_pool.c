/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_pool.c: 'host pool': how full the pool is, and of whose data. */
#include <errno.h>
#include <string.h>
#include "../lib/size.h"
#include "cmd.h"
#include "guests.h"
#include "json.h"
#include "pool.h"
#include "pool_paused.h"
#include "table.h"
#include "unfinished.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

/* What a guest has of the pool. */
struct share {
	const char *guest;
	uint64_t committed;
	uint64_t used;
	bool paused; /* by the guard */
};

struct pool {
	struct guest_set set;
	struct pool_limits limits;
	struct pool_status st;
	uint64_t committed;
	struct share *shares; /* the largest first */
	struct strlist unfinished; /* volumes of commands that were cut off */
};

static int by_use(const void *a, const void *b)
{
	const struct share *x = a;
	const struct share *y = b;

	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	return strcmp(x->guest, y->guest);
}

static void read_shares(struct pool *p)
{
	const struct volume_list *volumes = &p->set.volumes;

	p->shares = xcalloc(p->set.n + 1, sizeof(*p->shares));
	for (size_t i = 0; i < p->set.n; i++) {
		struct share *share = &p->shares[i];

		share->guest = p->set.v[i].name;
		share->paused = pool_paused_is(share->guest);
		for (size_t j = 0; j < volumes->n; j++) {
			if (!volume_is_guests(volumes->v[j].name, share->guest))
				continue;
			share->committed += volumes->v[j].size;
			share->used += volume_used(&volumes->v[j]);
		}
	}
	if (p->set.n)
		qsort(p->shares, p->set.n, sizeof(*p->shares), by_use);
}

static int read_pool(struct pool *p, struct pvn_err *err)
{
	int rc = guests_read(&p->set, err);

	if (!rc) {
		guests_measure(&p->set);
		rc = pool_limits_read(&p->limits, err);
	}
	if (!rc)
		rc = pool_status_ask(p->set.host.vg, p->set.host.pool, &p->st,
				     err);
	if (rc)
		return rc;
	p->committed = pool_committed(&p->set.volumes);
	read_shares(p);
	unfinished_volumes(&p->set.volumes, &p->unfinished);
	return 0;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static const char *level(const struct pool *p)
{
	bool paused = false;

	for (size_t i = 0; i < p->set.n; i++)
		paused = paused || p->shares[i].paused;
	return pool_level_name(&p->limits, &p->st, paused);
}

/* When guests that write are paused: all that is left then. */
static uint64_t reserve(const struct pool *p)
{
	return pool_reserve(&p->limits, p->st.data_bytes);
}

static void print_shares(const struct pool *p)
{
	static const char *const header[] = { "GUEST", "USED", "COMMITTED",
					      "GUARD" };
	auto_table struct table table = { .n_columns = 4 };

	for (size_t i = 0; i < 4; i++)
		table_add(&table, header[i]);
	for (size_t i = 0; i < p->set.n; i++) {
		const struct share *share = &p->shares[i];

		table_add(&table, share->guest);
		table_add_size(&table, share->used);
		table_add_size(&table, share->committed);
		table_add(&table, share->paused ? "paused" : NULL);
	}
	if (p->set.n)
		table_print(&table, stdout);
}

static void print_text(const struct pool *p)
{
	const struct pool_status *st = &p->st;
	autofree char *names = strlist_quoted(&p->unfinished);
	char size[16], used[16];

	printf("level      %s%s\n", level(p),
	       st->out_of_space ? ", out of space"
	       : st->read_only	? ", read-only"
				: "");
	printf("data       %s, %s used (%.1f%%)\n",
	       size_print(st->data_bytes, size),
	       size_print(st->data_used, used),
	       percent(st->data_used, st->data_bytes));
	printf("metadata   %s, %s used (%.1f%%)\n",
	       size_print(st->meta_bytes, size),
	       size_print(st->meta_used, used),
	       percent(st->meta_used, st->meta_bytes));
	printf("committed  %s (%.0f%%) to guests\n",
	       size_print(p->committed, size),
	       percent(p->committed, st->data_bytes));
	printf("limits     warning at %u%%; no new guest above %u%% of data or %u%% of metadata;\n"
	       "           guests that write are paused with less than %s free (above %.1f%%),\n"
	       "           or at %u%% of metadata\n",
	       p->limits.warning, p->limits.data, p->limits.metadata,
	       size_print(reserve(p), size),
	       percent(st->data_bytes - reserve(p), st->data_bytes),
	       POOL_META_PERCENT);
	if (p->unfinished.n)
		printf("unfinished %s ('host sweep' removes %s)\n", names,
		       p->unfinished.n > 1 ? "them" : "it");
	print_shares(p);
}

static void print_json(const struct pool *p)
{
	auto_json struct json *j = json_new();

	json_object(j, NULL);
	json_string(j, "level", level(p));
	json_bool(j, "read_only", p->st.read_only);
	json_bool(j, "out_of_space", p->st.out_of_space);
	json_int(j, "data_bytes", (int64_t)p->st.data_bytes);
	json_int(j, "data_used_bytes", (int64_t)p->st.data_used);
	json_int(j, "metadata_bytes", (int64_t)p->st.meta_bytes);
	json_int(j, "metadata_used_bytes", (int64_t)p->st.meta_used);
	json_int(j, "chunk_bytes", (int64_t)p->st.chunk);
	json_int(j, "committed_bytes", (int64_t)p->committed);
	json_object(j, "limits");
	json_int(j, "warning", p->limits.warning);
	json_int(j, "data", p->limits.data);
	json_int(j, "metadata", p->limits.metadata);
	json_int(j, "overcommit", p->limits.overcommit);
	json_int(j, "reserve", p->limits.reserve);
	json_int(j, "reserve_bytes", (int64_t)reserve(p));
	json_end_object(j);
	json_array(j, "unfinished");
	for (size_t i = 0; i < p->unfinished.n; i++)
		json_string(j, NULL, p->unfinished.v[i]);
	json_end_array(j);
	json_array(j, "guests");
	for (size_t i = 0; i < p->set.n; i++) {
		json_object(j, NULL);
		json_string(j, "name", p->shares[i].guest);
		json_int(j, "used_bytes", (int64_t)p->shares[i].used);
		json_int(j, "committed_bytes", (int64_t)p->shares[i].committed);
		json_bool(j, "paused", p->shares[i].paused);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct pool p = { .committed = 0 };
	struct pvn_err err = { 0 };
	int rc = read_pool(&p, &err);

	(void)args;
	if (!rc && o->json)
		print_json(&p);
	else if (!rc)
		print_text(&p);
	free(p.shares);
	strlist_free(&p.unfinished);
	guests_free(&p.set);
	return rc ? cmd_error(&cmd_host_pool, PVN_EXIT_FAILED, &err)
		  : PVN_EXIT_OK;
}

const struct cmd cmd_host_pool = {
	.program = "host",
	.group = "look",
	.name = "pool",
	.synopsis = "",
	.help = "show how full the pool is, and of whose data",
	.example = "host pool\n",
	.details =
		"USED counts what a guest shares with its template, too. The limits are percentages in\n"
		"/etc/paravane/pool: warning=80, data-limit=90, metadata-limit=80, reserve=5,\n"
		"overcommit=0 (what guests may be promised; 0: no limit). The reserve is at least 128 MiB,\n"
		"at most 16 GiB, and of a small pool a quarter.\n"
		"--json: level (ok, warning, full), read_only, out_of_space, data_bytes,\n"
		"data_used_bytes, metadata_bytes, metadata_used_bytes, chunk_bytes, committed_bytes,\n"
		"limits (the percentages, and reserve_bytes), unfinished[] (volumes of commands that were cut off), guests[] (name,\n"
		"used_bytes, committed_bytes, paused).\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
