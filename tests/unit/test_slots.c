/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_slots.c: what a release says of itself, and which one is newer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slot_verify.h"
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

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

PVN_TEST(manifest_names_files)
{
	char line[] = HASH "  1111981  /boot/xen.gz\n";
	struct manifest_file file;
	struct pvn_err err = { 0 };

	assert_int_equal(manifest_line_parse(line, &file, &err), 0);
	assert_string_equal(file.sha256, HASH);
	assert_int_equal(file.bytes, 1111981);
	assert_string_equal(file.path, "/boot/xen.gz");
}

PVN_TEST(manifest_has_other_lines)
{
	char version[] = "libstdc++6=14.2.0-19";
	struct manifest_file file;
	struct pvn_err err = { 0 };

	assert_int_equal(manifest_line_parse(version, &file, &err), -ENOENT);
}

/* What is damaged must not pass as a line about something else. */
PVN_TEST(damaged_manifest_is_noticed)
{
	static const char *const lines[] = {
		HASH "  x  /boot/xen.gz", HASH "  12  boot",	 HASH, "",
		"0123  12  /boot/xen.gz", "G" HASH "  12  /a=b", NULL
	};
	struct manifest_file file;

	for (const char *const *l = lines; *l; l++) {
		struct pvn_err err = { 0 };
		char *line = strdup(*l);

		assert_int_equal(manifest_line_parse(line, &file, &err),
				 -EBADMSG);
		free(line);
	}
}

#define OLD_MANIFEST                                                 \
	"version=0.1.1\nbuild-id=00\nhypervisor=4.20.3\nlvm2=2.03\n" \
	"gone=1\n" HASH "  1  /a=b\n"
#define NEW_MANIFEST                                                 \
	"version=0.1.2\nbuild-id=01\nhypervisor=4.20.4\nlvm2=2.03\n" \
	"libnew=1:2\n" HASH "  2  /a=b\n"

PVN_TEST(manifests_are_compared)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(manifest_compare(OLD_MANIFEST, NEW_MANIFEST, f), 3);
	assert_int_equal(manifest_compare(OLD_MANIFEST, OLD_MANIFEST, f), 0);
	fclose(f);
	assert_string_equal(text, "  hypervisor 4.20.3 -> 4.20.4\n"
				  "  libnew 1:2, new\n"
				  "  gone 1, no more\n");
	free(text);
}
