/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_size.c: sizes as people write them. */
#include <errno.h>

#include "size.h"
#include "unit.h"

PVN_TEST(parses)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },	      { "1", 1 },
		{ "64K", 64 * 1024 }, { "512M", 512 * MIB },
		{ "4G", 4 * GIB },    { "4g", 4 * GIB },
		{ "4GB", 4 * GIB },   { "4GiB", 4 * GIB },
		{ "1T", 1024 * GIB }, { "9223372036854775807", INT64_MAX },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct pvn_err err = { 0 };
		uint64_t bytes = 1234;

		assert_int_equal(size_parse(good[i].text, &bytes, &err), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
}

PVN_TEST(refuses)
{
	static const char *const bad[] = { "",	   "G",	  "-1",	 "+1",
					   "1.5G", " 1",  "1 G", "1Gi",
					   "1X",   "1GG", "0x1", "1GBs" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pvn_err err = { 0 };
		uint64_t bytes;

		assert_int_equal(size_parse(bad[i], &bytes, &err), -EINVAL);
		assert_int_equal(err.code, -EINVAL);
	}
}

PVN_TEST(refuses_too_large)
{
	static const char *const bad[] = { "9223372036854775808",
					   "99999999999999999999", "8E",
					   "9007199254740992K" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pvn_err err = { 0 };
		uint64_t bytes;

		assert_int_equal(size_parse(bad[i], &bytes, &err), -ERANGE);
	}
}

PVN_TEST(prints)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "0.9K" },
		{ 1024, "1.0K" },
		{ 4 * GIB, "4.0G" },
		{ 4 * GIB - 512, "3.9G" },
		{ 512 * MIB, "512M" },
		{ 1000 * MIB, "0.9G" },
		{ 10 * GIB + GIB / 2, "10G" },
		{ UINT64_MAX, "15E" },
	};
	char buf[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(size_print(cases[i].bytes, buf),
				    cases[i].text);
}
