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

/* The sum of what the guests' volumes may grow to. */
uint64_t pool_committed(const struct volume_list *volumes);

/* May a guest be made that will have @more bytes of disk? */
int pool_admit(const struct pool_limits *limits, const struct volume *pool,
	       uint64_t committed, uint64_t more, struct pvn_err *err);

#endif
