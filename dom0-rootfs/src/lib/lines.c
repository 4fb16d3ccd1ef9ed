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
