/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_zones.c: the table of time zones, and the files that it makes, as libc reads them. */
#include <stdlib.h>
#include <time.h>

#include "file.h"
#include "unit.h"
#include "zones.h"

#define PATH "/tmp/pvn-unit-zone"

PVN_TEST(rules)
{
	assert_string_equal(zone_rule("UTC"), "UTC0");
	assert_string_equal(zone_rule("Europe/Berlin"),
			    "CET-1CEST,M3.5.0,M10.5.0/3");
	assert_string_equal(zone_rule("Asia/Kathmandu"), "<+0545>-5:45");
	assert_null(zone_rule("Europe"));
	assert_null(zone_rule(""));
	assert_null(zone_rule("CET-1CEST,M3.5.0,M10.5.0/3"));
}

PVN_TEST(every_name_has_its_rule)
{
	size_t n = 0;

	for (const char *name; (name = zone_name(n)); n++) {
		assert_non_null(zone_rule(name));
		assert_true(*zone_rule(name));
	}
	assert_true(n > 400);
}

/* What the clock says at @when by the file of @name. */
static void assert_clock(const char *name, time_t when, const char *expected)
{
	uint8_t buf[ZONE_FILE_MAX];
	char said[64];
	struct tm tm;
	FILE *f = fopen(PATH, "we");

	assert_non_null(f);
	size_t len = zone_file(zone_rule(name), buf);
	assert_int_equal(fwrite(buf, 1, len, f), len);
	fclose(f);
	setenv("TZ", "", 1);
	tzset();
	setenv("TZ", ":" PATH, 1);
	tzset();
	assert_non_null(localtime_r(&when, &tm));
	strftime(said, sizeof(said), "%F %R %Z", &tm);
	assert_string_equal(said, expected);
	unlink(PATH);
}

PVN_TEST(libc_reads_the_files)
{
	const time_t winter = 1799625600; /* 2027-01-11 */
	const time_t summer = 1815264000; /* 2027-07-11 */

	assert_clock("UTC", winter, "2027-01-11 00:00 UTC");
	assert_clock("Europe/Berlin", winter, "2027-01-11 01:00 CET");
	assert_clock("Europe/Berlin", summer, "2027-07-11 02:00 CEST");
	assert_clock("America/New_York", summer, "2027-07-10 20:00 EDT");
	assert_clock("Australia/Sydney", winter, "2027-01-11 11:00 AEDT");
	assert_clock("Asia/Kathmandu", summer, "2027-07-11 05:45 +0545");
}
