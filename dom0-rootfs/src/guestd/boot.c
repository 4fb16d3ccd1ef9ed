/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot.c: the guests that start with the host, and all of them when it goes down. */
#include <string.h>
#include <syslog.h>
#include "../guest/guests.h"
#include "../guest/pool_paused.h"
#include "../lib/file.h"
#include "guestd.h"

#define LOOK_MS 250
/* So long guests wait for the network; then they start all the same. */
#define NETWORK_MS 60000
/* When the turn of a guest that starts with the host is to come. */
#define QUEUED INT64_MAX
/* To destroy what did not shut down in time. */
#define CUT_OFF_MS 30000
/* When the host has not ended us so long after that, it stays, and so may guests. */
#define OVER_MS 5000

struct entry {
	char *name;
	unsigned int order;
};

static int by_order(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->name, y->name);
}

static unsigned int order_of(const char *name)
{
	auto_guestconf struct guestconf conf = { 0 };
	autofree char *path = guestconf_path(name);
	struct pvn_err err = { 0 };

	return guestconf_read(path, &conf, &err) ? 0 : conf.order;
}

static bool is_queued(const struct ward *ward)
{
	return ward && ward->phase == PHASE_WAITING && ward->due == QUEUED;
}

/* From now on each is known as one that starts, and may be stopped as such. */
static void queue_guests(struct guestd *g)
{
	auto_strlist struct strlist names = { 0 };

	guests_conf_names(&names);
	for (size_t i = 0; i < names.n; i++) {
		auto_guestconf struct guestconf conf = { 0 };
		autofree char *path = guestconf_path(names.v[i]);
		struct pvn_err err = { 0 };
		struct ward *ward;

		if (guestconf_read(path, &conf, &err))
			say(LOG_ERR, "guest '%s' does not start: %s",
			    names.v[i], err.msg);
		if (!conf.autostart)
			continue;
		ward = ward_get(g, names.v[i]);
		if (ward->phase != PHASE_DOWN)
			continue;
		ward->phase = PHASE_WAITING;
		ward->due = QUEUED;
		record_write(ward);
	}
}

void autostart_begin(struct guestd *g)
{
	autofree struct entry *v = NULL;
	struct pvn_err err = { 0 };
	size_t n = 0;

	if (!file_exists(AUTOSTART_DONE)) {
		queue_guests(g);
		if (file_write(AUTOSTART_DONE, "", 0600, &err))
			say(LOG_ERR, "%s", err.msg);
	}
	for (struct ward *ward = g->wards; ward; ward = ward->next)
		n++;
	v = xcalloc(n + 1, sizeof(*v));
	n = 0;
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		if (is_queued(ward))
			v[n++] = (struct entry){ ward->name,
						 order_of(ward->name) };
	}
	qsort(v, n, sizeof(*v), by_order);
	for (size_t i = 0; i < n; i++)
		strlist_add(&g->autostart, v[i].name);
	g->autostart_deadline = now_ms() + NETWORK_MS;
}

/* Is the last of them still on its way? */
static bool is_starting(struct guestd *g)
{
	const struct ward *ward =
		g->autostarted
			? ward_find(g, g->autostart.v[g->autostarted - 1])
			: NULL;

	return ward && ward->phase == PHASE_BUILDING;
}

/* Are the bridges there that its interfaces are to be ports of? */
static bool has_bridges(const char *name)
{
	auto_guestconf struct guestconf conf = { 0 };
	autofree char *path = guestconf_path(name);
	struct pvn_err err = { 0 };

	/* why it can't be read will be said when it is started */
	if (guestconf_read(path, &conf, &err))
		return true;
	for (size_t i = 0; i < conf.n_vifs; i++) {
		const char *bridge = conf.vifs[i].bridge;
		autofree char *dev = xasprintf(
			"/sys/class/net/%s", bridge ? bridge : DEFAULT_BRIDGE);

		if (!file_exists(dev))
			return false;
	}
	return true;
}

void autostart_tick(struct guestd *g, int64_t now, int64_t *next_io)
{
	if (g->halt_deadline || is_starting(g))
		return;
	while (g->autostarted < g->autostart.n) {
		const char *name = g->autostart.v[g->autostarted];
		struct ward *ward = ward_find(g, name);
		bool queued = is_queued(ward);

		if (queued && now < g->autostart_deadline &&
		    !has_bridges(name)) {
			*next_io = now + LOOK_MS < *next_io ? now + LOOK_MS
							    : *next_io;
			return;
		}
		g->autostarted++;
		if (queued) { /* life_tick() does it, and again if it fails */
			ward->due = now;
			*next_io = now;
			return;
		}
	}
}

