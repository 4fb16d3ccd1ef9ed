/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_pool.c: the pool's limits, what the kernel says of it, and the guard. */
#include <errno.h>

#include "../../dom0-rootfs/src/guestd/pool_guard.h"
#include "dm.h"
#include "size.h"
#include "unfinished.h"
#include "unit.h"

static const struct pool_limits limits = { 90, 80, 0, 80, 5 };

PVN_TEST(names)
{
	autofree char *name = dm_name("pvn_0bad", "guest-web-1-xvda", "");
	autofree char *pool = dm_name("pvn_0bad", "pool", "-tpool");

	assert_string_equal(name, "pvn_0bad-guest--web--1--xvda");
	assert_string_equal(pool, "pvn_0bad-pool-tpool");
}

PVN_TEST(status)
{
	struct pool_status st;
	struct pvn_err err = { 0 };

	assert_int_equal(
		pool_status_parse(
			"254:0 254:1 128 0 1 skip_block_zeroing",
			"3 150/1024 2000/40000 - rw discard_passdown queue_if_no_space - 1024",
			&st, &err),
		0);
	assert_int_equal(st.chunk, 64 * 1024);
	assert_int_equal(st.data_bytes, 40000 * 64 * 1024ULL);
	assert_int_equal(st.data_used, 2000 * 64 * 1024ULL);
	assert_int_equal(st.meta_bytes, 4 * MIB);
	assert_int_equal(st.meta_used, 150 * 4096);
	assert_false(st.read_only || st.out_of_space);
	assert_int_equal(
		pool_status_parse(
			"254:0 254:1 128 0 0",
			"3 150/1024 40000/40000 - out_of_data_space discard_passdown queue_if_no_space - 1024",
			&st, &err),
		0);
	assert_true(st.out_of_space);
	assert_int_equal(pool_status_parse("254:0 254:1 128 0 0", "Fail", &st,
					   &err),
			 -EBADMSG);
}

PVN_TEST(conf)
{
	static const char *const bad[] = { "reserve=0",	  "data-limit=101",
					   "warning=80%", "overcommit=-1",
					   "warning=",	  "colour=3" };
	auto_kv struct kv_list good = { 0 };
	struct pool_limits now = POOL_LIMITS_DEFAULT;
	struct pvn_err err = { 0 };

	assert_int_equal(
		kv_parse(&good, "overcommit=150\nreserve=10\n", "f", &err), 0);
	assert_int_equal(pool_limits_parse(&good, &now, &err), 0);
	assert_int_equal(now.overcommit, 150);
	assert_int_equal(now.reserve, 10);
	assert_int_equal(now.data, 90);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_kv struct kv_list list = { 0 };

		assert_int_equal(kv_parse(&list, bad[i], "f", &err), 0);
		assert_int_equal(pool_limits_parse(&list, &now, &err), -EINVAL);
	}
}

/* 100 GiB with so many of them used; a reserve of 5. */
static struct pool_status used(uint64_t gib)
{
	return (struct pool_status){ .data_bytes = 100 * GIB,
				     .data_used = gib * GIB,
				     .meta_bytes = 100 * MIB,
				     .meta_used = 10 * MIB };
}

enum { WRITER, IDLE, REWRITER, STOPPED, N };

static void make(struct pool_writer v[N])
{
	v[WRITER] = (struct pool_writer){ .written = GIB, .mapped = GIB };
	v[IDLE] = (struct pool_writer){ .written = 0 };
	v[REWRITER] = (struct pool_writer){ .written = MIB };
	v[STOPPED] = (struct pool_writer){ .paused = true };
}

PVN_TEST(only_who_takes_space_is_paused)
{
	struct pool_status st = used(94);
	struct pool_writer v[N];

	make(v);
	assert_int_equal(pool_guard_decide(&limits, &st, GIB, v, N),
			 POOL_WARNING);
	assert_false(v[WRITER].pause);
	st = used(96);
	assert_int_equal(pool_guard_decide(&limits, &st, GIB, v, N),
			 POOL_TIGHT);
	assert_true(v[WRITER].pause);
	assert_false(v[IDLE].pause || v[REWRITER].pause || v[STOPPED].pause);
}

