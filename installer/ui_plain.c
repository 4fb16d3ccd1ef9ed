/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui_plain.c: pages of plain text: any terminal can show them, and have them read aloud. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "mem.h"
#include "ui_ops.h"

#define COLUMNS 78

/* Of the prompts of this page: the first has none before it. */
static const char *back;

static bool begin(void)
{
	return true;
}

static void end(void)
{
	fflush(stdout);
}

static void page(const char *title, bool first)
{
	int n = printf("\n--- %s ", title);

	back = first ? "" : ", or b for back";
	for (; n < COLUMNS; n++)
		putchar('-');
	printf("\n\n");
}

static void text(const char *lines)
{
	fputs(lines, stdout);
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

static void progress(size_t i, size_t n, const char *what)
{
	printf("[%zu/%zu] %s\n", i + 1, n, what);
	fflush(stdout);
}

/* A line without the blanks at its ends, or NULL at the end of the input. Caller frees. */
static char *read_line(void)
{
	autofree char *line = NULL;
	size_t room = 0;
	ssize_t len;

	fflush(stdout);
	len = getline(&line, &room, stdin);
	if (len < 0)
		return NULL;
	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	return xstrdup(line + strspn(line, " \t"));
}

static char *read_secret(void)
{
	struct termios old, quiet;
	bool is_terminal = !tcgetattr(STDIN_FILENO, &old);
	char *line;

	fflush(stdout);
	if (is_terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
	}
	line = read_line();
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
		putchar('\n');
	}
	return line;
}

static bool is_back(const char *line)
{
	return *back && (!strcmp(line, "b") || !strcmp(line, "back"));
}

static void print_items(const char *const *items, size_t n, const bool *picked)
{
	for (size_t i = 0; i < n; i++)
		printf("%4zu  %s%s\n", i + 1,
		       !picked	   ? ""
		       : picked[i] ? "[x] "
				   : "[ ] ",
		       items[i]);
	putchar('\n');
}

/* The number in @line from 1 to @n, or 0. */
static size_t number_in(const char *line, size_t n)
{
	char *rest;
	unsigned long number = strtoul(line, &rest, 10);

	return *line && !*rest && number <= n ? number : 0;
}

static void refuse_number(const char *line, size_t n)
{
	printf("'%.20s' is none of these: a number from 1 to %zu is expected.\n",
	       line, n);
}

static int choose(const char *const *items, size_t n, size_t preset)
{
	print_items(items, n, NULL);
	for (;;) {
		autofree char *line = NULL;
		size_t number;

		if (preset < n)
			printf("Number%s [%zu]: ", back, preset + 1);
		else
			printf("Number%s: ", back);
		line = read_line();
		if (!line)
			return UI_END;
		if (is_back(line))
			return UI_BACK;
		if (!*line && preset < n)
			return (int)preset;
		number = number_in(line, n);
		if (number)
			return (int)number - 1;
		refuse_number(line, n);
	}
}

static int pick(const char *const *items, size_t n, bool *picked)
{
	for (;;) {
		autofree char *line = NULL;
		char *save = NULL;

		print_items(items, n, picked);
		printf("Numbers of lines to change, Enter when they are right%s: ",
		       back);
		line = read_line();
		if (!line)
			return UI_END;
		if (is_back(line))
			return UI_BACK;
		if (!*line)
			return 0;
		for (char *word = strtok_r(line, " ,", &save); word;
		     word = strtok_r(NULL, " ,", &save)) {
			size_t number = number_in(word, n);

			if (number)
				picked[number - 1] = !picked[number - 1];
			else
				refuse_number(word, n);
		}
	}
}

static int ask_one(struct ui_field *field)
{
	const char *none = field->optional && *field->preset ? " ('-' for none)"
							     : "";
	autofree char *line = NULL;

	if (*field->preset && !field->secret)
		printf("%s%s%s [%s]: ", field->what, none, back, field->preset);
	else
		printf("%s%s: ", field->what, back);
	line = field->secret ? read_secret() : read_line();
	if (!line)
		return UI_END;
	if (is_back(line))
		return UI_BACK;
	free(field->text);
	field->text = xstrdup(!*line		   ? field->preset
			      : !strcmp(line, "-") ? ""
						   : line);
	return 0;
}

static int ask(struct ui_field *fields, size_t n, ui_check check, void *arg)
{
	for (size_t i = 0; i < n;) {
		autofree char *why = NULL;
		int rc = ask_one(&fields[i]);

		if (rc)
			return rc;
		why = check ? check(arg, i, fields[i].text) : NULL;
		if (why)
			printf("%s\n", why);
		else
			i++;
	}
	return 0;
}

static int wait_for_enter(const char *what)
{
	autofree char *line = NULL;

	printf("%s%s: ", what, back);
	line = read_line();
	if (!line)
		return UI_END;
	return is_back(line) ? UI_BACK : 0;
}

const struct ui_ops ui_plain = {
	.columns = COLUMNS,
	.begin = begin,
	.end = end,
	.page = page,
	.text = text,
	.refuse = say,
	.busy = say,
	.progress = progress,
	.choose = choose,
	.pick = pick,
	.ask = ask,
	.wait = wait_for_enter,
};
