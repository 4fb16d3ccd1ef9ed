/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_netlink.c: what a kernel answers to a dump; here it is the other end of a
 * socket. */
#include <errno.h>
#include <sys/socket.h>
#include "netlink.h"
#include "unit.h"

#define TYPE 20

static void count(void *arg, const struct nlmsghdr *msg)
{
	assert_int_equal(msg->nlmsg_type, TYPE);
	++*(int *)arg;
}

/* Ask a kernel that answers with one message and the end, with these flags. */
static int dump(uint16_t flags, uint16_t end_flags, int *n, struct pvn_err *err)
{
	const struct nlmsghdr answers[] = {
		{ .nlmsg_len = sizeof(answers[0]),
		  .nlmsg_type = TYPE,
		  .nlmsg_flags = NLM_F_MULTI | flags },
		{ .nlmsg_len = sizeof(answers[0]),
		  .nlmsg_type = NLMSG_DONE,
		  .nlmsg_flags = NLM_F_MULTI | end_flags },
	};
	auto_netlink struct netlink nl = NETLINK_CLOSED;
	int kernel[2];
	int rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, kernel), 0);
	nl.fd = kernel[0];
	assert_int_equal(write(kernel[1], answers, sizeof(answers)),
			 sizeof(answers));
	netlink_message(&nl, TYPE, NLM_F_DUMP, "", 0);
	*n = 0;
	rc = netlink_dump(&nl, count, n, "all there is", err);
	close(kernel[1]);
	return rc;
}

PVN_TEST(a_dump_gives_each_answer)
{
	struct pvn_err err = { 0 };
	int n;

	assert_int_equal(dump(0, 0, &n, &err), 0);
	assert_int_equal(n, 1);
}

PVN_TEST(a_dump_that_was_disturbed_is_to_be_repeated)
{
	struct pvn_err err = { 0 };
	int n;

	assert_int_equal(dump(NLM_F_DUMP_INTR, 0, &n, &err), -EAGAIN);
	assert_int_equal(dump(0, NLM_F_DUMP_INTR, &n, &err), -EAGAIN);
	assert_string_equal(err.msg, "all there is changed while it was read");
}
