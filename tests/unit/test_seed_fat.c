/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_seed_fat.c: what others read of the FAT filesystem that a guest's seed is on. */
#include <errno.h>
#include <unistd.h>
#include "run.h"
#include "seed.h"
#include "seed_fat.h"
#include "unit.h"

#define MIB (1024 * 1024)

static char *long_text(size_t len)
{
	char *text = xcalloc(1, len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(i % 64 == 63 ? '\n' : 'a' + i / 64 % 26);
	return text;
}

/* The file as mtools reads it. */
static char *read_file(const char *image, const char *name)
{
	autofree char *path = xasprintf("::/%s", name);
	struct pvn_err err = { 0 };
	char *text = NULL;

	if (pvn_run_output(PVN_ARGV("mtype", "-i", image, path), &text, &err))
		fail_msg("%s", err.msg);
	return text;
}

static void assert_reads(const char *image, const char *name, const char *text)
{
	autofree char *got = read_file(image, name);

	assert_string_equal(got, text);
}

static void assert_clean(const char *image)
{
	struct pvn_err err = { 0 };
	autofree char *label = NULL;

	if (PVN_RUN(&err, "fsck.fat", "-n", image) ||
	    pvn_run_output(PVN_ARGV("blkid", "-p", "-o", "value", "-s", "LABEL",
				    image),
			   &label, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(label, "CIDATA\n");
}

static char *volume(size_t bytes)
{
	char *path = xstrdup("/tmp/pvn-unit-fat-XXXXXX");
	autoclose int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return path;
}

PVN_TEST(files_are_read_back)
{
	autofree char *path = volume(4 * MIB);
	autofree char *user = long_text(300000);
	struct seed seed = { .meta_data = xstrdup("instance-id: x\n"),
			     .user_data = xstrdup(user),
			     .network_config = xstrdup("") };
	struct pvn_err err = { 0 };

	assert_int_equal(seed_write(&seed, path, &err), 0);
	assert_clean(path);
	assert_reads(path, "meta-data", "instance-id: x\n");
	assert_reads(path, "user-data", user);
	assert_reads(path, "network-config", "");
	seed_free(&seed);
	unlink(path);
}

PVN_TEST(large_sectors)
{
	autofree char *path = volume(4 * MIB);
	autofree char *text = long_text(9000);
	autofree char *image = NULL;
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	const struct fat_file files[] = {
		{ "user-data", text }, { "network-config", "version: 2\n" }
	};
	struct pvn_err err = { 0 };
	size_t used;

	assert_int_equal(
		seed_fat_make(4 * MIB, 4096, files, 2, &image, &used, &err), 0);
	assert_true(used < 128 * 1024);
	assert_int_equal(write(fd, image, used), (ssize_t)used);
	assert_clean(path);
	assert_reads(path, "user-data", text);
	assert_reads(path, "network-config", "version: 2\n");
	unlink(path);
}

PVN_TEST(too_large)
{
	autofree char *text = long_text(3 * MIB);
	const struct fat_file files[] = { { "user-data", text },
					  { "meta-data", text } };
	autofree char *image = NULL;
	struct pvn_err err = { 0 };
	size_t used;

	assert_int_equal(seed_fat_make(4 * MIB, 512, files, 2, &image, &used,
				       &err),
			 -ENOSPC);
	assert_non_null(strstr(err.msg, "'meta-data' has no room"));
}

/* What a guest takes for random is known to no other. */
PVN_TEST(each_seed_has_its_own_randomness)
{
	autofree char *one = volume(4 * MIB);
	autofree char *other = volume(4 * MIB);
	struct seed seed = { .meta_data = xstrdup(""),
			     .user_data = xstrdup(""),
			     .network_config = xstrdup("") };
	struct pvn_err err = { 0 };
	autofree char *a = NULL;
	autofree char *b = NULL;

	assert_int_equal(seed_write(&seed, one, &err), 0);
	assert_int_equal(seed_write(&seed, other, &err), 0);
	a = read_file(one, "random-seed");
	b = read_file(other, "random-seed");
	assert_int_equal(strlen(a), 65);
	assert_int_equal(strspn(a, "0123456789abcdef"), 64);
	assert_string_not_equal(a, b);
	unlink(one);
	unlink(other);
	seed_free(&seed);
}
