/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_guestd.c: what becomes of a guest that stopped, and what clients may ask. */
#include <errno.h>

#include "../../dom0-rootfs/src/guestd/policy.h"
#include "../../dom0-rootfs/src/guestd/request.h"
#include "unit.h"

#define MINUTE 60000

PVN_TEST(actions_by_default_are_those_of_xl)
{
	const struct guestconf conf = { 0 };

	assert_int_equal(policy_action(&conf, REASON_POWEROFF), ACTION_DESTROY);
	assert_int_equal(policy_action(&conf, REASON_REBOOT), ACTION_RESTART);
	assert_int_equal(policy_action(&conf, REASON_CRASH), ACTION_DESTROY);
	assert_int_equal(policy_action(&conf, REASON_WATCHDOG), ACTION_DESTROY);
	assert_int_equal(policy_action(&conf, 200), ACTION_DESTROY);
}

PVN_TEST(actions_are_those_of_the_file)
{
	const struct guestconf conf = { .on_poweroff = (char *)"restart",
					.on_reboot = (char *)"destroy",
					.on_crash = (char *)"preserve" };

	assert_int_equal(policy_action(&conf, REASON_POWEROFF), ACTION_RESTART);
	assert_int_equal(policy_action(&conf, REASON_REBOOT), ACTION_DESTROY);
	assert_int_equal(policy_action(&conf, REASON_SOFT_RESET),
			 ACTION_DESTROY);
	assert_int_equal(policy_action(&conf, REASON_CRASH), ACTION_PRESERVE);
	assert_int_equal(policy_action(&conf, REASON_WATCHDOG),
			 ACTION_PRESERVE);
}

PVN_TEST(unknown_actions_are_refused)
{
	struct guestconf conf = { .on_crash = (char *)"rename-restart" };
	struct pvn_err err = { 0 };

	assert_int_equal(policy_check(&conf, &err), -EINVAL);
	assert_string_equal(
		err.msg,
		"'on_crash' is 'rename-restart': expected destroy, restart or preserve");
	conf.on_crash = (char *)"preserve";
	assert_int_equal(policy_check(&conf, &err), 0);
}

PVN_TEST(each_crash_waits_twice_as_long_and_the_fifth_is_the_last)
{
	struct policy_crashes crashes = { 0 };
	int64_t now = 1000000;

	assert_int_equal(policy_crashed(&crashes, now), 1000);
	assert_int_equal(policy_crashed(&crashes, now += MINUTE), 2000);
	assert_int_equal(policy_crashed(&crashes, now += MINUTE), 4000);
	assert_int_equal(policy_crashed(&crashes, now += MINUTE), 8000);
	assert_int_equal(policy_crashed(&crashes, now += MINUTE), -1);
	/* someone started it by hand */
	assert_int_equal(policy_crashed(&crashes, now += MINUTE), 1000);
}

PVN_TEST(old_crashes_are_forgotten)
{
	struct policy_crashes crashes = { 0 };
	int64_t now = 5;

	for (int i = 0; i < 4; i++)
		assert_true(policy_crashed(&crashes, now) > 0);
	now += POLICY_WINDOW_MS - 1;
	assert_int_equal(policy_crashed(&crashes, now), -1);
	for (int i = 0; i < 4; i++)
		assert_true(policy_crashed(&crashes, now) > 0);
	now += POLICY_WINDOW_MS;
	assert_int_equal(policy_crashed(&crashes, now), 1000);
}

PVN_TEST(a_crash_now_and_then_never_ends_it)
{
	struct policy_crashes crashes = { 0 };

	for (int64_t i = 0; i < 100; i++)
		assert_true(policy_crashed(&crashes, i * 3 * MINUTE) > 0);
}

PVN_TEST(requests_are_understood)
{
	struct request request;
	struct pvn_err err = { 0 };

	assert_int_equal(request_parse("start web1", &request, &err), 0);
	assert_int_equal(request.verb, REQUEST_START);
	assert_string_equal(request.name, "web1");
	assert_int_equal(request_parse("stop web1 60", &request, &err), 0);
	assert_int_equal(request.verb, REQUEST_STOP);
	assert_int_equal(request.seconds, 60);
	assert_int_equal(request_parse("shutdown-all 120", &request, &err), 0);
	assert_int_equal(request.verb, REQUEST_SHUTDOWN_ALL);
	assert_string_equal(request.name, "");
}

PVN_TEST(bad_requests_are_refused)
{
	static const char *const lines[] = {
		"",
		" ",
		"start",
		"start ",
		"start  web1",
		"start ../web1",
		"start .web1",
		"start web1 60",
		"start web1 ",
		"stop web1",
		"stop web1 ",
		"stop web1 0",
		"stop web1 -1",
		"stop web1 6x",
		"stop web1 99999999999999999999",
		"shutdown-all",
		"shutdown-all 120 now",
		"explode web1",
		"startweb1",
		"start aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct request request;
		struct pvn_err err = { 0 };

		assert_int_equal(request_parse(lines[i], &request, &err),
				 -EINVAL);
		assert_int_equal(strncmp(err.msg, "bad request: ", 13), 0);
	}
}

PVN_TEST(dom0_keeps_some_memory)
{
	struct pvn_err err = { 0 };

	assert_int_equal(policy_dom0_memory("MemTotal: 170000 kB\n"
					    "MemAvailable:   24576 kB\n",
					    &err),
			 0);
	assert_int_equal(policy_dom0_memory("MemAvailable:   24575 kB\n", &err),
			 -ENOMEM);
	assert_non_null(strstr(err.msg, "only 23 MiB"));
	assert_int_equal(policy_dom0_memory("", &err), -ENOMEM);
}
