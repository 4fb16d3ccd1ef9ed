/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_repair.c: which steps mend what. */
#include "repair.h"
#include "unit.h"

/* The names of the steps, with blanks between them. */
static void expect(struct repair r, const char *names)
{
	autofree char *found = xstrdup("");

	r.lock = r.in.disk_fd = r.in.source_fd = r.in.slot_fd = -1;
	snprintf(r.in.id, sizeof(r.in.id), "0123abcd");
	for (size_t i = 0; i < N_PARTS; i++)
		r.in.part[i] = part_path("/dev/sda", (unsigned int)i + 1);
	r.disk.path = xstrdup("/dev/sda");
	r.in.state = xstrdup("/dev/sda5");
	repair_plan(&r);
	for (size_t i = 0; i < r.steps.n; i++) {
		char *longer = xasprintf("%s%s%s", found, i ? " " : "",
					 r.steps.steps[i].name);

		free(found);
		found = longer;
	}
	assert_string_equal(found, names);
	repair_free(&r);
}

PVN_TEST(nothing_is_wrong)
{
	expect((struct repair){ 0 }, "");
}

PVN_TEST(a_lost_partition_gets_all_of_it)
{
	expect((struct repair){ .esp_lost = true }, "esp boot-uefi");
	expect((struct repair){ .esp_lost = true, .bios_differs = true },
	       "esp boot-uefi boot-bios");
}

PVN_TEST(what_is_there_is_kept)
{
	expect((struct repair){ .env_lost = true }, "grubenv boot-uefi");
	expect((struct repair){ .files_differ = true }, "grubenv boot-uefi");
	expect((struct repair){ .bios_differs = true }, "boot-bios");
}

PVN_TEST(the_state_comes_first)
{
	expect((struct repair){ .state_free = true }, "state");
	expect((struct repair){ .state_free = true, .env_lost = true },
	       "state grubenv boot-uefi");
}
