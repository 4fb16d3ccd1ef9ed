/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_spare.c: which guest that was made ahead of need is like the one asked for. */
#include <errno.h>
#include "file.h"
#include "lvm_cache.h"
#include "spare.h"
#include "unit.h"

static struct recipe recipe_of(const char *template, uint64_t memory)
{
	return (struct recipe){ .template = xstrdup(template),
				.version = xstrdup("1"),
				.sha256 = xstrdup("abc"),
				.type = xstrdup("pv"),
				.bridge = xstrdup("br0"),
				.memory_bytes = memory,
				.disk_bytes = 1ULL << 40,
				.vcpus = 2 };
}

static void add_spare(const char *id, const char *template, uint64_t memory)
{
	struct spare spare = { .id = xstrdup(id),
			       .recipe = recipe_of(template, memory),
			       .uuid = xstrdup("uuid"),
			       .mac = xstrdup("mac") };
	autofree char *hidden = spare_path(".", id, "");
	autofree char *ready = spare_path("", id, "");
	struct pvn_err err = { 0 };

	assert_int_equal(mkdir_p(SPARES, 0700, &err), 0);
	assert_int_equal(spare_write(&spare, &err), 0);
	assert_int_equal(rename(hidden, ready), 0);
	spare_free(&spare);
}

static void remove_spare(const char *id, const char *behind)
{
	autofree char *path = spare_path("", id, behind);

	assert_int_equal(unlink(path), 0);
}

PVN_TEST(the_one_that_is_alike_is_found)
{
	auto_spares struct spare_list list = { 0 };
	auto_recipe struct recipe wanted = recipe_of("mini", 128 << 20);
	auto_recipe struct recipe other = recipe_of("debian", 128 << 20);
	const struct spare *found;

	add_spare("aa", "mini", 64 << 20);
	add_spare("bb", "mini", 128 << 20);
	spares_read(&list);
	assert_int_equal(list.n, 2);
	found = spares_find(&list, &wanted);
	assert_non_null(found);
	assert_string_equal(found->id, "bb");
	assert_string_equal(found->uuid, "uuid");
	assert_null(spares_find(&list, &other));
	remove_spare("aa", "");
	remove_spare("bb", "");
}

PVN_TEST(what_is_taken_is_not_offered)
{
	auto_spares struct spare_list taken = { 0 };
	auto_spares struct spare_list back = { 0 };
	struct pvn_err err = { 0 };

	add_spare("cc", "mini", 64 << 20);
	assert_int_equal(spare_take("cc", &err), 0);
	spares_read(&taken);
	assert_int_equal(taken.n, 0);
	assert_int_equal(spare_take("cc", &err), -ENOENT);
	assert_int_equal(spare_give_back("cc", &err), 0);
	spares_read(&back);
	assert_int_equal(back.n, 1);
	remove_spare("cc", "");
}

PVN_TEST(half_a_description_is_left_out)
{
	auto_spares struct spare_list list = { 0 };
	autofree char *path = spare_path("", "dd", "");
	struct pvn_err err = { 0 };

	assert_int_equal(mkdir_p(SPARES, 0700, &err), 0);
	assert_int_equal(file_write(path, "template=mini\n", 0600, &err), 0);
	spares_read(&list);
	assert_int_equal(list.n, 0);
	remove_spare("dd", "");
}

PVN_TEST(volumes)
{
	autofree char *name = spare_volume("0123456789abcdef", "seed");
	autofree char *id = spare_of_volume(name);

	assert_string_equal(name, "spare-0123456789abcdef-seed");
	assert_string_equal(id, "0123456789abcdef");
	assert_null(spare_of_volume("guest-spare-1-xvda"));
	assert_null(spare_of_volume("spare-"));
	/* somebody else's */
	assert_null(spare_of_volume("spare-db-1"));
	assert_null(spare_of_volume("spare-0123456789abcdef"));
	assert_null(spare_of_volume("spare-0123456789ABCDEF-1"));
	assert_null(spare_of_volume("spare-0123456789abcdef0-1"));
}

PVN_TEST(header_of_a_metadata_area)
{
	unsigned char header[512] = { 0 };
	struct lvm_stamp stamp = { 0 };

	assert_false(lvm_header_parse(header, &stamp));
	memcpy(header + 4, " LVM2 x[5A%r0N*>", 16);
	assert_false(lvm_header_parse(header, &stamp)); /* of no VG */
	header[40 + 1] = 0x16; /* 0x1600 */
	header[48] = 0x20;
	header[49] = 0x03;
	memcpy(header + 56, "\x04\x03\x02\x01", 4);
	assert_true(lvm_header_parse(header, &stamp));
	assert_int_equal(stamp.offset, 0x1600);
	assert_int_equal(stamp.size, 0x320);
	assert_int_equal(stamp.checksum, 0x01020304);
	header[60] = 1; /* LVM does not keep it */
	assert_false(lvm_header_parse(header, &stamp));
}
