/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_snapshot.c: a guest's snapshots, by the volumes. */
#include "size.h"
#include "snapshot.h"
#include "unit.h"

#define VOLUME(name, mib, percent) \
	"  guest-" name "|" #mib "000000|" percent "||0|\n"

PVN_TEST(sizes)
{
	struct guest_set set = { 0 };
	auto_snapshots struct snapshot_list list = { 0 };
	struct pvn_err err;

	assert_int_equal(
		volumes_parse(
			&set.volumes,
			VOLUME("web-xvda", 8, "50.00") VOLUME("web.full-xvda",
							      8, "25.00")
				VOLUME("web.full-xvdc", 4, "50.00") VOLUME(
					"web.cold-xvda", 8,
					"0.00") VOLUME("web.cold-xvdc", 4, "")
					VOLUME("web.new-xvda", 8, "0.00"),
			&err),
		0);
	snapshots_list(&set, "web", &list);
	assert_int_equal(list.n, 3);
	/* of none a file is there, which says when: they come by name */
	assert_string_equal(list.v[0].name, "cold");
	assert_false(list.v[0].data_known);
	assert_string_equal(list.v[1].name, "full");
	assert_int_equal(list.v[1].n_disks, 2);
	assert_int_equal(list.v[1].size, 12000000);
	assert_int_equal(list.v[1].data, 4000000);
	assert_true(list.v[1].data_known);
	assert_string_equal(list.v[2].name, "new");
	assert_int_equal(list.v[2].data, 0);
	assert_true(list.v[2].data_known);
	volumes_free(&set.volumes);
}