/* What it shared with its template was written over. */
PVN_TEST(growth_by_nobody_known)
{
	struct pool_status st = used(96);
	struct pool_writer v[N];

	make(v);
	v[WRITER].mapped = 0;
	pool_guard_decide(&limits, &st, 0, v, N);
	assert_false(v[WRITER].pause || v[REWRITER].pause);
	pool_guard_decide(&limits, &st, GIB, v, N);
	assert_true(v[WRITER].pause);
	assert_false(v[REWRITER].pause || v[IDLE].pause || v[STOPPED].pause);
}

/* A filesystem's own upkeep is not worth a pause, and of two who take space only
 * those who take much. */
PVN_TEST(small_takers_go_on)
{
	struct pool_status st = used(96);
	struct pool_writer v[N];

	make(v);
	v[REWRITER].mapped = 2 * MIB;
	pool_guard_decide(&limits, &st, GIB, v, N);
	assert_true(v[WRITER].pause);
	assert_false(v[REWRITER].pause);
	v[WRITER].paused = true;
	pool_guard_decide(&limits, &st, MIB, v, N);
	assert_false(v[REWRITER].pause);
	v[REWRITER].mapped = 100 * MIB;
	pool_guard_decide(&limits, &st, MIB, v, N);
	assert_true(v[REWRITER].pause);
}

PVN_TEST(at_last_all_that_write)
{
	struct pool_status st = used(98);
	struct pool_writer v[N];

	make(v);
	pool_guard_decide(&limits, &st, MIB, v, N);
	assert_true(v[WRITER].pause && v[REWRITER].pause);
	assert_false(v[IDLE].pause);
	st = used(50);
	st.read_only = true;
	make(v);
	assert_int_equal(pool_guard_decide(&limits, &st, 0, v, N), POOL_TIGHT);
	assert_true(v[WRITER].pause && v[REWRITER].pause);
}

PVN_TEST(metadata_counts)
{
	struct pool_status st = used(10);
	struct pool_writer v[N];

	make(v);
	st.meta_used = 93 * MIB;
	assert_int_equal(pool_guard_decide(&limits, &st, MIB, v, N),
			 POOL_TIGHT);
	assert_true(v[WRITER].pause);
	assert_true(pool_guard_is_near(&limits, &st));
}

PVN_TEST(resumes_whom_it_paused_when_there_is_space)
{
	struct pool_writer v[2] = { { .paused = true, .by_guard = true },
				    { .paused = true } };
	struct pool_status st = used(94); /* a little better is not enough */

	pool_guard_decide(&limits, &st, 0, v, 2);
	assert_false(v[0].resume || v[1].resume);
	st = used(92);
	pool_guard_decide(&limits, &st, 0, v, 2);
	assert_true(v[0].resume);
	assert_false(v[1].resume); /* that was a person */
}

PVN_TEST(looks_often_when_it_is_near)
{
	struct pool_status st = used(10);
	struct pool_status small = { .data_bytes = 400 * MIB };

	assert_int_equal(pool_guard_pause(&limits, &st), 10000);
	st = used(80);
	assert_in_range(pool_guard_pause(&limits, &st), 1000, 9999);
	assert_false(pool_guard_is_near(&limits, &st));
	st = used(97);
	assert_int_equal(pool_guard_pause(&limits, &st), 250);
	assert_true(pool_guard_is_near(&limits, &st));
	/* never more than a quarter of a small one */
	assert_int_equal(pool_reserve(&limits, small.data_bytes), 100 * MIB);
}

PVN_TEST(room_begins_above_the_reserve)
{
	const struct pool_limits most = { 90, 80, 0, 80, 50 };

	assert_int_equal(pool_reserve(&limits, 100 * GIB), 5 * GIB);
	assert_int_equal(pool_reserve(&most, 100 * GIB), 16 * GIB);
	assert_int_equal(pool_room(&limits, 100 * GIB, 50 * GIB),
			 50 * GIB - 5 * GIB - 5 * GIB / 4);
	assert_int_equal(pool_room(&limits, 100 * GIB, 94 * GIB), 0);
	assert_int_equal(pool_room(&limits, 100 * GIB, 100 * GIB), 0);
	assert_int_equal(pool_room(&limits, 500 * MIB, 100 * MIB),
			 400 * MIB - 125 * MIB - 125 * MIB / 4);
}

