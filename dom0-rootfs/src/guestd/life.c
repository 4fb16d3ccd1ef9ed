/* SPDX-License-Identifier: GPL-2.0-or-later */
/* life.c: what happens to a guest: it is built, runs, stops and leaves. */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include "../lib/file.h"
#include "build.h"
#include "guestd.h"

/* An 'xl' that made a domain looks after it; only when it has not done so for
 * this long do we. Two that destroy the same domain take the devices from under
 * each other, and hotplug is called by neither. */
#define GRACE_MS 5000
/* What could not be destroyed is tried again after this. */
#define RETRY_MS 10000
/* Somebody saves it to a file: so often it is looked whether it goes on. */
#define SUSPENDED_MS 1000

static libxl_asyncop_how how_for(struct ward *ward)
{
	return (libxl_asyncop_how){ .u.for_event = (uintptr_t)ward };
}

static void set_phase(struct ward *ward, enum phase phase)
{
	ward->phase = phase;
	if (phase == PHASE_DOWN || phase == PHASE_WAITING ||
	    phase == PHASE_CRASHED) {
		ward->domid = 0;
		ward->misnamed = false;
		ward->stopped = false;
		ward->look = 0;
	}
	if (phase == PHASE_DOWN) {
		ward->crashes.n = 0;
		ward->asked = false;
	}
	record_write(ward);
}

static void unwatch(struct guestd *g, struct ward *ward)
{
	if (!ward->death)
		return;
	libxl_evdisable_domain_death(g->ctx, ward->death);
	ward->death = NULL;
	watches_remove(g, ward);
}

static void watch(struct guestd *g, struct ward *ward)
{
	unwatch(g, ward);
	if (libxl_evenable_domain_death(g->ctx, ward->domid, 0, &ward->death))
		say(LOG_ERR, "cannot watch over guest '%s'", ward->name);
	else
		watches_add(g, ward);
}

/* How the guest took it; its end is another event. */
static void heard(libxl_ctx *ctx, int result, void *for_callback)
{
	(void)ctx;
	if (result)
		say(LOG_WARNING,
		    "domain %u does not answer when it is asked to shut down",
		    (unsigned int)(uintptr_t)for_callback);
}

/* One that is paused or hangs answers not at all, which libxl waits a minute for. */
static int ask_to_shut_down(struct guestd *g, const struct ward *ward)
{
	const libxl_asyncop_how how = {
		.callback = heard,
		.u.for_callback = (void *)(uintptr_t)ward->domid
	};

	return libxl_domain_shutdown(g->ctx, ward->domid, &how);
}

/* After a crash, or a restart that failed: later, or not at all. */
static enum phase after_crash(struct ward *ward)
{
	int64_t delay = policy_crashed(&ward->crashes, now_ms());

	if (delay < 0) {
		say(LOG_ERR,
		    "guest '%s' crashed %d times within %d minutes and stays down",
		    ward->name, POLICY_CRASHES, POLICY_WINDOW_MS / 60000);
		return PHASE_CRASHED;
	}
	say(LOG_NOTICE, "guest '%s' is started again in %d s", ward->name,
	    (int)(delay / 1000));
	ward->due = now_ms() + delay;
	return PHASE_WAITING;
}

static void start_failed(struct guestd *g, struct ward *ward,
			 const struct pvn_err *err)
{
	bool again = !ward->asked && ward->wish == WISH_NONE &&
		     !g->halt_deadline;

	say(LOG_ERR, "guest '%s' does not start: %s", ward->name, err->msg);
	set_phase(ward, again ? after_crash(ward) : PHASE_DOWN);
	ward->wish = WISH_NONE;
	server_started(g, ward, err);
	server_gone(g, ward);
}

