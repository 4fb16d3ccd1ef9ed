/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zones.c: the time zones. A host needs no history of clocks: of each zone there is only the rule
 * that holds from now on, which is a tenth of tzdata's size packed into one file. */
#include <stdio.h>
#include <string.h>

#include "zones.h"

/* "NAME\0RULE\0" again and again, by the names' order; make-zones writes it */
extern const char zone_table[];

/* What is behind the string at @at. */
static const char *behind(const char *at)
{
	return at + strlen(at) + 1;
}

const char *zone_rule(const char *name)
{
	for (const char *at = zone_table; *at; at = behind(behind(at))) {
		if (!strcmp(at, name))
			return behind(at);
	}
	return NULL;
}

const char *zone_name(size_t i)
{
	const char *at = zone_table;

	while (*at && i--)
		at = behind(behind(at));
	return *at ? at : NULL;
}

/* A TZif header: version 2, then how much there is of each kind. */
static size_t put_header(uint8_t *buf, uint8_t times)
{
	static const uint8_t head[44] = { 'T', 'Z', 'i', 'f', '2' };

	memcpy(buf, head, sizeof(head));
	buf[35] = times;
	buf[39] = 1; /* local time type */
	buf[43] = 4; /* characters of names */
	return sizeof(head);
}

/* UTC, which holds until the first change: that to the rule, in 1970. */
static size_t put_type(uint8_t *buf)
{
	static const uint8_t type[10] = { 0, 0, 0, 0, 0, 0, 'U', 'T', 'C' };

	memcpy(buf, type, sizeof(type));
	return sizeof(type);
}

size_t zone_file(const char *rule, uint8_t buf[ZONE_FILE_MAX])
{
	size_t at = put_header(buf, 0); /* for readers of version 1 */

	at += put_type(buf + at);
	at += put_header(buf + at, 1);
	memset(buf + at, 0, 9); /* the time, and the type from then on */
	at += 9;
	at += put_type(buf + at);
	at += (size_t)snprintf((char *)buf + at, ZONE_FILE_MAX - at, "\n%s\n",
			       rule);
	return at;
}
