/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages_host.c: the dialogue's pages about the host's name and its time. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "pages.h"
#include "zones.h"

#define MOST_SUGGESTED 6

int page_hostname(struct dialog *d)
{
	const struct question q = { "host", "hostname",
				    "Name, like xen1 or xen1.example.com",
				    false, &d->hostname };

	ui_page("The host's name", PAGE_HOSTNAME, PAGES);
	return page_ask(&q, 1);
}

/* What may be meant by @text; caller frees, NULL: nothing. */
static char *suggest_zones(const char *text)
{
	autofree char *found = xstrdup("");
	const char *name;
	size_t n = 0;

	for (size_t i = 0; (name = zone_name(i)) && n < MOST_SUGGESTED; i++) {
		char *longer;

		if (!strcasestr(name, text))
			continue;
		longer = xasprintf("%s%s%s", found, n++ ? ", " : "", name);
		free(found);
		found = longer;
	}
	return n ? steal_ptr(&found) : NULL;
}

static char *check_zone(char *text)
{
	autofree char *found = NULL;

	if (zone_rule(text))
		return NULL;
	found = *text ? suggest_zones(text) : NULL;
	if (found)
		return xasprintf(
			"'%.40s' is no time zone. Is it one of these: %s?",
			text, found);
	return xasprintf(
		"'%.40s' is no time zone: expected a name like Europe/Berlin, or UTC.",
		text);
}

static char *check_time(void *arg, size_t i, char *text)
{
	return i ? page_check(arg, i, text) : check_zone(text);
}

int page_time(struct dialog *d)
{
	const struct question questions[] = {
		{ "host", "timezone", "Time zone, like Europe/Berlin", false,
		  &d->timezone },
		{ "host", "ntp",
		  "Time servers, blanks between them; nothing: Debian's; none: no NTP",
		  true, &d->ntp },
	};

	if (!d->timezone)
		page_set(&d->timezone, xstrdup("UTC"));
	ui_page("Time", PAGE_TIME, PAGES);
	ui_say("A part of the zone's name is enough to be told the whole. The hardware's clock is taken for UTC.");
	return page_ask_checked(questions, 2, check_time);
}
