/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestd.h: what the parts of guestd share.
 *
 * One thread, one loop. Whatever takes long is an asynchronous operation of libxl,
 * and its end is an event; for each guest at most one runs at a time. What a guest
 * is about to become is in RECORDS/NAME before it is done, so that a guestd that
 * was killed knows what to finish. */
#ifndef PVN_GUESTD_H
#define PVN_GUESTD_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>
#include "../guest/guestd_paths.h"
#include "../guest/spare.h"
#include "../guest/xl.h"
#include "../lib/err.h"
#include "../lib/mem.h"
#include "policy.h"
#include "request.h"

#define SOCKET_PATH GUESTD_SOCKET
#define RECORDS GUESTD_RECORDS
#define AUTOSTART_DONE RECORDS "/.autostart-done"

enum phase {
	PHASE_DOWN, /* no domain */
	PHASE_BUILDING, /* libxl makes its domain */
	PHASE_UP, /* there is a domain; it may have stopped and be preserved */
	PHASE_LEAVING, /* libxl destroys its domain */
	PHASE_WAITING, /* down, to be started at 'due' */
	PHASE_CRASHED, /* down: it crashed too often */
};

enum wish { WISH_NONE, WISH_STOP, WISH_KILL };

/* A guest in our care. */
struct ward {
	struct ward *next;
	char *name;
	enum phase phase;
	uint32_t domid; /* 0: none */
	char uuid[37]; /* of the domain that is there or being made */
	bool ours; /* guestd made the domain, so no 'xl' looks after it */
	enum phase after; /* LEAVING: what comes next; DOWN, WAITING or CRASHED */
	enum wish wish; /* of a person; counts more than what its file says */
	bool asked; /* a person wants it started: a failure is told, not tried again */
	bool misnamed; /* UP: the domain has another name, which is taken */
	bool stopped; /* UP: the domain has shut down (or is preserved) */
	int reason; /* ... for this reason */
	int64_t due; /* in ms: start (WAITING), or act on a stopped domain */
	int64_t look; /* UP, suspended: when to see whether it runs again; 0: it is not */
	int64_t begun, prepared, built; /* when BUILDING got so far, in ms */
	char times[48]; /* how long that took, for the client */
	unsigned long error_mark; /* see xl_error() */
	struct policy_crashes crashes;
	libxl_evgen_domain_death *death;
	libxl_domain_config *config; /* while BUILDING */
};

/* A client; see server.c. */
struct client {
	struct client *next;
	int fd;
	size_t len;
	char line[REQUEST_MAX];
	bool waits; /* its request is understood and under way */
	bool done; /* answered; to be closed */
	struct request request;
	int64_t deadline; /* of REQUEST_STOP */
	uint32_t held; /* the domain that is paused for it; 0: none */
};

struct pool_watch;
struct spare_domain;
struct upkeep;

#define SPARE_ID_MAX (SPARE_ID_LEN + 1)

struct guestd {
	libxl_ctx *ctx;
	struct xs_handle *xs; /* for watches */
	struct ward *wards;
	struct client *clients;
	int listener;
	int64_t halt_deadline; /* all guests are to be gone then; 0: not halting */
	bool halt_cut_off; /* the time is over, the rest is destroyed */
	bool halt_over; /* that is done, too; until the deadline none is started */
	size_t halt_left; /* as last said */
	int64_t autostart_deadline; /* until then their bridges are waited for */
	struct strlist autostart; /* who is to be started, in order */
	size_t autostarted; /* how many of them had their turn */
	struct pool_watch *pool;
	struct spare_domain *spares;
	int64_t spares_pause; /* none is made until then; 0: now */
	int64_t spares_one_until; /* one is enough until then; 0: now */
	struct upkeep *upkeep;
};

