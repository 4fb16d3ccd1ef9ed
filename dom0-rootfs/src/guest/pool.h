/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool.h: the thin pool: what is in it, what was promised, and when it is enough. */
#ifndef PVN_POOL_H
#define PVN_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/kv.h"
#include "volume.h"

#define POOL_CONF "/etc/paravane/pool"

/* Percentages of the pool's size; from POOL_CONF. */
struct pool_limits {
	unsigned int data; /* no new guest above this use of its data ... */
	unsigned int metadata; /* ... or of its metadata */
	unsigned int overcommit; /* what guests may be promised; 0: no limit */
	unsigned int warning; /* said in the log */
	unsigned int reserve; /* left when guests that write are paused */
};

#define POOL_LIMITS_DEFAULT                     \
	((struct pool_limits){ .data = 90,      \
			       .metadata = 80,  \
			       .overcommit = 0, \
			       .warning = 80,   \
			       .reserve = 5 })

/* Take what @conf says of them: data-limit, metadata-limit, overcommit, warning,
 * reserve. An unknown key or a bad value is an error. */
int pool_limits_parse(const struct kv_list *conf, struct pool_limits *limits,
		      struct pvn_err *err);
/* The same from POOL_CONF, which need not be there. */
int pool_limits_read(struct pool_limits *limits, struct pvn_err *err);

/* What device-mapper says of the pool. */
struct pool_status {
	uint64_t data_bytes, data_used;
	uint64_t meta_bytes, meta_used;
	uint64_t chunk;
	bool read_only; /* it was full, or its metadata failed */
	bool out_of_space;
};

/* Parse its table's and its status's parameters. Returns 0 or -EBADMSG. */
int pool_status_parse(const char *table, const char *status,
		      struct pool_status *st, struct pvn_err *err);
/* Ask the kernel: two calls, no other program. */
int pool_status_read(const char *vg, const char *pool, struct pool_status *st,
		     struct pvn_err *err);

/* The same; an installed pool that is not active is activated for it. */
int pool_status_ask(const char *vg, const char *pool, struct pool_status *st,
		    struct pvn_err *err);

/* Fill in how much of the volume @pool of @vg is used: 'lvs' knows that only while one of its
 * volumes is active, device-mapper always. */
int pool_measure(const char *vg, struct volume *pool, struct pvn_err *err);
/* Do so for the volume of that name in the list, which need not be there. */
int pool_measure_in(const struct volume_list *volumes, const char *vg,
		    const char *pool, struct pvn_err *err);

/* How much of a pool of @bytes is kept, in bytes, for what is under way when guests are
 * paused. */
uint64_t pool_reserve(const struct pool_limits *limits, uint64_t bytes);

/* What is free in it; how full its metadata is. */
uint64_t pool_left(const struct pool_status *st);
unsigned int pool_meta_percent(const struct pool_status *st);

/* A pool's metadata that is so full is as bad as no space. */
#define POOL_META_PERCENT 92U
/* Are guests that write paused now? */
bool pool_is_tight(const struct pool_limits *limits,
		   const struct pool_status *st);
/* "ok", "warning" (the log says so), "full" (no guest is made, or guests that write are paused);
 * @paused: one is still, see pool_guard.h. */
const char *pool_level_name(const struct pool_limits *limits,
			    const struct pool_status *st, bool paused);

/* What may be written to it now without a guest being paused for that. */
uint64_t pool_room(const struct pool_limits *limits, uint64_t bytes,
		   uint64_t used);

/* Writes much into the pool, and stops before guests must be paused. */
struct pool_gauge {
	const char *vg,
		*pool; /* borrowed; NULL: 'room' is all there is to know */
	struct pool_limits limits;
	uint64_t room; /* what may be written, as of the last look */
	uint64_t written; /* since then */
	uint64_t step; /* when to look again */
};

/* @bytes are about to be written to @fd. From time to time what is on its way is waited for and
 * the pool looked at: -ENOSPC when there is no room for them. */
int pool_gauge_add(struct pool_gauge *gauge, int fd, uint64_t bytes,
		   struct pvn_err *err);
/* Look now, for what another process writes. */
int pool_gauge_look(struct pool_gauge *gauge, struct pvn_err *err);
/* -ENOSPC, and what to do about it. */
int pool_no_room(struct pvn_err *err);

/* The sum of what the guests' volumes may grow to. */
uint64_t pool_committed(const struct volume_list *volumes);

/* May a guest be made that will have @more bytes of disk? */
int pool_admit(const struct pool_limits *limits, const struct volume *pool,
	       uint64_t committed, uint64_t more, struct pvn_err *err);

#endif
