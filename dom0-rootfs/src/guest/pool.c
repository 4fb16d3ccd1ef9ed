/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool.c: the thin pool: what is in it, what was promised, and when it is enough. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/size.h"
#include "dm.h"
#include "pool.h"

#define SECTOR 512
#define META_BLOCK 4096
#define LEAST_RESERVE (128 * MIB)
#define MOST_RESERVE (16 * GIB)
/* Between two looks at the pool while it is written to. */
#define MOST_STEP (64 * MIB)
#define LEAST_STEP MIB

static const struct key {
	const char *name;
	size_t offset;
	unsigned int min, max;
} keys[] = {
#define KEY(key_name, member, least, most) \
	{ (key_name), offsetof(struct pool_limits, member), (least), (most) }
	KEY("data-limit", data, 1, 100),
	KEY("metadata-limit", metadata, 1, 100),
	KEY("overcommit", overcommit, 0, 100000),
	KEY("warning", warning, 1, 100),
	KEY("reserve", reserve, 1, 50),
#undef KEY
};

static int take_pair(const struct kv *pair, struct pool_limits *limits,
		     struct pvn_err *err)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(pair->value);
		unsigned long n = strtoul(pair->value, NULL, 10);

		if (strcmp(pair->key, keys[i].name))
			continue;
		if (!len || len > 6 ||
		    strspn(pair->value, "0123456789") != len ||
		    n < keys[i].min || n > keys[i].max)
			return pvn_err(
				err, -EINVAL,
				"'%s=%s' is no percentage: expected %u to %u",
				pair->key, pair->value, keys[i].min,
				keys[i].max);
		*(unsigned int *)((char *)limits + keys[i].offset) =
			(unsigned int)n;
		return 0;
	}
	return pvn_err(err, -EINVAL, "unknown key '%s'", pair->key);
}

int pool_limits_parse(const struct kv_list *conf, struct pool_limits *limits,
		      struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < conf->n && !rc; i++)
		rc = take_pair(&conf->v[i], limits, err);
	return rc;
}

int pool_limits_read(struct pool_limits *limits, struct pvn_err *err)
{
	auto_kv struct kv_list conf = { 0 };
	int rc;

	*limits = POOL_LIMITS_DEFAULT;
	if (!file_exists(POOL_CONF))
		return 0;
	rc = kv_read(&conf, POOL_CONF, err);
	if (!rc)
		rc = pool_limits_parse(&conf, limits, err);
	return rc ? pvn_err_wrap(err, "'%s'", POOL_CONF) : 0;
}

/* table: "<metadata dev> <data dev> <chunk in sectors> <low water mark> ..."
 * status: "<transaction> <used>/<total metadata> <used>/<total chunks> <root> rw ..." */
int pool_status_parse(const char *table, const char *status,
		      struct pool_status *st, struct pvn_err *err)
{
	uint64_t sectors, meta_used, meta, data_used, data;
	char mode[32];

	if (sscanf(table, "%*s %*s %" SCNu64, &sectors) != 1 ||
	    sscanf(status,
		   "%*u %" SCNu64 "/%" SCNu64 " %" SCNu64 "/%" SCNu64
		   " %*s %31s",
		   &meta_used, &meta, &data_used, &data, mode) != 5)
		return pvn_err(
			err, -EBADMSG,
			"cannot understand what the kernel says of the pool: '%.100s'",
			status);
	*st = (struct pool_status){
		.chunk = sectors * SECTOR,
		.data_bytes = data * sectors * SECTOR,
		.data_used = data_used * sectors * SECTOR,
		.meta_bytes = meta * META_BLOCK,
		.meta_used = meta_used * META_BLOCK,
		.read_only = !strcmp(mode, "ro"),
		.out_of_space = !strcmp(mode, "out_of_data_space"),
	};
	return 0;
}

static int read_mapping(const char *name, struct pool_status *st,
			struct pvn_err *err)
{
	autofree char *table = NULL;
	autofree char *status = NULL;
	int rc = dm_target(name, false, &table, err);

	if (!rc)
		rc = dm_target(name, true, &status, err);
	return rc ? rc : pool_status_parse(table, status, st, err);
}

/* As long as there is no volume in it, LVM makes the pool without a layer above. */
int pool_status_read(const char *vg, const char *pool, struct pool_status *st,
		     struct pvn_err *err)
{
	autofree char *used = dm_name(vg, pool, "-tpool");
	autofree char *unused = dm_name(vg, pool, "");
	int rc = read_mapping(used, st, err);

	return rc == -ENXIO ? read_mapping(unused, st, err) : rc;
}

int pool_status_ask(const char *vg, const char *pool, struct pool_status *st,
		    struct pvn_err *err)
{
	autofree char *path = xasprintf("%s/%s", vg, pool);
	int rc = pool_status_read(vg, pool, st, err);