static void build_ended(struct guestd *g, struct ward *ward, int result)
{
	struct pvn_err err = { 0 };

	ward->built = now_ms();
	build_forget(ward);
	if (result) {
		xl_error(ward->error_mark, 0, &err, "cannot make its domain");
		start_failed(g, ward, &err);
		return;
	}
	watch(g, ward);
	if (libxl_domain_unpause(g->ctx, ward->domid, NULL)) {
		xl_error(ward->error_mark, ward->domid, &err,
			 "cannot unpause its domain");
		say(LOG_ERR, "guest '%s': %s", ward->name, err.msg);
		server_started(g, ward, &err);
		ward_leave(g, ward, PHASE_DOWN);
		return;
	}
	ward->asked = false;
	set_phase(ward, PHASE_UP);
	snprintf(ward->times, sizeof(ward->times),
		 "prepare=%d build=%d unpause=%d",
		 (int)(ward->prepared - ward->begun),
		 (int)(ward->built - ward->prepared),
		 (int)(now_ms() - ward->built));
	say(LOG_INFO, "guest '%s' is started as domain %u (ms: %s)", ward->name,
	    ward->domid, ward->times);
	server_started(g, ward, NULL);
	spares_guest_boots(g);
	upkeep_ask(g);
	pool_look_soon(g);
	if (ward->wish == WISH_KILL)
		ward_leave(g, ward, PHASE_DOWN);
	else if (ward->wish == WISH_STOP && ask_to_shut_down(g, ward))
		say(LOG_ERR, "guest '%s' can't be asked to shut down",
		    ward->name);
}

static int begin_build(struct guestd *g, struct ward *ward, struct pvn_err *err)
{
	libxl_asyncop_how how = how_for(ward);
	int rc;

	ward->begun = now_ms();
	rc = build_prepare(g, ward, err);
	if (rc)
		return rc;
	ward->ours = true;
	ward->wish = WISH_NONE;
	ward->error_mark = xl_mark();
	ward->prepared = now_ms();
	set_phase(ward, PHASE_BUILDING);
	rc = spares_take(g, ward, err);
	if (rc != -ENOENT) {
		if (!rc)
			build_ended(g, ward, 0);
		else
			build_forget(ward);
		return rc;
	}
	if (libxl_domain_create_new(g->ctx, ward->config, &ward->domid, &how,
				    NULL)) {
		build_forget(ward);
		ward->phase = PHASE_DOWN;
		return xl_error(ward->error_mark, 0, err,
				"cannot make its domain");
	}
	return 0;
}

int ward_start(struct guestd *g, struct ward *ward, struct pvn_err *err)
{
	int rc;

	if (g->halt_deadline)
		return pvn_err(err, -ESHUTDOWN, "the host is going down");
	switch (ward->phase) {
	case PHASE_UP:
		if (ward->stopped)
			return pvn_err(
				err, -EBUSY,
				"guest '%s' %s and is kept as it is ('guest stop --force %s' removes it)",
				ward->name, policy_reason_name(ward->reason),
				ward->name);
		ward->wish = WISH_NONE;
		ward->times[0] = '\0';
		server_started(g, ward, NULL);
		return 0;
	case PHASE_BUILDING:
		ward->asked = true;
		return 0;
	case PHASE_LEAVING:
		ward->asked = true;
		ward->after = PHASE_WAITING;
		ward->due = 0;
		ward->crashes.n = 0;
		record_write(ward);
		return 0;
	case PHASE_DOWN:
	case PHASE_WAITING:
	case PHASE_CRASHED:
		break;
	}
	ward->crashes.n = 0;
	ward->asked = true;
	rc = begin_build(g, ward, err);
	if (rc)
		set_phase(ward, PHASE_DOWN);
	return rc;
}

/* It could not be destroyed. */
static void stays(struct guestd *g, struct ward *ward)
{
	struct pvn_err err = { 0 };

	xl_error(ward->error_mark, ward->domid, &err,
		 "cannot destroy its domain");
	say(LOG_ERR, "guest '%s': %s", ward->name, err.msg);
	set_phase(ward, PHASE_UP);
	if (ward->stopped)
		ward->due = now_ms() + RETRY_MS;
	else
		ward->wish = WISH_NONE;
	watch(g, ward);
	ward->asked = false;
	server_started(g, ward, &err);
	server_not_gone(g, ward, &err);
}

