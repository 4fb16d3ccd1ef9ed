/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_nic.c: what commands are told of a guest's network interface. */
#include <errno.h>

#include "nic.h"
#include "unit.h"

PVN_TEST(addresses)
{
	static const struct {
		const char *text, *ip, *message;
	} cases[] = {
		{ "192.0.2.5", "192.0.2.5", NULL },
		{ "192.0.2.5/24", "192.0.2.5", NULL },
		{ "192.0.2.5 192.0.2.6/24", "192.0.2.5 192.0.2.6", NULL },
		{ "192.0.2.5/24,2001:db8::5/64,2001:db8::6",
		  "192.0.2.5 2001:db8::5 2001:db8::6", NULL },
		{ "192.0.2.0/24", NULL, "the network's own" },
		{ "192.0.2.5/", NULL, "like 192.0.2.5/24" },
		{ "192.0.2.5/0", NULL, "like 192.0.2.5/24" },
		{ "192.0.2.5,192.0.2.6/33", NULL, "like 192.0.2.5/24" },
		{ "192.0.2", NULL, "'192.0.2' is no IP address" },
		{ "127.0.0.1", NULL,
		  "'--ip 127.0.0.1' is no address of a host" },
		{ "2001:db8::5/", NULL, "like 2001:db8::5/64" },
		{ "2001:db8::5/6a", NULL, "like 2001:db8::5/64" },
		{ "2001:db8::5/129", NULL, "like 2001:db8::5/64" },
		{ "2001:db8::g/64", NULL, "'2001:db8::g' is no IP address" },
		{ " , ", NULL, "has no address" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *ip = NULL;
		struct pvn_err err = { 0 };
		int rc = nic_addresses(cases[i].text, &ip, &err);

		if (cases[i].ip) {
			assert_int_equal(rc, 0);
			assert_string_equal(ip, cases[i].ip);
			continue;
		}
		assert_int_equal(rc, -EINVAL);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("'%s' is not in '%s'", cases[i].message,
				 err.msg);
	}
}

PVN_TEST(bridges)
{
	auto_strlist struct strlist bridges = { 0 };
	struct pvn_err err = { 0 };

	assert_int_equal(nic_bridge_check("br0", &bridges, &err), PVN_REFUSED);
	assert_string_equal(err.msg, "no bridge 'br0', there is none");
	strlist_add(&bridges, "br0");
	assert_int_equal(nic_bridge_check("br0", &bridges, &err), 0);
	assert_int_equal(nic_fixed_check("br0", &err), 0);
	assert_int_equal(nic_fixed_check("nat0", &err), PVN_REFUSED);
}

/* Its address is the clone's own, whether the other was held to one or not. */
PVN_TEST(clone)
{
	static const struct conf_vif bound = {
		.mac = (char *)"00:16:3e:00:00:01",
		.bridge = (char *)"br0",
		.ip = (char *)"192.0.2.5",
		.vlan = (char *)"12",
		.vifname = (char *)"web0"
	};
	static const struct conf_vif free_one = {
		.mac = (char *)"00:16:3e:00:00:01", .bridge = (char *)"br0"
	};
	const char *mac = "00:16:3e:00:00:02";
	autofree char *moved = nic_clone_text(&bound, mac, "192.0.2.6");
	autofree char *any = nic_clone_text(&bound, mac, NULL);
	autofree char *given = nic_clone_text(&free_one, mac, "192.0.2.6");

	assert_string_equal(
		moved, "mac=00:16:3e:00:00:02,bridge=br0,ip=192.0.2.6,vlan=12");
	assert_string_equal(any, "mac=00:16:3e:00:00:02,bridge=br0,vlan=12");
	assert_string_equal(given,
			    "mac=00:16:3e:00:00:02,bridge=br0,ip=192.0.2.6");
}
