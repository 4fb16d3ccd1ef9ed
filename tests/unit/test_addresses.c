/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_addresses.c: what a guest's interface may send from. */
#include <string.h>

#include "addresses.h"
#include "unit.h"

#define MAC "00:16:3e:01:02:03"

PVN_TEST(mac_alone)
{
	struct addresses own;
	struct pvn_err err;

	assert_int_equal(addresses_parse(&own, MAC, NULL, &err), 0);
	assert_memory_equal(own.mac, "\x00\x16\x3e\x01\x02\x03", 6);
	assert_int_equal(own.n, 0);
	assert_int_equal(addresses_parse(&own, "00:16:3E:aB:02:03", "", &err),
			 0);
	assert_memory_equal(own.mac, "\x00\x16\x3e\xab\x02\x03", 6);
	assert_int_equal(own.n, 0);
}

PVN_TEST(link_local_comes_with_addresses)
{
	static const uint8_t local[16] = { 0xfe, 0x80, 0,    0,	   0,	 0,
					   0,	 0,    0x02, 0x16, 0x3e, 0xff,
					   0xfe, 0x01, 0x02, 0x03 };
	struct addresses own;
	struct pvn_err err;

	assert_int_equal(addresses_parse(&own, MAC, " 192.0.2.5  2001:db8::5 ",
					 &err),
			 0);
	assert_int_equal(own.n, 3);
	assert_int_equal(own.v[0].len, 4);
	assert_memory_equal(own.v[0].bytes, "\xc0\x00\x02\x05", 4);
	assert_int_equal(own.v[1].len, 16);
	assert_int_equal(own.v[1].bytes[15], 5);
	assert_int_equal(own.v[2].len, 16);
	assert_memory_equal(own.v[2].bytes, local, 16);
}

static const struct {
	const char *mac, *ip, *msg;
} bad[] = {
	{ "", NULL, "'' is no MAC address" },
	{ "00:16:3e:01:02", NULL, "'00:16:3e:01:02' is no MAC address" },
	{ "00:16:3e:01:02:0g", NULL, "'00:16:3e:01:02:0g' is no MAC address" },
	{ "00-16-3e-01-02-03", NULL, "'00-16-3e-01-02-03' is no MAC address" },
	{ "01:16:3e:01:02:03", NULL,
	  "'01:16:3e:01:02:03' is no MAC address of one station" },
	{ MAC, "192.0.2", "'192.0.2' is no IP address" },
	{ MAC, "192.0.2.5,192.0.2.6",
	  "'192.0.2.5,192.0.2.6' is no IP address" },
	{ MAC, "192.0.2.0/24", "'192.0.2.0/24' is no IP address" },
};

PVN_TEST(bad_ones_are_refused)
{
	struct addresses own;
	struct pvn_err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(
			addresses_parse(&own, bad[i].mac, bad[i].ip, &err), 0);
		assert_string_equal(err.msg, bad[i].msg);
	}
}

PVN_TEST(not_more_than_the_limit)
{
	char ip[(MAX_ADDRESSES + 1) * 16] = "";
	struct addresses own;
	struct pvn_err err;

	for (int i = 0; i < MAX_ADDRESSES; i++)
		snprintf(ip + strlen(ip), 16, "10.0.0.%d ", i + 1);
	assert_int_equal(addresses_parse(&own, MAC, ip, &err), 0);
	assert_int_equal(own.n, MAX_ADDRESSES + 1); /* and the link-local one */
	strcat(ip, "10.0.1.1");
	assert_int_not_equal(addresses_parse(&own, MAC, ip, &err), 0);
}