void ward_leave(struct guestd *g, struct ward *ward, enum phase after)
{
	libxl_asyncop_how how = how_for(ward);

	unwatch(g, ward);
	ward->after = after;
	ward->error_mark = xl_mark();
	set_phase(ward, PHASE_LEAVING);
	if (libxl_domain_destroy(g->ctx, ward->domid, &how))
		stays(g, ward);
}

/* Is there still something to destroy? */
static bool is_there(struct guestd *g, uint32_t domid)
{
	libxl_dominfo info;
	bool there;

	libxl_dominfo_init(&info);
	there = !libxl_domain_info(g->ctx, &info, domid) && !info.dying;
	libxl_dominfo_dispose(&info);
	return there;
}

static void leave_ended(struct guestd *g, struct ward *ward, int result)
{
	struct pvn_err err = { 0 };

	if (result && is_there(g, ward->domid)) {
		stays(g, ward);
		return;
	}
	ward->wish = WISH_NONE;
	set_phase(ward, ward->after);
	if (ward->phase == PHASE_DOWN) {
		say(LOG_INFO, "guest '%s' is down", ward->name);
		pvn_err(&err, -ECANCELED, "guest '%s' was stopped meanwhile",
			ward->name);
		server_started(g, ward, &err);
	}
	server_gone(g, ward);
}

/* What its file says is to come after it stopped like that. */
static void leave_by_policy(struct guestd *g, struct ward *ward)
{
	auto_guestconf struct guestconf conf = { 0 };
	autofree char *path = guestconf_path(ward->name);
	struct pvn_err err = { 0 };
	enum conf_action action;

	if (!file_exists(path)) {
		if (ward->ours)
			ward_leave(g, ward, PHASE_DOWN);
		return; /* none of ours: not our business */
	}
	/* It is then empty: one that reboots comes back when the file is whole. */
	if (guestconf_read(path, &conf, &err))
		say(LOG_ERR, "guest '%s': %s", ward->name, err.msg);
	action = policy_action(&conf, ward->reason);
	if (action == ACTION_PRESERVE) {
		say(LOG_NOTICE, "guest '%s' is kept as it is", ward->name);
		return;
	}
	ward->due = 0;
	if (action == ACTION_DESTROY || g->halt_deadline)
		ward_leave(g, ward, PHASE_DOWN);
	else if (policy_is_crash(ward->reason))
		ward_leave(g, ward, after_crash(ward));
	else
		ward_leave(g, ward, PHASE_WAITING);
}

static void act_on_stop(struct guestd *g, struct ward *ward)
{
	ward->due = 0;
	watches_catch_up(g); /* its file is that of its name */
	if (ward->wish != WISH_NONE)
		ward_leave(g, ward, PHASE_DOWN);
	else
		leave_by_policy(g, ward);
}

static void stopped(struct guestd *g, struct ward *ward, int reason)
{
	if (reason == REASON_SUSPEND) {
		/* a new watch would report it again at once */
		unwatch(g, ward);
		ward->look = now_ms() + SUSPENDED_MS;
		return;
	}
	if (ward->stopped)
		return;
	ward->stopped = true;
	ward->reason = reason;
	say(LOG_NOTICE, "guest '%s' %s", ward->name,
	    policy_reason_name(reason));
	if (ward->ours)
		act_on_stop(g, ward);
	else
		ward->due = now_ms() + GRACE_MS;
}

/* Someone else destroyed it. */
static void vanished(struct guestd *g, struct ward *ward)
{
	unwatch(g, ward);
	ward->wish = WISH_NONE;
	say(LOG_NOTICE, "guest '%s' was destroyed", ward->name);
	set_phase(ward, PHASE_DOWN);
	server_gone(g, ward);
}

/* It was suspended: does it run again, or is it gone? */
static void look_at_suspended(struct guestd *g, struct ward *ward)
{
	libxl_dominfo info;

	ward->look = 0;
	libxl_dominfo_init(&info);
	if (libxl_domain_info(g->ctx, &info, ward->domid) || info.dying)
		vanished(g, ward);
	else if (info.shutdown)
		stopped(g, ward, (int)info.shutdown_reason);
	else
		watch(g, ward);
	libxl_dominfo_dispose(&info);
}

