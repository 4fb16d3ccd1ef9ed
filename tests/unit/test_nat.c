/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_nat.c: nat0's addresses, its DHCP file, its rules and its port forwards. */
#include <errno.h>
#include <stdio.h>

#include "nat.h"
#include "unit.h"

static struct subnet net_of(const char *text)
{
	struct subnet net = { 0 };
	struct pvn_err err = { 0 };

	if (subnet_parse(text, &net, &err))
		fail_msg("%s", err.msg);
	return net;
}

PVN_TEST(networks)
{
	static const char *const bad[] = {
		"",	      "10.0.0.1",  "10.0.0.1/",	  "10.0.0.1/33",
		"10.0.0.1/0", "10.0.0/24", "10.0.0.1/2x", "10.0.0.1/024"
	};
	struct subnet net = net_of("192.0.2.5/28");
	struct subnet wide = net_of("192.0.0.0/16");
	struct subnet other = net_of("192.0.2.17/28");
	struct pvn_err err = { 0 };
	char text[IP_TEXT];

	assert_string_equal(ip_print(subnet_base(&net), text), "192.0.2.0");
	assert_true(subnet_overlaps(&net, &wide));
	assert_true(subnet_overlaps(&wide, &net));
	assert_false(subnet_overlaps(&net, &other));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(subnet_parse(bad[i], &net, &err), -EINVAL);
}

/* Where nat0 would be beside these networks. */
static void assert_chosen(const char *used_a, const char *used_b,
			  const char *expect)
{
	const struct subnet used[] = { net_of(used_a), net_of(used_b) };
	struct subnet net;
	char text[IP_TEXT];

	assert_true(nat_choose(used, 2, &net));
	assert_int_equal(net.length, 24);
	assert_string_equal(ip_print(net.address, text), expect);
}

