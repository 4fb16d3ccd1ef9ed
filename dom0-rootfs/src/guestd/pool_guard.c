/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_guard.c: decide which guests are paused before the pool is full. */
#include "../lib/size.h"
#include "pool_guard.h"

/* Who takes less than this part of the reserve in a window doesn't matter yet. */
#define LEAST_SHARE 64
#define MOST_LEAST (16 * MIB)
/* Nobody fills a pool faster. */
#define BYTES_PER_MS (4 * MIB)
#define SHORTEST_MS 250
#define META_MS 1000
#define LONGEST_MS 10000

static uint64_t reserve_of(const struct pool_limits *limits,
			   const struct pool_status *st)
{
	return pool_reserve(limits, st->data_bytes);
}

bool pool_guard_is_near(const struct pool_limits *limits,
			const struct pool_status *st)
{
	return pool_left(st) < 3 * reserve_of(limits, st) ||
	       pool_meta_percent(st) >= POOL_META_PERCENT - 10;
}

/* Not at once when it is a little better: the guest would be stopped and started
 * with each block that it frees. */
static bool has_space_again(const struct pool_limits *limits,
			    const struct pool_status *st)
{
	uint64_t reserve = reserve_of(limits, st);

	return !st->read_only && !st->out_of_space &&
	       pool_left(st) > reserve + reserve / 2 &&
	       pool_meta_percent(st) < POOL_META_PERCENT - 2;
}

/* What a guest took or wrote in this window. */
static uint64_t amount(const struct pool_writer *w, bool written)
{
	return written ? w->written : w->mapped;
}

/* Pause who took most, and who took nearly as much; @least or more. Returns false
 * when nobody did. */
static bool pause_large(struct pool_writer *v, size_t n, bool written,
			uint64_t least)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++) {
		if (!v[i].paused && amount(&v[i], written) > most)
			most = amount(&v[i], written);
	}
	if (!most || most < least)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint64_t took = amount(&v[i], written);

		if (!v[i].paused && took >= least && took >= most / 8)
			v[i].pause = true;
	}
	return true;
}

/* Those that make it grow. A guest that writes over what it shares with its template
 * gets nothing mapped anew and still takes space. Who writes a line into a log
 * now and then goes on: the reserve lasts for long. */
static void pause_writers(struct pool_writer *v, size_t n, uint64_t grew,
			  uint64_t least)
{
	if (!pause_large(v, n, false, least) && grew >= least)
		pause_large(v, n, true, least);
}

static uint64_t least_that_counts(uint64_t reserve)
{
	return reserve / LEAST_SHARE < MOST_LEAST ? reserve / LEAST_SHARE
						  : MOST_LEAST;
}

static void pause_all_that_write(struct pool_writer *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i].pause = !v[i].paused && (v[i].written || v[i].mapped);
}

enum pool_level pool_guard_decide(const struct pool_limits *limits,
				  const struct pool_status *st, uint64_t grew,
				  struct pool_writer *v, size_t n)
{
	uint64_t reserve = reserve_of(limits, st);

	for (size_t i = 0; i < n; i++)
		v[i].pause = v[i].resume = false;
	if (pool_is_tight(limits, st)) {
		if (pool_left(st) < reserve / 2 || st->read_only ||
		    st->out_of_space)
			pause_all_that_write(v, n);
		else
			pause_writers(v, n, grew, least_that_counts(reserve));
		return POOL_TIGHT;
	}
	for (size_t i = 0; i < n && has_space_again(limits, st); i++)
		v[i].resume = v[i].by_guard;
	if (st->data_used >= st->data_bytes / 100 * limits->warning ||
	    pool_meta_percent(st) >= limits->warning)
		return POOL_WARNING;
	return POOL_OK;
}

int64_t pool_guard_pause(const struct pool_limits *limits,
			 const struct pool_status *st)
{
	uint64_t floor = reserve_of(limits, st) / 2;
	uint64_t ms = pool_left(st) > floor
			      ? (pool_left(st) - floor) / BYTES_PER_MS
			      : 0;

	if (ms < SHORTEST_MS)
		return SHORTEST_MS;
	if (pool_meta_percent(st) >= POOL_META_PERCENT - 10 && ms > META_MS)
		return META_MS;
	return ms > LONGEST_MS ? LONGEST_MS : (int64_t)ms;
}
