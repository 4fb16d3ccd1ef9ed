/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_watch.c: look at the pool, as often as it is near its end, and do what
 * pool_guard.c decides. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>
#include "../guest/dm.h"
#include "../guest/host.h"
#include "../guest/pool_paused.h"
#include "../lib/file.h"
#include "guestd.h"
#include "pool_guard.h"

#define SECTOR 512
#define RETRY_MS 10000

/* What a domain's volumes had when the window began. */
struct seen {
	uint32_t domid;
	uint64_t written;
	uint64_t mapped;
};

struct pool_watch {
	int64_t due;
	struct host host; /* empty: not read yet */
	struct pool_limits limits;
	int64_t window; /* when it began */
	uint64_t data_used; /* then */
	enum pool_level level;
	bool blind; /* the last look failed, and it was said */
	bool limits_bad; /* their file can't be used, and it was said */
	struct seen *seen;
	size_t n_seen;
};

static void add_volume(struct seen *now, const char *device)
{
	unsigned int major, minor;
	autofree char *params = NULL;
	autofree char *path = NULL;
	autofree char *stat = NULL;
	autofree char *name = NULL;
	struct pvn_err ignored = { 0 };
	uint64_t sectors;

	if (sscanf(device, "%x:%x", &major, &minor) != 2)
		return;
	path = xasprintf("/sys/dev/block/%u:%u/stat", major, minor);
	stat = file_read_line(path);
	if (stat &&
	    sscanf(stat, "%*u %*u %*u %*u %*u %*u %" SCNu64, &sectors) == 1)
		now->written += sectors * SECTOR;
	name = xasprintf("%u:%u", major, minor);
	/* "<mapped sectors> <highest mapped>"; what isn't thin has no such */
	if (!dm_target(name, true, &params, &ignored) &&
	    sscanf(params, "%" SCNu64, &sectors) == 1)
		now->mapped += sectors * SECTOR;
}

static void look_at_domain(struct guestd *g, struct seen *now)
{
	autofree char *base =
		xasprintf("/local/domain/0/backend/vbd/%u", now->domid);
	unsigned int n = 0;
	autofree char **disks = xs_directory(g->xs, XBT_NULL, base, &n);

	for (unsigned int i = 0; disks && i < n; i++) {
		autofree char *dev_node =
			xasprintf("%s/%s/physical-device", base, disks[i]);
		autofree char *mode_node =
			xasprintf("%s/%s/mode", base, disks[i]);
		autofree char *device =
			xs_read(g->xs, XBT_NULL, dev_node, NULL);
		autofree char *mode = xs_read(g->xs, XBT_NULL, mode_node, NULL);

		if (device && mode && strchr(mode, 'w'))
			add_volume(now, device);
	}
}

