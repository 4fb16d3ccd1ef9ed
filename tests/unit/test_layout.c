/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_layout.c: where partitions lie. */
#include <errno.h>
#include <inttypes.h>

#include "layout.h"
#include "unit.h"

static void check(uint64_t size, unsigned int sector_size)
{
	struct pvn_err err = { 0 };
	struct layout l;
	uint64_t at = MIB;

	assert_int_equal(layout_make(&l, size, sector_size, &err), 0);
	for (size_t i = 0; i < N_PARTS; i++) {
		assert_int_equal(l.part[i].start, at);
		assert_int_equal(l.part[i].start % MIB, 0);
		assert_int_equal(l.part[i].size % MIB, 0);
		at += l.part[i].size;
	}
	/* the backup GPT has at least a MiB, and not much is wasted */
	assert_true(at + MIB <= size);
	assert_true(size - at < 2 * MIB);
	assert_int_equal(l.part[PART_STATE].size, GIB);
}

PVN_TEST(fills_the_disk)
{
	check(4 * GIB, 512);
	check(4 * GIB + 512, 512);
	check(1000204886016ULL, 512);
	check(8001563222016ULL, 4096);
	check(1ULL << 60, 4096);
}

PVN_TEST(refuses)
{
	struct pvn_err err = { 0 };
	struct layout l;

	assert_int_equal(layout_make(&l, 4 * GIB - 1, 512, &err), -ENOSPC);
	assert_int_equal(layout_make(&l, 0, 512, &err), -ENOSPC);
	assert_int_equal(layout_make(&l, 4 * GIB, 2048, &err), -EINVAL);
}

static struct pool_layout pool(uint64_t size)
{
	struct pool_layout p;

	pool_layout_make(&p, size);
	assert_int_equal(p.metadata % p.extent, 0);
	assert_int_equal(p.data % p.extent, 0);
	assert_true(p.data + 2 * p.metadata + MIB <= size);
	assert_true(size - p.data - 2 * p.metadata < 2 * MIB + p.extent);
	/* LVM's limits */
	assert_true(p.chunk >= 64 * 1024 && p.chunk <= GIB);
	assert_true(p.metadata < 16 * GIB);
	return p;
}

PVN_TEST(pool_metadata)
{
	assert_int_equal(pool(2493 * MIB).metadata, 64 * MIB);
	assert_int_equal(pool(20 * GIB).metadata, 208 * MIB);
	assert_int_equal(pool(100 * GIB).metadata, GIB + 0);
	assert_true(pool(1024 * GIB).metadata > 10 * GIB);
	assert_true(pool(1024 * GIB).chunk == 64 * 1024);
	assert_true(pool(100 * 1024 * GIB).chunk > 64 * 1024);
	assert_true(pool(99 * GIB).metadata < GIB);
}

PVN_TEST(part_paths)
{
	autofree char *sda = part_path("/dev/sda", 1);
	autofree char *nvme = part_path("/dev/nvme0n1", 6);
	autofree char *mmc = part_path("/dev/mmcblk0", 2);

	assert_string_equal(sda, "/dev/sda1");
	assert_string_equal(nvme, "/dev/nvme0n1p6");
	assert_string_equal(mmc, "/dev/mmcblk0p2");
}

static int take(uint64_t slot_b, uint64_t state, struct layout *l)
{
	auto_strlist struct strlist named = { 0 };
	struct pvn_err err = { 0 };
	struct layout made;
	char id[9];

	assert_int_equal(layout_make(&made, 8 * GIB, 512, &err), 0);
	made.part[PART_SLOT_B].size += slot_b;
	made.part[PART_STATE].size += state;
	for (unsigned int i = 0; i < N_PARTS; i++)
		strlist_addf(&named, "pvn-%s-0a1b2c3d %" PRIu64 " %" PRIu64,
			     part_role_name(i), made.part[i].start,
			     made.part[i].size);
	return layout_take(l, id, &named, 512, &err);
}

/* Found by fuzzing: a slot that was written would have gone over the guests' files. */
PVN_TEST(takes_no_partitions_that_overlap)
{
	struct layout l;

	assert_int_equal(take(0, 0, &l), 0);
	assert_int_equal(l.part[PART_SLOT_B].size, 256 * MIB);
	assert_int_equal(take(512, 0, &l), -EINVAL);
	assert_int_equal(take(0, UINT64_MAX - GIB + 1, &l),
			 -EINVAL); /* empty */
	assert_int_equal(take(0, UINT64_MAX - 2 * GIB, &l), -EINVAL);
}

/* A system that knows no mirrors must not find the half of one. */
PVN_TEST(halves_have_names_of_their_own)
{
	struct layout layout = { .mirrored = true };

	for (unsigned int i = 0; i < N_PARTS; i++) {
		const bool half = i == PART_STATE || i == PART_GUESTS;
		autofree char *name = part_name(&layout, i, "0a1b2c3d");
		autofree char *want = xasprintf("pvn-%s%s-0a1b2c3d",
						half ? "md-" : "",
						part_role_name(i));

		assert_string_equal(name, want);
		assert_int_equal(
			!strcmp(part_type(&layout, i),
				"A19D880F-05FC-4D3B-A006-743F0F84911E"),
			half);
	}
}
