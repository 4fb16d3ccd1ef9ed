/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui.c: pages, in one of two ways of showing them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "ui_ops.h"

static const struct ui_ops *ops; /* NULL: none began */

void ui_begin(bool plain)
{
	if (ops)
		return;
	ops = !plain && ui_newt.begin() ? &ui_newt : &ui_plain;
	if (ops == &ui_plain)
		ops->begin();
}

void ui_end(void)
{
	if (ops)
		ops->end();
	ops = NULL;
}

bool ui_began(void)
{
	return ops != NULL;
}

static char *make_text(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	return text;
}

/* @text in lines of at most @columns, all but the first behind so many blanks as @head has characters; caller
 * frees. */
static char *fill(const char *head, char *text, size_t columns)
{
	char *out = NULL;
	char *save = NULL;
	const size_t indent = strlen(head);
	size_t column = indent;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	if (!f)
		abort();
	fputs(head, f);
	for (char *word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		size_t n = strlen(word);

		if (column > indent && column + 1 + n > columns) {
			fprintf(f, "\n%*s", (int)indent, "");
			column = indent;
		}
		column += (size_t)fprintf(f, "%s%s", column > indent ? " " : "",
					  word);
	}
	fputc('\n', f);
	fclose(f);
	return out;
}

void ui_page(const char *title, unsigned int at, unsigned int of)
{
	autofree char *head = of ? xasprintf("%s (%u of %u)", title, at, of)
				 : xstrdup(title);

	ops->page(head, !of);
}

void ui_say(const char *fmt, ...)
{
	autofree char *text = NULL;
	autofree char *lines = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = make_text(fmt, ap);
	va_end(ap);
	lines = fill("", text, ops->columns);
	ops->text(lines);
	ops->text("\n");
}

void ui_entry(const char *name, const char *fmt, ...)
{
	autofree char *head = xasprintf("%-12s ", name);
	autofree char *text = NULL;
	autofree char *lines = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = make_text(fmt, ap);
	va_end(ap);
	lines = fill(head, text, ops->columns);
	ops->text(lines);
}

void ui_line(const char *fmt, ...)
{
	autofree char *text = NULL;
	autofree char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = make_text(fmt, ap);
	va_end(ap);
	line = xasprintf("%s\n", text);
	ops->text(line);
}

void ui_refuse(const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = make_text(fmt, ap);
	va_end(ap);
	ops->refuse(text);
}

void ui_busy(const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = make_text(fmt, ap);
	va_end(ap);
	ops->busy(text);
}

void ui_progress(size_t i, size_t n, const char *what)
{
	ops->progress(i, n, what);
}

int ui_choose(const char *const *items, size_t n, size_t preset)
{
	int chosen = ops->choose(items, n, preset);

	if (chosen != UI_PLAIN)
		return chosen;
	ui_end();
	ui_begin(true);
	return UI_AGAIN;
}

int ui_pick(const char *const *items, size_t n, bool *picked)
{
	return ops->pick(items, n, picked);
}

int ui_ask(struct ui_field *fields, size_t n, ui_check check, void *arg)
{
	return ops->ask(fields, n, check, arg);
}

int ui_wait(const char *what)
{
	return ops->wait(what);
}