static bool has_domain(const struct ward *ward)
{
	return ward->phase == PHASE_UP || ward->phase == PHASE_BUILDING ||
	       ward->phase == PHASE_LEAVING;
}

static size_t count_domains(const struct guestd *g)
{
	size_t n = 0;

	for (const struct ward *ward = g->wards; ward; ward = ward->next)
		n += has_domain(ward);
	return n;
}

/* What is paused would not hear the request; but what the pool has no space for
 * stays so: its writes would fail. */
static void let_hear(struct guestd *g, const struct ward *ward)
{
	if (pool_paused_domain(ward->name) != ward->domid) {
		libxl_domain_unpause(g->ctx, ward->domid, NULL);
		return;
	}
	say(LOG_WARNING, "guest '%s' stays paused, " POOL_PAUSED_WHY,
	    ward->name);
	server_say(g, false,
		   "guest '%s' stays paused, " POOL_PAUSED_WHY
		   ", and is cut off at the end",
		   ward->name);
}

static void halt_guest(struct guestd *g, struct ward *ward)
{
	struct pvn_err err = { 0 };

	if (ward->phase == PHASE_UP && !ward->stopped)
		let_hear(g, ward);
	if (ward_stop(g, ward, &err)) {
		say(LOG_ERR, "%s", err.msg);
		server_say(g, false, "%s", err.msg);
	}
}

/* The last to start is the first to be asked; nobody is waited for. */
static void halt_all(struct guestd *g, size_t n)
{
	autofree struct entry *v = xcalloc(n + 1, sizeof(*v));
	size_t i = 0;

	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		if (has_domain(ward))
			v[i++] = (struct entry){ ward->name,
						 order_of(ward->name) };
	}
	qsort(v, i, sizeof(*v), by_order);
	while (i--)
		halt_guest(g, ward_find(g, v[i].name));
}

void halt_begin(struct guestd *g, unsigned int seconds)
{
	bool again = g->halt_deadline && !g->halt_over;

	g->halt_deadline = now_ms() + seconds * 1000LL;
	g->halt_cut_off = false;
	g->halt_over = false;
	if (again)
		return;
	spares_drop(g, NULL);
	adopt_scan(g);
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		if (ward->phase == PHASE_WAITING)
			halt_guest(g, ward);
	}
	g->halt_left = count_domains(g);
	if (!g->halt_left)
		return;
	say(LOG_NOTICE, "shutting %zu guests down", g->halt_left);
	server_say(g, false, "shutting %zu guest%s down, at most %u s",
		   g->halt_left, g->halt_left == 1 ? "" : "s", seconds);
	halt_all(g, g->halt_left);
}

static void cut_off(struct guestd *g, int64_t now)
{
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		struct pvn_err err = { 0 };

		if (ward->phase != PHASE_UP)
			continue;
		say(LOG_WARNING, "guest '%s' did not shut down, it is cut off",
		    ward->name);
		server_say(g, false,
			   "guest '%s' did not shut down, it is cut off",
			   ward->name);
		ward_kill(g, ward, &err);
	}
	g->halt_cut_off = true;
	g->halt_deadline = now + CUT_OFF_MS;
}

void halt_tick(struct guestd *g, int64_t now, int64_t *next_io)
{
	size_t left;

	if (g->halt_over && now >= g->halt_deadline) {
		g->halt_over = false;
		g->halt_deadline = 0;
	}
	if (!g->halt_deadline)
		return;
	if (g->halt_deadline < *next_io)
		*next_io = g->halt_deadline;
	if (g->halt_over)
		return;
	left = count_domains(g);
	if (left && now >= g->halt_deadline && !g->halt_cut_off)
		cut_off(g, now);
	if (!left || now >= g->halt_deadline) {
		server_say(g, true, "%s",
			   left ? "some guests can't be stopped" : "");
		g->halt_over = true;
		g->halt_deadline = now + OVER_MS;
		*next_io = now;
		return;
	}
	if (left != g->halt_left)
		server_say(g, false, "%zu guest%s left", left,
			   left == 1 ? "" : "s");
	g->halt_left = left;
}
