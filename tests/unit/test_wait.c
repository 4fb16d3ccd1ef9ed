/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_wait.c: where a guest's ssh is looked for. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "unit.h"
#include "wait.h"

static void expect(const char *first, const char *ip, const char *all)
{
	auto_strlist struct strlist list = { 0 };
	autofree char *got = NULL;

	wait_addresses(first, ip, &list);
	got = strlist_joined(&list, ",");
	assert_string_equal(got, all);
}

PVN_TEST(addresses)
{
	expect(NULL, NULL, "");
	expect("192.0.2.7", NULL, "192.0.2.7");
	expect("2001:db8::5", "2001:db8::5 192.0.2.5", "2001:db8::5,192.0.2.5");
	expect("192.0.2.7", "192.0.2.5  2001:db8::5",
	       "192.0.2.7,192.0.2.5,2001:db8::5");
}

PVN_TEST(ssh_port)
{
	struct sockaddr_storage to;
	const struct sockaddr_in *ip4 = (struct sockaddr_in *)&to;
	const struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)&to;

	assert_int_equal(wait_ssh_port("192.0.2.5", &to), sizeof(*ip4));
	assert_int_equal(to.ss_family, AF_INET);
	assert_int_equal(ntohs(ip4->sin_port), 22);
	assert_int_equal(wait_ssh_port("2001:db8::5", &to), sizeof(*ip6));
	assert_int_equal(to.ss_family, AF_INET6);
	assert_int_equal(ntohs(ip6->sin6_port), 22);
	assert_int_equal(ip6->sin6_addr.s6_addr[15], 5);
	assert_int_equal(wait_ssh_port("192.0.2.0/24", &to), 0);
	assert_int_equal(wait_ssh_port("", &to), 0);
}
