/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui.c: pages of plain text on a console. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "ui.h"

#define COLUMNS 78

static const char
	*back; /* of the prompts of this page: the first has none before it */

void ui_page(const char *title, unsigned int at, unsigned int of)
{
	int n = of ? printf("\n--- %s (%u of %u) ", title, at, of)
		   : printf("\n--- %s ", title);

	back = of ? ", or b for back" : "";
	for (; n < COLUMNS; n++)
		putchar('-');
	printf("\n\n");
}

void ui_say(const char *fmt, ...)
{
	autofree char *text = NULL;
	char *save = NULL;
	size_t column = 0;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	for (char *word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		size_t len = strlen(word);

		if (column && column + 1 + len > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%s", column ? " " : "", word);
	}
	printf("\n\n");
}

/* A line without the blanks at its ends, or NULL at the end of the input. Caller frees. */
static char *read_line(void)
{
	autofree char *line = NULL;
	size_t room = 0;
	char *begin;
	ssize_t len;

	fflush(stdout);
	len = getline(&line, &room, stdin);
	if (len < 0)
		return NULL;
	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	begin = line + strspn(line, " \t");
	return xstrdup(begin);
}

static int is_back(const char *line)
{
	return !strcmp(line, "b") || !strcmp(line, "back");
}

int ui_choose(const char *const *items, size_t n, size_t preset)
{
	for (size_t i = 0; i < n; i++)
		printf("%4zu  %s\n", i + 1, items[i]);
	putchar('\n');
	for (;;) {
		autofree char *line = NULL;
		unsigned long number;
		char *end;

		if (preset < n)
			printf("Number%s [%zu]: ", back, preset + 1);
		else
			printf("Number%s: ", back);
		line = read_line();
		if (!line)
			return UI_END;
		if (*back && is_back(line))
			return UI_BACK;
		if (!*line && preset < n)
			return (int)preset;
		number = strtoul(line, &end, 10);
		if (*line && !*end && number >= 1 && number <= n)
			return (int)number - 1;
		printf("'%.20s' is none of these: a number from 1 to %zu is expected.\n",
		       line, n);
	}
}

int ui_ask(const char *what, const char *preset, char **text_r)
{
	autofree char *line = NULL;

	if (*preset)
		printf("%s%s [%s]: ", what, back, preset);
	else
		printf("%s%s: ", what, back);
	line = read_line();
	if (!line)
		return UI_END;
	if (is_back(line))
		return UI_BACK;
	*text_r = xstrdup(!*line ? preset : !strcmp(line, "-") ? "" : line);
	return 0;
}

int ui_wait(const char *what)
{
	autofree char *line = NULL;

	printf("%s%s: ", what, back);
	line = read_line();
	if (!line)
		return UI_END;
	return is_back(line) ? UI_BACK : 0;
}
