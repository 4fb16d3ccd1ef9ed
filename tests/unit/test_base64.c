/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_base64.c: the test vectors of RFC 4648, section 10, and what is none. */
#include <string.h>
#include "base64.h"
#include "mem.h"
#include "unit.h"

static const struct {
	const char *plain, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

#define N_VECTORS (sizeof(vectors) / sizeof(*vectors))

PVN_TEST(test_vectors)
{
	for (size_t i = 0; i < N_VECTORS; i++) {
		size_t len = strlen(vectors[i].plain);
		autofree char *text = base64_encode(vectors[i].plain, len);
		uint8_t back[8];

		assert_string_equal(text, vectors[i].text);
		assert_int_equal(base64_decode(text, strlen(text), back), len);
		assert_memory_equal(back, vectors[i].plain, len);
	}
}

PVN_TEST(all_bytes)
{
	uint8_t bytes[256], back[258];
	autofree char *text = NULL;

	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	text = base64_encode(bytes, sizeof(bytes));
	assert_int_equal(base64_decode(text, strlen(text), back), 256);
	assert_memory_equal(back, bytes, sizeof(bytes));
	/* only the beginning is asked for */
	assert_int_equal(base64_decode(text, 8, back), 6);
}

PVN_TEST(what_is_none)
{
	uint8_t back[8];

	assert_int_equal(base64_decode("Zm9v!mFy", 8, back), -1);
	assert_int_equal(base64_decode("Zm9v YmFy", 8, back), -1);
	/* what comes behind is not looked at */
	assert_int_equal(base64_decode("Zm9v!", 4, back), 3);
}
