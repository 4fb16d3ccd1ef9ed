/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.c: texts of lines, such as authorized_keys. */
#include <string.h>
#include "lines.h"
#include "mem.h"

bool lines_have(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");

		if (n == len && !memcmp(at, line, len))
			return true;
		at += n + (at[n] == '\n');
	}
	return false;
}

void lines_add(char **text, const char *line)
{
	size_t len = strlen(*text);
	char *longer;

	if (lines_have(*text, line))
		return;
	longer = xasprintf("%s%s%s\n", *text,
			   len && (*text)[len - 1] != '\n' ? "\n" : "", line);
	free(*text);
	*text = longer;
}

void json_quote(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\u%04x", c);
		else
			fputc(c < 0x80 ? c : '?', f);
	}
	fputc('"', f);
}

void roff_put(const char *text, FILE *f)
{
	bool line_begins = true;

	for (; *text; text++) {
		if (line_begins && (*text == '.' || *text == '\''))
			fputs("\\&", f);
		if (*text == '\\')
			fputs("\\e", f);
		else if (*text == '-')
			fputs("\\-", f);
		else
			fputc(*text, f);
		line_begins = *text == '\n';
	}
}
