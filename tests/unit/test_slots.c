/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_slots.c: what a release says of itself, and which one is newer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"
#include "unit.h"

PVN_TEST(versions_are_numbers)
{
	assert_int_equal(version_compare("0.1.49", "0.1.49"), 0);
	assert_true(version_compare("0.1.9", "0.1.10") < 0);
	assert_true(version_compare("0.2", "0.1.99") > 0);
	assert_true(version_compare("0.1", "0.1.1") < 0);
	assert_int_equal(version_compare("1.0", "1"), 0);
	assert_true(version_compare("1.0", "1.0.1") < 0);
}

/* The start of an ISO of 4 MiB. */
static unsigned char *make_head(const char *volume)
{
	unsigned char *head = calloc(1, SLOT_HEAD_BYTES);

	assert_non_null(head);
	memcpy(head + 32768, "\1CD001\1", 7);
	memset(head + 32768 + 40, ' ', 32);
	memcpy(head + 32768 + 40, volume, strlen(volume));
	head[32768 + 81] = 8; /* 2048 blocks, little-endian */
	return head;
}

PVN_TEST(release_is_known_by_its_volume)
{
	unsigned char *head = make_head("PARAVANE_0_1_49");
	struct pvn_err err = { 0 };
	char *version = NULL;
	uint64_t bytes = 0;

	assert_int_equal(slot_head_parse(head, &version, &bytes, &err), 0);
	assert_string_equal(version, "0.1.49");
	assert_int_equal(bytes, 4 * 1024 * 1024);
	free(version);
	free(head);
}

PVN_TEST(others_are_no_release)
{
	static const char *const volumes[] = { "DEBIAN_13",
					       "PARAVANE_",
					       "PARAVANE_0_1_",
					       "PARAVANE_0__1",
					       "PARAVANE_0_1_x",
					       "PARAVANE__0_1",
					       NULL };
	char *version = NULL;
	uint64_t bytes = 0;

	for (const char *const *volume = volumes; *volume; volume++) {
		unsigned char *head = make_head(*volume);
		struct pvn_err err = { 0 };

		assert_int_equal(slot_head_parse(head, &version, &bytes, &err),
				 -EINVAL);
		head[32768 + 1] = 'X';
		assert_int_equal(slot_head_parse(head, &version, &bytes, &err),
				 -EINVAL);
		assert_null(version);
		free(head);
	}
}
