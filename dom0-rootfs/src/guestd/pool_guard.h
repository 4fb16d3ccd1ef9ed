/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_guard.h: before the pool is full, guests that write are paused; when there is
 * space again, they go on. A pure function decides. */
#ifndef PVN_POOL_GUARD_H
#define PVN_POOL_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../guest/pool.h"

/* A running guest; the bytes are those since the window began. */
struct pool_writer {
	uint64_t written;
	uint64_t mapped; /* what its volumes got from the pool */
	bool paused; /* by anybody */
	bool by_guard; /* by us */
	/* the decision: */
	bool pause;
	bool resume;
};

/* So long is what guests do counted together: who fills the pool slowly is seen,
 * too, and who only writes into a log is not. */
#define POOL_WINDOW_MS 5000

enum pool_level { POOL_OK, POOL_WARNING, POOL_TIGHT };

/* Is it so near to its reserve that one must look often, and at each guest? */
bool pool_guard_is_near(const struct pool_limits *limits,
			const struct pool_status *st);

/* Decide for each guest, and say how the pool is. @grew: bytes that the pool gave
 * since the window began. */
enum pool_level pool_guard_decide(const struct pool_limits *limits,
				  const struct pool_status *st, uint64_t grew,
				  struct pool_writer *v, size_t n);

/* When to look again, in ms: the fastest disks must not get from here to the end
 * in that time. */
int64_t pool_guard_pause(const struct pool_limits *limits,
			 const struct pool_status *st);

#endif
