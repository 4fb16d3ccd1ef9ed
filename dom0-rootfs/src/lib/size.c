/* SPDX-License-Identifier: GPL-2.0-or-later */
/* size.c: sizes as people write them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "size.h"

static const char suffixes[] = "KMGTPE";

static int not_a_size(const char *text, struct pvn_err *err)
{
	return pvn_err(err, -EINVAL,
		       "'%s' is not a size, expected something like 512M or 4G",
		       text);
}

static int too_large(const char *text, struct pvn_err *err)
{
	return pvn_err(err, -ERANGE, "'%s' is too large for a size", text);
}

/* The power of 1024 that @s stands for ("", "K", "MiB" ...), or -1. */
static int parse_suffix(const char *s)
{
	const char *unit;

	if (!*s)
		return 0;
	unit = strchr(suffixes, *s >= 'a' ? *s - 'a' + 'A' : *s);
	if (!unit)
		return -1;
	s++;
	if (*s && strcmp(s, "B") && strcmp(s, "iB"))
		return -1;
	return (int)(unit - suffixes) + 1;
}

int size_parse(const char *text, uint64_t *bytes_r, struct pvn_err *err)
{
	const char *s = text;
	uint64_t n = 0;
	int power;

	if (*s < '0' || *s > '9')
		return not_a_size(text, err);
	for (; *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (n > ((uint64_t)INT64_MAX - digit) / 10)
			return too_large(text, err);
		n = n * 10 + digit;
	}
	power = parse_suffix(s);
	if (power < 0)
		return not_a_size(text, err);
	for (; power > 0; power--) {
		if (n > INT64_MAX / 1024)
			return too_large(text, err);
		n *= 1024;
	}
	*bytes_r = n;
	return 0;
}

char *size_print(uint64_t bytes, char *buf)
{
	uint64_t unit = 1;
	int power = 0;

	/* 1000 and not 1024, so that there are never four digits */
	while (bytes / unit >= 1000 && power < 6) {
		unit *= 1024;
		power++;
	}
	if (!power) {
		snprintf(buf, 16, "%" PRIu64, bytes);
		return buf;
	}
	/* tenths, cut off and not rounded: never promise more than there is */
	unsigned int whole = (unsigned int)(bytes / unit % 1000);
	unsigned int tenth =
		(unsigned int)((bytes % unit) / (unit / 1024) * 10 / 1024);

	if (whole < 10)
		snprintf(buf, 16, "%u.%u%c", whole, tenth, suffixes[power - 1]);
	else
		snprintf(buf, 16, "%u%c", whole, suffixes[power - 1]);
	return buf;
}