/* --- main.c --- */
int64_t now_ms(void);
void say(int priority, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* --- xl.c: the connection to Xen --- */
int xl_open(struct guestd *g, struct pvn_err *err);
/* Errors of libxl after this call ... */
unsigned long xl_mark(void);
/* ... the first of them which isn't about another domain, as "what: cause". */
int xl_error(unsigned long mark, uint32_t domid, struct pvn_err *err,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* --- wards.c: the table --- */
struct ward *ward_find(struct guestd *g, const char *name);
struct ward *ward_find_domain(struct guestd *g, uint32_t domid);
/* The one of that name, made if need be. */
struct ward *ward_get(struct guestd *g, const char *name);
void ward_rename(struct ward *ward, const char *name);
/* Forget those of which there is nothing to remember. */
void wards_sweep(struct guestd *g);
/* Write what is to be known after a crash of ours, or remove it where that is
 * nothing. */
void record_write(const struct ward *ward);
/* Fill in the table from the files. */
void records_read(struct guestd *g);

/* --- record.c: what a guestd leaves for the next one --- */
/* A guest's record, or NULL: there is nothing to remember. Caller frees. */
char *record_text(const struct ward *ward);
/* Fill in the ward, or return false and leave its phase as it is. */
bool record_parse(const char *line, struct ward *ward);

/* What becomes of a guest when the next guestd finds its record: go to 'phase' ... */
struct recovery {
	enum {
		RECOVER_NONE, /* ... as there is no domain */
		RECOVER_LEAVE, /* ... after its domain is destroyed */
		RECOVER_ADOPT, /* ... with the domain, which a guestd made */
		RECOVER_ADOPT_FOREIGN, /* ... with the domain of someone else */
	} act;
	enum phase phase;
};

/* @there: its domain is; @paused: that is paused. */
struct recovery record_recovery(enum phase phase, enum phase after, bool there,
				bool paused);

/* --- life.c: what happens to a guest --- */
/* Each returns 0 when it is under way, or done already; the clients that wait are
 * answered when it ends. */
int ward_start(struct guestd *g, struct ward *ward, struct pvn_err *err);
int ward_stop(struct guestd *g, struct ward *ward, struct pvn_err *err);
int ward_kill(struct guestd *g, struct ward *ward, struct pvn_err *err);
/* Destroy its domain, then go on to that phase. */
void ward_leave(struct guestd *g, struct ward *ward, enum phase after);
/* Take on a domain that is there. */
void ward_adopt(struct guestd *g, struct ward *ward, const libxl_dominfo *info,
		bool ours);
void life_event(struct guestd *g, const libxl_event *event);
/* Do what is due; lowers *next_io to when to call again. */
void life_tick(struct guestd *g, int64_t now, int64_t *next_io);

/* --- watches.c: which domains there are, and their names --- */
int watches_begin(struct guestd *g, struct pvn_err *err);
/* Follow the name of its domain, until the other is called. */
void watches_add(struct guestd *g, const struct ward *ward);
void watches_remove(struct guestd *g, const struct ward *ward);
void watches_handle(struct guestd *g);
/* The table has what xenstore has at that moment. */
void watches_catch_up(struct guestd *g);

/* --- adopt.c: domains that someone else made, or a guestd before us --- */
void adopt_recover(struct guestd *g);
void adopt_scan(struct guestd *g);
/* Has a domain that is none of the table's that name? It may be being made. */
bool adopt_is_taken(struct guestd *g, const char *name);
/* The guest of that name, also after a domain was renamed; NULL: none known. */
struct ward *adopt_find(struct guestd *g, const char *name);

/* --- server.c: clients --- */
int server_open(struct guestd *g, struct pvn_err *err);
void server_accept(struct guestd *g);
void server_read(struct guestd *g, struct client *client);
void server_tick(struct guestd *g, int64_t now, int64_t *next_io);
/* The guest runs, is down, or *err says why the start failed. */
void server_started(struct guestd *g, const struct ward *ward,
		    const struct pvn_err *err);
void server_gone(struct guestd *g, const struct ward *ward);
/* A stop or kill failed. */
void server_not_gone(struct guestd *g, const struct ward *ward,
		     const struct pvn_err *err);
/* Tell those that wait for all guests to be gone; @last: that is all. */
void server_say(struct guestd *g, bool last, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool server_waits_for(const struct guestd *g, const char *name);

/* --- boot.c: the host's begin and end --- */
void autostart_begin(struct guestd *g);
void autostart_tick(struct guestd *g, int64_t now, int64_t *next_io);
void halt_begin(struct guestd *g, unsigned int seconds);
void halt_tick(struct guestd *g, int64_t now, int64_t *next_io);

/* --- spares.c: domains that are made ahead of need --- */
void spares_begin(struct guestd *g);
/* A guest begins to boot: where there is one, another spare can wait. */
void spares_guest_boots(struct guestd *g);
/* Is one more to be made? Those that nobody wants any more are removed. */
bool spares_wanted(struct guestd *g);
/* Its volumes are there: make its domain. */
void spares_build(struct guestd *g, const char *id);
void spares_tick(struct guestd *g);
/* Give the ward the domain that was made for its UUID, with its name, still paused.
 * -ENOENT: there is none. */
int spares_take(struct guestd *g, struct ward *ward, struct pvn_err *err);
/* Is the domain one of them? */
bool spares_have(const struct guestd *g, uint32_t domid);
/* Remove that one, or all (NULL), and make none for a while. Returns false when some
 * are still being built. */
bool spares_drop(struct guestd *g, const char *id);

/* --- upkeep.c: what is done when there is time --- */
/* There is something to do. */
void upkeep_ask(struct guestd *g);
/* Its descriptor, to be polled for reading; negative: it doesn't run. */
int upkeep_fd(struct guestd *g);
void upkeep_read(struct guestd *g);
void upkeep_tick(struct guestd *g, int64_t now, int64_t *next_io);

/* --- pool_watch.c: before the pool is full, who writes is paused --- */
void pool_tick(struct guestd *g, int64_t now, int64_t *next_io);
/* A guest begins to run, maybe the first that has the pool in use. */
void pool_look_soon(struct guestd *g);

#endif
