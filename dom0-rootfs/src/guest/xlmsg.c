/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xlmsg.c: what a person wants to read of libxl's messages. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "xlmsg.h"

#define SCRIPT "script: "

/* Skip "<file>.c:<line>:<function>: ", wherever it is in the line. */
static const char *after_place(const char *line)
{
	const char *at = strstr(line, ".c:");
	const char *colon;

	if (!at || !isdigit((unsigned char)at[3]))
		return line;
	colon = strstr(at + 3, ": ");
	return colon ? colon + 2 : line;
}

/* ... and "Domain <number>:". */
static const char *after_domain(const char *line)
{
	const char *s = after_place(line);

	if (!strncmp(s, "Domain ", 7)) {
		size_t digits = strspn(s + 7, "0123456789");

		if (digits && s[7 + digits] == ':')
			s += 7 + digits + 1;
	}
	return s;
}

bool xlmsg_is_script(const char *line)
{
	return !strncmp(after_domain(line), SCRIPT, strlen(SCRIPT));
}

const char *xlmsg_text(const char *line)
{
	const char *s = after_domain(line);

	return xlmsg_is_script(line) ? s + strlen(SCRIPT) : s;
}

void xlmsg_no_progress(xentoollog_logger *logger, const char *context,
		       const char *doing_what, int percent, unsigned long done,
		       unsigned long total)
{
	(void)logger;
	(void)context;
	(void)doing_what;
	(void)percent;
	(void)done;
	(void)total;
}

void xlmsg_no_destroy(xentoollog_logger *logger)
{
	(void)logger;
}

void xlmsg_write(char *text, size_t size, int errnoval, const char *format,
		 va_list ap)
{
	size_t len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, size, format, ap);
#pragma GCC diagnostic pop
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
	len = strlen(text);
	if (errnoval > 0)
		snprintf(text + len, size - len, ": %s", strerror(errnoval));
}
