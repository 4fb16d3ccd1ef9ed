/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_nvram.c: a firmware's boot entry, byte by byte, and the order of entries. */
#include "install.h"
#include "unit.h"

#define UCS2(c) c, 0

static const uint8_t want[] = {
	1,	   0,	      0,	  0,	      94,
	0, /* active; the length of the path */
	UCS2('P'), UCS2('a'), UCS2('r'),  UCS2('a'),  UCS2('v'),
	UCS2('a'), UCS2('n'), UCS2('e'),  UCS2(0),    4,
	1,	   42,	      0,	  2,	      0,
	0,	   0, /* partition 2 */
	0x00,	   0x10,      0,	  0,	      0,
	0,	   0,	      0,	  0x00,	      0x00,
	0x02,	   0,	      0,	  0,	      0,
	0,	   0x67,      0x45,	  0x23,	      0x01,
	0xab,	   0x89,      0xef,	  0xcd,	      0x01,
	0x23,	   0x45,      0x67,	  0x89,	      0xab,
	0xcd,	   0xef,      2,	  2,	      4,
	4,	   48,	      0,	  UCS2('\\'), UCS2('E'),
	UCS2('F'), UCS2('I'), UCS2('\\'), UCS2('B'),  UCS2('O'),
	UCS2('O'), UCS2('T'), UCS2('\\'), UCS2('B'),  UCS2('O'),
	UCS2('O'), UCS2('T'), UCS2('X'),  UCS2('6'),  UCS2('4'),
	UCS2('.'), UCS2('E'), UCS2('F'),  UCS2('I'),  UCS2(0),
	0x7f,	   0xff,      4,	  0,
};

PVN_TEST(the_entry)
{
	uint8_t option[NVRAM_OPTION_MAX];
	size_t len = nvram_load_option(option, 0x1000, 0x20000, 2,
				       "01234567-89AB-CDEF-0123-456789ABCDEF");

	assert_int_equal(len, sizeof(want));
	assert_memory_equal(option, want, len);
	assert_true(nvram_is_ours(option, len));
	assert_false(nvram_is_ours(option, 12));
	option[6] = 'p';
	assert_false(nvram_is_ours(option, len));
}

static void expect(uint16_t *order, size_t n, uint16_t number,
		   const uint16_t *then, size_t n_then)
{
	assert_int_equal(nvram_put_first(order, n, number), n_then);
	assert_memory_equal(order, then, n_then * 2);
}

PVN_TEST(the_order)
{
	expect((uint16_t[]){ 0 }, 0, 7, (uint16_t[]){ 7 }, 1);
	expect((uint16_t[]){ 1, 2, 0 }, 2, 7, (uint16_t[]){ 7, 1, 2 }, 3);
	expect((uint16_t[]){ 1, 7, 2, 0 }, 3, 7, (uint16_t[]){ 7, 1, 2 }, 3);
	expect((uint16_t[]){ 7, 1, 0 }, 2, 7, (uint16_t[]){ 7, 1 }, 2);
}

PVN_TEST(out_of_the_order)
{
	uint16_t order[] = { 1, 7, 2 };

	assert_int_equal(nvram_drop(order, 3, 7), 2);
	assert_memory_equal(order, ((uint16_t[]){ 1, 2 }), 4);
	assert_int_equal(nvram_drop(order, 2, 7), 2);
}
