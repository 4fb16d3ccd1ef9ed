/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kv.c: key=value files. */
#include <errno.h>

#include "kv.h"
#include "unit.h"

PVN_TEST(parses)
{
	auto_kv struct kv_list kv = { 0 };
	struct pvn_err err = { 0 };

	assert_int_equal(kv_parse(&kv,
				  "# comment\n\n a = b = c \r\n"
				  "empty=\nquoted=\"$(x)\"\na=last",
				  "f", &err),
			 0);
	assert_int_equal(kv.n, 4);
	assert_string_equal(kv.v[0].value, "b = c");
	assert_string_equal(kv_get(&kv, "a"), "last");
	assert_string_equal(kv_get(&kv, "empty"), "");
	assert_string_equal(kv_get(&kv, "quoted"), "\"$(x)\"");
	assert_null(kv_get(&kv, "none"));
}

PVN_TEST(refuses)
{
	static const char *const bad[] = { "a=b\nnothing", "a=b\n=x",
					   "a=b\na b=x\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_kv struct kv_list kv = { 0 };
		struct pvn_err err = { 0 };

		assert_int_equal(kv_parse(&kv, bad[i], "f", &err), -EINVAL);
		assert_memory_equal(err.msg, "f:2: ", 5);
	}
}

PVN_TEST(sets)
{
	auto_kv struct kv_list kv = { 0 };
	autofree char *text = NULL;

	kv_set(&kv, "a", "1");
	kv_set(&kv, "b", "");
	kv_set(&kv, "a", "2");
	text = kv_text(&kv);
	assert_string_equal(text, "a=2\nb=\n");
}
