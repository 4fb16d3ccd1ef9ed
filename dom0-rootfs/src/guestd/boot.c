/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot.c: the guests that start with the host, and all of them when it goes down. */
#include <string.h>
#include <syslog.h>
#include "../guest/guests.h"
#include "../lib/file.h"
#include "guestd.h"

#define LOOK_MS 250
/* So long guests wait for the network; then they start all the same. */
#define NETWORK_MS 60000
/* To destroy what did not shut down in time. */
#define CUT_OFF_MS 30000

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

static void list_autostart(struct strlist *list)
{
	auto_strlist struct strlist names = { 0 };
	autofree struct entry *v = NULL;
	size_t n = 0;

	guests_conf_names(&names);
	v = xcalloc(names.n + 1, sizeof(*v));
	for (size_t i = 0; i < names.n; i++) {
		auto_guestconf struct guestconf conf = { 0 };
		autofree char *path = guestconf_path(names.v[i]);
		struct pvn_err err = { 0 };

		if (guestconf_read(path, &conf, &err))
			say(LOG_ERR, "guest '%s' does not start: %s",
			    names.v[i], err.msg);
		else if (conf.autostart)
			v[n++] = (struct entry){ names.v[i], conf.order };
	}
	qsort(v, n, sizeof(*v), by_order);
	for (size_t i = 0; i < n; i++)
		strlist_add(list, v[i].name);
}

void autostart_begin(struct guestd *g)
{
	if (file_exists(AUTOSTART_DONE))
		return;
	list_autostart(&g->autostart);
	g->autostart_deadline = now_ms() + NETWORK_MS;
}

static void autostart_end(struct guestd *g)
{
	struct pvn_err err = { 0 };

	g->autostart_deadline = 0;
	strlist_free(&g->autostart);
	if (file_write(AUTOSTART_DONE, "", 0600, &err))
		say(LOG_ERR, "%s", err.msg);
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

void autostart_tick(struct guestd *g, int64_t now, int64_t *next_io)
{
	if (!g->autostart_deadline || is_starting(g))
		return;
	if (!g->autostarted && g->autostart.n && now < g->autostart_deadline &&
	    !file_exists("/sys/class/net/" DEFAULT_BRIDGE)) {
		*next_io = now + LOOK_MS < *next_io ? now + LOOK_MS : *next_io;
		return;
	}
	while (g->autostarted < g->autostart.n && !g->halt_deadline) {
		const char *name = g->autostart.v[g->autostarted++];
		struct ward *ward = ward_get(g, name);
		struct pvn_err err = { 0 };

		if (ward_start(g, ward, &err))
			say(LOG_ERR, "guest '%s' does not start: %s", name,
			    err.msg);
		else if (ward->phase == PHASE_BUILDING)
			return;
	}
	autostart_end(g);
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

static void halt_guest(struct guestd *g, struct ward *ward)
{
	struct pvn_err err = { 0 };

	/* What is paused would not hear it. */
	if (ward->phase == PHASE_UP && !ward->stopped)
		libxl_domain_unpause(g->ctx, ward->domid, NULL);
	if (ward_stop(g, ward, &err)) {
		say(LOG_ERR, "%s", err.msg);
		server_say(g, false, "%s", err.msg);
	}
}

static unsigned int order_of(const char *name)
{
	auto_guestconf struct guestconf conf = { 0 };
	autofree char *path = guestconf_path(name);
	struct pvn_err err = { 0 };

	return guestconf_read(path, &conf, &err) ? 0 : conf.order;
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
	bool again = g->halt_deadline != 0;

	g->halt_deadline = now_ms() + seconds * 1000LL;
	g->halt_cut_off = false;
	if (again)
		return;
	adopt_scan(g);
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

	if (!g->halt_deadline)
		return;
	left = count_domains(g);
	if (left && now >= g->halt_deadline && !g->halt_cut_off)
		cut_off(g, now);
	if (!left || now >= g->halt_deadline) {
		server_say(g, true, "%s",
			   left ? "some guests can't be stopped" : "");
		return;
	}
	if (left != g->halt_left)
		server_say(g, false, "%zu guest%s left", left,
			   left == 1 ? "" : "s");
	g->halt_left = left;
	if (g->halt_deadline < *next_io)
		*next_io = g->halt_deadline;
}