	/* with the last of its volumes in use LVM takes its mapping away */
	if (rc != -ENXIO)
		return rc;
	rc = volume_activate(path, err);
	return rc ? rc : pool_status_read(vg, pool, st, err);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

int pool_measure(const char *vg, struct volume *pool, struct pvn_err *err)
{
	struct pool_status st;
	int rc = pool_status_ask(vg, pool->name, &st, err);

	if (rc)
		return rc;
	pool->used_percent = percent(st.data_used, st.data_bytes);
	pool->meta_percent = percent(st.meta_used, st.meta_bytes);
	return 0;
}

int pool_measure_in(const struct volume_list *volumes, const char *vg,
		    const char *pool, struct pvn_err *err)
{
	for (size_t i = 0; i < volumes->n; i++) {
		if (!strcmp(volumes->v[i].name, pool))
			return pool_measure(vg, &volumes->v[i], err);
	}
	return 0;
}

uint64_t pool_reserve(const struct pool_limits *limits, uint64_t bytes)
{
	uint64_t reserve = bytes / 100 * limits->reserve;

	if (reserve > MOST_RESERVE)
		reserve = MOST_RESERVE;
	if (reserve < LEAST_RESERVE)
		reserve = LEAST_RESERVE;
	/* a pool so small that this is most of it */
	return reserve > bytes / 4 ? bytes / 4 : reserve;
}

uint64_t pool_left(const struct pool_status *st)
{
	return st->data_bytes - st->data_used;
}

unsigned int pool_meta_percent(const struct pool_status *st)
{
	return (unsigned int)percent(st->meta_used, st->meta_bytes);
}

bool pool_is_tight(const struct pool_limits *limits,
		   const struct pool_status *st)
{
	return st->read_only || st->out_of_space ||
	       pool_left(st) < pool_reserve(limits, st->data_bytes) ||
	       pool_meta_percent(st) >= POOL_META_PERCENT;
}

const char *pool_level_name(const struct pool_limits *limits,
			    const struct pool_status *st, bool paused)
{
	double data = percent(st->data_used, st->data_bytes);
	double meta = percent(st->meta_used, st->meta_bytes);

	if (paused || pool_is_tight(limits, st) || data > limits->data ||
	    meta > limits->metadata)
		return "full";
	return data >= limits->warning || meta >= limits->warning ? "warning"
								  : "ok";
}

/* A little more than the reserve is left: guests go on writing, too. */
uint64_t pool_room(const struct pool_limits *limits, uint64_t bytes,
		   uint64_t used)
{
	uint64_t reserve = pool_reserve(limits, bytes);
	uint64_t kept = reserve + reserve / 4;
	uint64_t left = bytes > used ? bytes - used : 0;

	return left > kept ? left - kept : 0;
}

int pool_no_room(struct pvn_err *err)
{
	return pvn_err(
		err, -ENOSPC,
		"it does not fit into the pool, where a reserve is kept so that guests need not be paused ('host pool' shows who uses it; remove guests or extend it)");
}

static int look(struct pool_gauge *g, struct pvn_err *err)
{
	struct pool_status st;
	int rc = pool_status_ask(g->vg, g->pool, &st, err);

	if (rc)
		return rc;
	g->room = st.read_only || st.out_of_space
			  ? 0
			  : pool_room(&g->limits, st.data_bytes, st.data_used);
	g->written = 0;
	g->step = g->room / 2 > MOST_STEP ? MOST_STEP : g->room / 2;
	if (g->step < LEAST_STEP)
		g->step = LEAST_STEP;
	return 0;
}

int pool_gauge_add(struct pool_gauge *g, int fd, uint64_t bytes,
		   struct pvn_err *err)
{
	if (g->vg && g->written >= g->step) {
		int rc = fdatasync(fd)
				 ? pvn_err_errno(err, errno, "cannot write")
				 : look(g, err);

		if (rc)
			return rc;
	}
	g->written += bytes;
	return g->written > g->room ? pool_no_room(err) : 0;
}

int pool_gauge_look(struct pool_gauge *g, struct pvn_err *err)
{
	int rc = look(g, err);

	return rc || g->room ? rc : pool_no_room(err);
}

uint64_t pool_committed(const struct volume_list *volumes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < volumes->n; i++) {
		if (!strncmp(volumes->v[i].name, "guest-", 6))
			sum += volumes->v[i].size;
	}
	return sum;
}

int pool_admit(const struct pool_limits *limits, const struct volume *pool,
	       uint64_t committed, uint64_t more, struct pvn_err *err)
{
	uint64_t most = pool->size / 100 * limits->overcommit;
	char want[16], have[16];

	if (pool->used_percent > limits->data)
		return pvn_err(
			err, -ENOSPC,
			"the pool is %.0f%% full, above %u%% no guest is made ('host pool' shows who uses it; remove guests or raise data-limit in '%s')",
			pool->used_percent, limits->data, POOL_CONF);
	if (pool->meta_percent > limits->metadata)
		return pvn_err(
			err, -ENOSPC,
			"the pool's metadata is %.0f%% full, above %u%% no guest is made (remove guests or snapshots, or extend it: 'lvextend --poolmetadatasize')",
			pool->meta_percent, limits->metadata);
	if (limits->overcommit && committed + more > most)
		return pvn_err(
			err, -ENOSPC,
			"the guests' disks would come to %s, and at most %s (%u%% of the pool) may be promised (overcommit in '%s')",
			size_print(committed + more, want),
			size_print(most, have), limits->overcommit, POOL_CONF);
	return 0;
}