PVN_TEST(level_is_full_while_guests_are_paused)
{
	static const struct {
		uint64_t bytes, used, meta_used;
		bool paused;
		const char *level;
	} cases[] = {
		{ 100 * GIB, 50 * GIB, 10, false, "ok" },
		{ 100 * GIB, 50 * GIB, 10, true, "full" },
		{ 100 * GIB, 80 * GIB, 10, false, "warning" },
		{ 100 * GIB, 91 * GIB, 10, false, "full" },
		/* the reserve of a small one is a quarter */
		{ 500 * MIB, 374 * MIB, 10, false, "ok" },
		{ 500 * MIB, 376 * MIB, 10, false, "full" },
		/* and of a large one 16 GiB: but no guest is made */
		{ 1024 * GIB, 1000 * GIB, 10, false, "full" },
		{ 100 * GIB, 50 * GIB, 81, false, "full" },
	};
	const struct pool_limits late = { 100, 100, 0, 80, 5 };
	struct pool_status st = { .data_bytes = 1024 * GIB,
				  .data_used = 1007 * GIB,
				  .meta_bytes = 100,
				  .meta_used = 91 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct pool_status one = { .data_bytes = cases[i].bytes,
						 .data_used = cases[i].used,
						 .meta_bytes = 100,
						 .meta_used =
							 cases[i].meta_used };

		assert_string_equal(pool_level_name(&limits, &one,
						    cases[i].paused),
				    cases[i].level);
	}
	assert_string_equal(pool_level_name(&late, &st, false), "warning");
	st.data_used += 2 * GIB;
	assert_string_equal(pool_level_name(&late, &st, false), "full");
	st.data_used = 0;
	st.meta_used = 92;
	assert_string_equal(pool_level_name(&late, &st, false), "full");
}

PVN_TEST(gauge)
{
	struct pool_gauge g = { .room = 3 * MIB };
	struct pvn_err err = { 0 };

	assert_int_equal(pool_gauge_add(&g, -1, MIB, &err), 0);
	assert_int_equal(pool_gauge_add(&g, -1, 2 * MIB, &err), 0);
	assert_int_equal(pool_gauge_add(&g, -1, 1, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "'host pool'"));
}

PVN_TEST(temporary_volumes)
{
	assert_true(unfinished_is_temporary("pvn.tmp-import-web1"));
	assert_true(unfinished_is_temporary("pvn.tmp-export-web1-xvda"));
	/* somebody else's */
	assert_false(unfinished_is_temporary("export-nfs"));
	assert_false(unfinished_is_temporary("import-web1"));
	assert_true(unfinished_is_temporary("template-mini-1.new"));
	assert_false(unfinished_is_temporary("template-mini-1"));
	assert_false(unfinished_is_temporary("guest-import-xvda"));
	assert_false(unfinished_is_temporary("pool"));
}

/* Only what a template.ini would name, and doesn't. */
PVN_TEST(volumes_of_unfinished_templates)
{
	static const struct {
		const char *line;
		bool left;
	} cases[] = {
		{ "template-web-1|67108864||||sha256_ab,unfinished", false },
		{ "template-web-2|67108864||||sha256_ab,unfinished", true },
		{ "template-web-3|67108864||||sha256_ab", false },
		{ "guest-web-xvda|67108864||||unfinished", false },
	};
	char name[] = "web", version[] = "1";
	struct template web = { .name = name, .version = version };
	const struct template_list templates = { .v = &web, .n = 1 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_volumes struct volume_list list = { 0 };
		struct pvn_err err = { 0 };

		assert_int_equal(volumes_parse(&list, cases[i].line, &err), 0);
		assert_int_equal(unfinished_is_templates(&list.v[0],
							 &templates),
				 cases[i].left);
	}
}
