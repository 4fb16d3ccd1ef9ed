/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_guestd.c: what becomes of a guest that stopped, what clients may ask, and what a
 * guestd leaves for the next one. */
#include <errno.h>

#include "../../dom0-rootfs/src/guestd/guestd.h"
#include "supervisor.h"
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
	assert_int_equal(request_parse("hold web1", &request, &err), 0);
	assert_int_equal(request.verb, REQUEST_HOLD);
	assert_int_equal(request_parse("names", &request, &err), 0);
	assert_int_equal(request.verb, REQUEST_NAMES);
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
		"hold",
		"hold web1 5",
		"names web1",
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

#define UUID "12345678-9abc-4def-8123-456789abcdef"

PVN_TEST(a_record_says_what_it_was_made_of)
{
	const struct ward ward = { .phase = PHASE_LEAVING,
				   .uuid = UUID,
				   .domid = 7,
				   .after = PHASE_WAITING,
				   .due = 1234567890123,
				   .crashes = { { 11, 22 }, 2 } };
	autofree char *text = record_text(&ward);
	struct ward got = { 0 };

	assert_string_equal(text,
			    "leaving " UUID " 7 waiting 1234567890123 11 22\n");
	text[strlen(text) - 1] = '\0';
	assert_true(record_parse(text, &got));
	assert_int_equal(got.phase, PHASE_LEAVING);
	assert_string_equal(got.uuid, UUID);
	assert_int_equal(got.domid, 7);
	assert_int_equal(got.after, PHASE_WAITING);
	assert_int_equal(got.due, 1234567890123);
	assert_int_equal(got.crashes.n, 2);
	assert_int_equal(got.crashes.at[1], 22);
	assert_true(got.ours);
}

PVN_TEST(what_needs_no_record_has_none)
{
	struct ward ward = { .phase = PHASE_UP, .ours = true };
	autofree char *ours = record_text(&ward);

	assert_string_equal(ours, "up - 0 down 0\n");
	ward.ours = false;
	assert_null(record_text(&ward));
	ward.phase = PHASE_DOWN;
	assert_null(record_text(&ward));
}

PVN_TEST(records_that_are_none)
{
	static const char *const bad[] = { "",
					   "up",
					   "up " UUID,
					   "up " UUID " 7",
					   "up " UUID " 7 high 0",
					   "asleep " UUID " 7 down 0" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ward ward = { 0 };

		assert_false(record_parse(bad[i], &ward));
		assert_int_equal(ward.phase, PHASE_DOWN);
	}
}

PVN_TEST(the_next_guestd_goes_on)
{
	static const struct {
		enum phase phase, after;
		bool there, paused;
		int act;
		enum phase then;
	} cases[] = {
		/* it was being made, and it is not known how far that came */
		{ PHASE_BUILDING, 0, false, false, RECOVER_NONE,
		  PHASE_WAITING },
		{ PHASE_BUILDING, 0, true, true, RECOVER_LEAVE, PHASE_WAITING },
		{ PHASE_BUILDING, 0, true, false, RECOVER_ADOPT, PHASE_UP },
		/* it was being destroyed */
		{ PHASE_LEAVING, PHASE_WAITING, true, false, RECOVER_LEAVE,
		  PHASE_WAITING },
		{ PHASE_LEAVING, PHASE_CRASHED, false, false, RECOVER_NONE,
		  PHASE_CRASHED },
		{ PHASE_LEAVING, PHASE_DOWN, false, false, RECOVER_NONE,
		  PHASE_DOWN },
		/* it ran, maybe paused by somebody */
		{ PHASE_UP, 0, true, true, RECOVER_ADOPT, PHASE_UP },
		{ PHASE_UP, 0, false, false, RECOVER_NONE, PHASE_DOWN },
		/* it was down, but 'xl' may have started it since */
		{ PHASE_WAITING, 0, false, false, RECOVER_NONE, PHASE_WAITING },
		{ PHASE_WAITING, 0, true, false, RECOVER_ADOPT_FOREIGN,
		  PHASE_UP },
		{ PHASE_CRASHED, 0, false, false, RECOVER_NONE, PHASE_CRASHED },
		{ PHASE_CRASHED, 0, true, false, RECOVER_ADOPT_FOREIGN,
		  PHASE_UP },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct recovery got =
			record_recovery(cases[i].phase, cases[i].after,
					cases[i].there, cases[i].paused);

		assert_int_equal(got.act, cases[i].act);
		assert_int_equal(got.phase, cases[i].then);
	}
}

PVN_TEST(commands_know_what_guestd_is_about_to_do)
{
	static const struct {
		const char *record;
		enum supervisor_plan plan;
	} cases[] = {
		{ "up " UUID " 7 down 0", SUPERVISOR_NOTHING },
		{ "building " UUID " 0 down 0", SUPERVISOR_STARTS },
		{ "waiting " UUID " 0 waiting 5 1 2", SUPERVISOR_STARTS },
		{ "waiting - 0 down 9223372036854775807", SUPERVISOR_STARTS },
		{ "leaving " UUID " 7 waiting 0", SUPERVISOR_STARTS },
		{ "leaving " UUID " 7 down 0", SUPERVISOR_NOTHING },
		{ "leaving " UUID " 7 crashed 0", SUPERVISOR_GAVE_UP },
		{ "crashed " UUID " 0 crashed 0 1", SUPERVISOR_GAVE_UP },
		{ "", SUPERVISOR_NOTHING },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(supervisor_plan_of(cases[i].record),
				 cases[i].plan);
}
