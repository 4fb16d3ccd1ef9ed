/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_bootenv.c: what holds when the two disks of a host say different things. */
#include <stdlib.h>
#include <string.h>

#include "bootenv.h"
#include "disks.h"
#include "unit.h"

/* "slot=a try= starts=x" */
static void fill(struct kv_list *vars, const char *text)
{
	char copy[128];
	char *save;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		kv_set(vars, word, value);
	}
}

static void expect(const char *one, const char *other, const char *noted,
		   const char *result, bool is_uneven)
{
	auto_kv struct kv_list vars = { 0 };
	auto_kv struct kv_list second = { 0 };
	auto_kv struct kv_list wanted = { 0 };
	bool uneven = false;

	fill(&vars, one);
	fill(&second, other);
	fill(&wanted, result);
	bootenv_merge(&vars, &second, noted, &uneven);
	for (size_t i = 0; i < wanted.n; i++)
		assert_string_equal(kv_get(&vars, wanted.v[i].key),
				    wanted.v[i].value);
	assert_int_equal(uneven, is_uneven);
}

PVN_TEST(the_same_is_even)
{
	expect("slot=b try=a starts=x rescue=", "slot=b try=a starts=x rescue=",
	       "b", "slot=b try=a starts=x rescue=", false);
}

/* GRUB forgets it on the disk that it started from. */
PVN_TEST(what_one_has_taken_is_taken)
{
	expect("slot=a try= starts=", "slot=a try=b starts=", "a",
	       "slot=a try=", true);
	expect("slot=a try=b starts=", "slot=a try= starts=", "a",
	       "slot=a try=", true);
	expect("slot=a rescue=yes starts=", "slot=a rescue= starts=", "a",
	       "rescue=", true);
}

PVN_TEST(starts_count_where_they_are_most)
{
	expect("slot=a starts=x", "slot=a starts=xxx", "a", "starts=xxx", true);
	expect("slot=a starts=xxx", "slot=a starts=o", "a", "starts=o", true);
	expect("slot=a starts=o", "slot=a starts=xxx", "a", "starts=o", true);
	expect("slot=a starts=xx", "slot=a starts=", "a", "starts=xx", true);
}

/* A disk that was away says what was so then. */
PVN_TEST(the_state_partition_knows_the_slot)
{
	expect("slot=a starts=", "slot=b starts=", "b", "slot=b", true);
	expect("slot=b starts=", "slot=a starts=", "b", "slot=b", true);
	expect("slot=b starts=", "slot=a starts=", NULL, "slot=b", true);
}

/* Which of several things is told, and what is to be done about it. */
PVN_TEST(what_is_not_well_with_disks)
{
	static const struct {
		enum disk_state state[3];
		size_t n;
		const char *problem; /* its beginning; NULL: none */
	} cases[] = {
		{ { DISK_WELL, DISK_WELL }, 2, NULL },
		{ { DISK_WELL }, 1, "only '/dev/vda' is there" },
		{ { DISK_OUT, DISK_WELL }, 2, "'/dev/vda' is out of date" },
		{ { DISK_WELL, DISK_FAILED }, 2, "'/dev/vdb' has failed" },
		{ { DISK_WELL, DISK_WELL, DISK_REBUILDING },
		  3,
		  "'/dev/vdc' is being rebuilt, 12.5%" },
		/* the old one is let go of when the new one has all of the first mirror */
		{ { DISK_WELL, DISK_REPLACED, DISK_REBUILDING },
		  3,
		  "'/dev/vdc' is being rebuilt" },
		{ { DISK_WELL, DISK_REPLACED, DISK_WELL },
		  3,
		  "'/dev/vdb' was replaced" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static const char *const names[] = { "vda", "vdb", "vdc" };
		struct host_disk v[3] = { 0 };
		struct host_disks disks = { .v = v,
					    .n = cases[i].n,
					    .mirrored = true,
					    .rebuilt_percent = 12.5 };
		autofree char *problem = NULL;

		for (size_t k = 0; k < disks.n; k++) {
			v[k].name = (char *)names[k];
			v[k].state = cases[i].state[k];
		}
		problem = disks_problem(&disks);
		if (!cases[i].problem)
			assert_null(problem);
		else
			assert_memory_equal(problem, cases[i].problem,
					    strlen(cases[i].problem));
	}
}