static int shut_down(struct guestd *g, struct ward *ward, struct pvn_err *err)
{
	unsigned long mark = xl_mark();

	if (ask_to_shut_down(g, ward))
		return xl_error(mark, ward->domid, err,
				"cannot ask guest '%s' to shut down",
				ward->name);
	return 0;
}

/* A person wants it down: by asking it (WISH_STOP) or at once. */
static int bring_down(struct guestd *g, struct ward *ward, enum wish wish,
		      struct pvn_err *err)
{
	int rc;

	switch (ward->phase) {
	case PHASE_UP:
		if (wish == WISH_KILL || ward->stopped) {
			ward->wish = wish;
			ward_leave(g, ward, PHASE_DOWN);
			return 0;
		}
		rc = shut_down(g, ward, err);
		if (!rc)
			ward->wish = wish;
		return rc;
	case PHASE_BUILDING:
		ward->wish = wish;
		return 0;
	case PHASE_LEAVING:
		ward->after = PHASE_DOWN;
		record_write(ward);
		return 0;
	case PHASE_DOWN:
	case PHASE_WAITING:
	case PHASE_CRASHED:
		break;
	}
	set_phase(ward, PHASE_DOWN);
	server_gone(g, ward);
	return 0;
}

int ward_stop(struct guestd *g, struct ward *ward, struct pvn_err *err)
{
	return bring_down(g, ward, WISH_STOP, err);
}

int ward_kill(struct guestd *g, struct ward *ward, struct pvn_err *err)
{
	return bring_down(g, ward, WISH_KILL, err);
}

void ward_adopt(struct guestd *g, struct ward *ward, const libxl_dominfo *info,
		bool ours)
{
	ward->domid = info->domid;
	snprintf(ward->uuid, sizeof(ward->uuid), LIBXL_UUID_FMT,
		 LIBXL_UUID_BYTES(info->uuid));
	ward->ours = ours;
	ward->wish = WISH_NONE;
	ward->due = 0;
	ward->stopped = false;
	set_phase(ward, PHASE_UP);
	watch(g, ward);
	if (info->shutdown)
		stopped(g, ward, (int)info->shutdown_reason);
}

static void operation_ended(struct guestd *g, struct ward *ward, int result)
{
	if (ward->phase == PHASE_BUILDING)
		build_ended(g, ward, result);
	else if (ward->phase == PHASE_LEAVING)
		leave_ended(g, ward, result);
}

void life_event(struct guestd *g, const libxl_event *event)
{
	struct ward *ward;

	if (event->type == LIBXL_EVENT_TYPE_OPERATION_COMPLETE) {
		operation_ended(g, (struct ward *)(uintptr_t)event->for_user,
				event->u.operation_complete.rc);
		return;
	}
	ward = ward_find_domain(g, event->domid);
	if (!ward || ward->phase != PHASE_UP)
		return;
	if (event->type == LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN)
		stopped(g, ward, event->u.domain_shutdown.shutdown_reason);
	else if (event->type == LIBXL_EVENT_TYPE_DOMAIN_DEATH)
		vanished(g, ward);
}

static void restart(struct guestd *g, struct ward *ward)
{
	struct pvn_err err = { 0 };

	if (begin_build(g, ward, &err))
		start_failed(g, ward, &err);
}

/* When there is something to do for it, in ms; INT64_MAX: never. */
static int64_t next_turn(const struct guestd *g, const struct ward *ward)
{
	if (ward->phase == PHASE_WAITING && !g->halt_deadline)
		return ward->due;
	if (ward->phase == PHASE_UP && ward->stopped && ward->due)
		return ward->due;
	if (ward->phase == PHASE_UP && ward->look)
		return ward->look;
	return INT64_MAX;
}

void life_tick(struct guestd *g, int64_t now, int64_t *next_io)
{
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		int64_t next;

		if (next_turn(g, ward) <= now) {
			if (ward->phase == PHASE_WAITING)
				restart(g, ward);
			else if (ward->stopped)
				act_on_stop(g, ward);
			else
				look_at_suspended(g, ward);
		}
		next = next_turn(g, ward);
		if (next < *next_io)
			*next_io = next;
	}
}