static const struct seen *last_seen(const struct pool_watch *w, uint32_t domid)
{
	for (size_t i = 0; i < w->n_seen; i++) {
		if (w->seen[i].domid == domid)
			return &w->seen[i];
	}
	return NULL;
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* A mark of a domain that is gone, or which a person resumed, says nothing. */
static void check_mark(const struct ward *ward, struct pool_writer *writer)
{
	uint32_t domid = pool_paused_domain(ward->name);

	writer->by_guard = domid == ward->domid && writer->paused;
	if (domid && !writer->by_guard)
		pool_paused_clear(ward->name);
}

static void look_at_ward(struct guestd *g, const struct ward *ward,
			 struct seen *now, struct pool_writer *writer)
{
	const struct seen *before = last_seen(g->pool, ward->domid);
	libxl_dominfo info;

	*now = (struct seen){ .domid = ward->domid };
	*writer = (struct pool_writer){ 0 };
	look_at_domain(g, now);
	if (before) {
		writer->written = since(now->written, before->written);
		writer->mapped = since(now->mapped, before->mapped);
	}
	libxl_dominfo_init(&info);
	if (!libxl_domain_info(g->ctx, &info, ward->domid))
		writer->paused = info.paused;
	libxl_dominfo_dispose(&info);
	check_mark(ward, writer);
}

static void pause_guest(struct guestd *g, const struct ward *ward)
{
	struct pvn_err err = { 0 };

	/* The mark first: should we be killed in between, the next guestd sees a
	 * mark of a guest that runs, and drops it. */
	if (pool_paused_set(ward->name, ward->domid, &err))
		say(LOG_ERR, "%s", err.msg);
	if (libxl_domain_pause(g->ctx, ward->domid, NULL)) {
		say(LOG_ERR, "guest '%s' can't be paused", ward->name);
		pool_paused_clear(ward->name);
		return;
	}
	say(LOG_WARNING,
	    "guest '%s' is paused because it writes and " POOL_PAUSED_WHY
	    ": extend the pool or remove guests, and it goes on",
	    ward->name);
}

static void resume_guest(struct guestd *g, const struct ward *ward)
{
	if (libxl_domain_unpause(g->ctx, ward->domid, NULL)) {
		say(LOG_ERR, "guest '%s' can't be resumed", ward->name);
		return;
	}
	pool_paused_clear(ward->name);
	say(LOG_NOTICE, "guest '%s' goes on, the pool has space again",
	    ward->name);
}

static bool is_up(const struct ward *ward)
{
	return ward->phase == PHASE_UP && ward->domid && !ward->stopped;
}

/* Marks of guests that don't run. */
static void drop_marks(struct guestd *g)
{
	DIR *dir = opendir(POOL_PAUSED_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const struct ward *ward = ward_find(g, entry->d_name);

		if (entry->d_name[0] != '.' && (!ward || !is_up(ward)))
			pool_paused_clear(entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static void say_level(struct pool_watch *w, enum pool_level level,
		      const struct pool_status *st)
{
	int data = (int)(st->data_used * 100 / (st->data_bytes + 1));
	int meta = (int)(st->meta_used * 100 / (st->meta_bytes + 1));

	if (level != w->level)
		say(level == POOL_OK ? LOG_NOTICE : LOG_WARNING,
		    "the pool is %d%% full, its metadata %d%%%s", data, meta,
		    level == POOL_TIGHT ? ": guests that write are paused"
					: "");
	w->level = level;
}

/* Within a window what was seen at its beginning stays. */
static void keep_first(const struct pool_watch *w, struct seen *now, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct seen *first = last_seen(w, now[i].domid);

		if (first)
			now[i] = *first;
	}
}

static void act(struct guestd *g, const struct pool_status *st, bool new_window)
{
	struct pool_watch *w = g->pool;
	autofree struct pool_writer *writers = NULL;
	struct seen *now;
	size_t n = 0, i = 0;

	for (const struct ward *ward = g->wards; ward; ward = ward->next)
		n += is_up(ward);
	writers = xcalloc(n + 1, sizeof(*writers));
	now = xcalloc(n + 1, sizeof(*now));
	for (const struct ward *ward = g->wards; ward; ward = ward->next) {
		if (is_up(ward)) {
			look_at_ward(g, ward, &now[i], &writers[i]);
			i++;
		}
	}
	say_level(w,
		  pool_guard_decide(&w->limits, st,
				    since(st->data_used, w->data_used), writers,
				    n),
		  st);
	if (!new_window)
		keep_first(w, now, n);
	free(w->seen);
	w->seen = now;
	w->n_seen = n;
	i = 0;
	for (const struct ward *ward = g->wards; ward; ward = ward->next) {
		if (!is_up(ward))
			continue;
		if (writers[i].pause)
			pause_guest(g, ward);
		else if (writers[i].resume)
			resume_guest(g, ward);
		i++;
	}
}

/* Far from the end nobody looks at each guest; what was seen grows old. */
static void rest(struct pool_watch *w, const struct pool_status *st)
{
	w->n_seen = 0;
	say_level(w, pool_guard_decide(&w->limits, st, 0, NULL, 0), st);
}

/* A file that says nonsense is said once, and leaves no guest without its guard. */
static void read_limits(struct pool_watch *w)
{
	struct pvn_err err = { 0 };
	const bool bad = pool_limits_read(&w->limits, &err) != 0;

	if (bad)
		w->limits = POOL_LIMITS_DEFAULT;
	if (bad && !w->limits_bad)
		say(LOG_ERR, "%s: the pool is watched with the usual limits",
		    err.msg);
	w->limits_bad = bad;
}

static int look(struct guestd *g, int64_t now, int64_t *wait_r,
		struct pvn_err *err)
{
	struct pool_watch *w = g->pool;
	struct pool_status st;
	bool marks, new_window;
	int rc = w->host.vg ? 0 : host_read(&w->host, err);

	read_limits(w);
	if (!rc)
		rc = pool_status_read(w->host.vg, w->host.pool, &st, err);
	if (rc)
		return rc;
	new_window = now >= w->window + POOL_WINDOW_MS;
	marks = file_exists(POOL_PAUSED_DIR);
	if (marks)
		drop_marks(g);
	if (marks || w->level != POOL_OK || pool_guard_is_near(&w->limits, &st))
		act(g, &st, new_window);
	else
		rest(w, &st);
	if (new_window) {
		w->window = now;
		w->data_used = st.data_used;
	}
	*wait_r = pool_guard_pause(&w->limits, &st);
	return 0;
}

void pool_look_soon(struct guestd *g)
{
	if (g->pool)
		g->pool->due = 0;
}

void pool_tick(struct guestd *g, int64_t now, int64_t *next_io)
{
	struct pvn_err err = { 0 };
	int64_t wait = RETRY_MS;

	if (!g->pool)
		g->pool = xcalloc(1, sizeof(*g->pool));
	if (now >= g->pool->due) {
		int rc = look(g, now, &wait, &err);

		/* A host that is not installed has no pool; one without a volume in
		 * use has no active one, and nobody to fill it. */
		bool blind = rc && rc != -ENOENT && rc != -ENXIO;

		if (blind && !g->pool->blind)
			say(LOG_ERR, "the pool is not watched: %s", err.msg);
		g->pool->blind = blind;
		g->pool->due = now + wait;
	}
	if (g->pool->due < *next_io)
		*next_io = g->pool->due;
}