PVN_TEST(addresses_of_hosts)
{
	static const struct {
		const char *text;
		bool of_host;
	} cases[] = {
		{ "0.0.0.0", false },	      { "0.255.255.255", false },
		{ "1.0.0.1", true },	      { "126.255.255.255", true },
		{ "127.0.0.1", false },	      { "127.255.255.255", false },
		{ "128.0.0.1", true },	      { "223.255.255.255", true },
		{ "224.0.0.1", false },	      { "240.0.0.1", false },
		{ "255.255.255.255", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t address = 0;

		assert_true(ip_parse(cases[i].text, &address));
		assert_int_equal(ip_is_of_host(address), cases[i].of_host);
	}
}

PVN_TEST(choice)
{
	const struct subnet all = net_of("0.0.0.1/1");
	const struct subnet both[] = { all, net_of("128.0.0.1/1") };
	struct subnet net;

	assert_chosen("10.0.2.0/24", "192.168.0.0/24", "172.31.31.1");
	assert_chosen("172.31.31.0/24", "172.31.32.128/25", "172.31.33.1");
	assert_chosen("172.16.0.0/12", "192.168.0.0/24", "10.231.31.1");
	assert_chosen("172.16.0.0/12", "10.0.0.0/8", "192.168.31.1");
	assert_false(nat_choose(both, 2, &net));
}

PVN_TEST(checks)
{
	static const char *const bad[] = { "172.31.0.0/24", "172.31.0.255/24",
					   "172.31.0.1/29", "172.31.0.1/15",
					   "192.0.2.1/24" };
	const struct subnet good = net_of("172.31.31.1/24");
	struct pvn_err err = { 0 };

	assert_int_equal(nat_check(&good, &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct subnet net = net_of(bad[i]);

		assert_int_equal(nat_check(&net, &err), -EINVAL);
	}
}

PVN_TEST(leases_are_stable_and_unique)
{
	auto_kv struct kv_list leases = { 0 };
	auto_kv struct kv_list again = { 0 };
	const struct subnet net = net_of("172.31.31.1/24");
	bool seen[256] = { false };
	char mac[18];

	/* .1 is the host, .241 to .254 are for those whom we don't know */
	for (int i = 0; i < 239; i++) {
		uint32_t address;

		snprintf(mac, sizeof(mac), "00:16:3E:00:00:%02x", i);
		address = lease_add(&leases, &net, mac);
		assert_int_equal(address >> 8, 0xac1f1f);
		address &= 0xff;
		assert_in_range(address, 2, 240);
		assert_false(seen[address]);
		seen[address] = true;
	}
	assert_int_equal(lease_add(&leases, &net, "00:16:3e:11:11:11"), 0);
	assert_int_equal(lease_find(&leases, &net, "00:16:3e:11:11:11"), 0);
	/* the first one, when the list is lost */
	assert_int_equal(lease_add(&again, &net, "00:16:3e:00:00:00"),
			 lease_find(&leases, &net, "00:16:3e:00:00:00"));
}

PVN_TEST(leases_of_another_network_are_none)
{
	auto_kv struct kv_list leases = { 0 };
	const struct subnet net = net_of("172.31.31.1/24");
	const struct subnet moved = net_of("10.231.31.1/24");
	const char *mac = "00:16:3e:00:00:01";

	assert_int_not_equal(lease_add(&leases, &net, mac), 0);
	assert_int_equal(lease_find(&leases, &moved, mac), 0);
	assert_int_equal(lease_add(&leases, &moved, mac) >> 8, 0x0ae71f);
	assert_int_equal(leases.n, 1);
}

PVN_TEST(dhcp_file)
{
	auto_kv struct kv_list leases = { 0 };
	const struct subnet net = net_of("172.31.31.1/24");
	autofree char *text = NULL;

	kv_set(&leases, "00:16:3e:00:00:01", "172.31.31.7");
	kv_set(&leases, "00:16:3e:00:00:02",
	       "10.0.0.7"); /* of another network */
	text = nat_dhcp_text(&net, &leases, "192.0.2.53 192.0.2.54");
	assert_string_equal(text,
			    "interface nat0\n"
			    "start 172.31.31.241\n"
			    "end 172.31.31.254\n"
			    "lease_file /run/paravane/udhcpd.leases\n"
			    "pidfile /run/paravane/udhcpd.pid\n"
			    "max_leases 14\n"
			    "option subnet 255.255.255.0\n"
			    "option router 172.31.31.1\n"
			    "option lease 86400\n"
			    "option dns 192.0.2.53 192.0.2.54\n"
			    "static_lease 00:16:3e:00:00:01 172.31.31.7\n");
}

static int count(const char *text, const char *words)
{
	int n = 0;

	while ((text = strstr(text, words))) {
		text += strlen(words);
		n++;
	}
	return n;
}

PVN_TEST(forwards)
{
	auto_kv struct kv_list pairs = { 0 };
	auto_forwards struct forward_list list = { 0 };
	const struct subnet net = net_of("172.31.31.1/24");
	struct pvn_err err = { 0 };
	autofree char *text = NULL;
	autofree char *early = NULL;

	kv_set(&pairs, "tcp/8080", "web1:80");
	kv_set(&pairs, "udp/53", "dns:5353");
	assert_int_equal(forwards_parse(&pairs, &list, &err), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[1].guest, "dns");
	assert_true(list.v[1].udp);
	list.v[0].address = 0xac1f1f07;
	text = nat_rules_text(&net, 0xc0000205, &list);
	/* from outside and other guests, and from dom0 itself */
	assert_int_equal(
		count(text,
		      "\t\tip daddr 192.0.2.5 tcp dport 8080 dnat to 172.31.31.7:80\n"),
		2);
	assert_non_null(strstr(
		text,
		"ip saddr 172.31.31.0/24 oifname \"nat0\" ct status dnat masquerade\n"));
	early = nat_rules_text(&net, 0, &list);
	assert_int_equal(
		count(early,
		      "\t\tiifname \"br0\" tcp dport 8080 dnat to 172.31.31.7:80\n"),
		1);
	assert_null(
		strstr(text, "5353")); /* nobody knows where that guest is */
	assert_non_null(strstr(
		text,
		"ip saddr 172.31.31.0/24 oifname != \"nat0\" masquerade\n"));
}

PVN_TEST(bad_forwards)
{
	static const struct {
		const char *key, *value, *msg;
	} bad[] = {
		{ "8080", "web1:80",
		  "'/etc/paravane/forwards': '8080' is neither tcp/PORT nor udp/PORT" },
		{ "tcp/0", "web1:80",
		  "'/etc/paravane/forwards': '0' is no port: expected 1 to 65535" },
		{ "tcp/80", "web1",
		  "'/etc/paravane/forwards': 'web1' is no guest with a port, like web1:80" },
		{ "tcp/80", "web1:99999",
		  "'/etc/paravane/forwards': '99999' is no port: expected 1 to 65535" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_kv struct kv_list pairs = { 0 };
		auto_forwards struct forward_list list = { 0 };
		struct pvn_err err = { 0 };

		kv_set(&pairs, bad[i].key, bad[i].value);
		assert_int_equal(forwards_parse(&pairs, &list, &err), -EINVAL);
		assert_string_equal(err.msg, bad[i].msg);
	}
}

PVN_TEST(forwards_follow_the_guest)
{
	auto_kv struct kv_list pairs = { 0 };

	kv_set(&pairs, "tcp/8080", "web1:80");
	kv_set(&pairs, "tcp/8081", "web12:80");
	kv_set(&pairs, "udp/53", "web1:53");
	assert_false(forwards_rename(&pairs, "web", "www"));
	assert_true(forwards_rename(&pairs, "web1", "www"));
	assert_string_equal(kv_get(&pairs, "tcp/8080"), "www:80");
	assert_string_equal(kv_get(&pairs, "tcp/8081"), "web12:80");
	assert_string_equal(kv_get(&pairs, "udp/53"), "www:53");
}
