/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ini_lines.c: feeds inih. By itself inih tells no line numbers, only the first
 * error, cuts lines at 200 bytes (an RSA key is longer) and takes an indented
 * line for more of the value above it. So the reader here hands it a long line
 * in pieces, each but the first indented, and puts the values together again. */
#include <ini.h>
#include <stdbool.h>
#include <string.h>

#include "ini_lines.h"

static const char blanks[] = " \t\r\f\v";

struct reader {
	const char *name;
	struct strlist *errors;
	void (*item)(void *arg, const struct ini_item *item);
	void *arg;

	const char *next; /* the text not yet read */
	const char *rest; /* the unread part of a long line */
	size_t rest_len;
	int line;
	bool bad_section; /* what follows can not be judged */
	bool expects_item; /* the line read last must lead to a call */

	/* the item being put together */
	char *section;
	char *key;
	char *value;
	int item_line;
};

static void flush_item(struct reader *r)
{
	if (r->key) {
		struct ini_item item = {
			.section = r->section,
			.key = r->key,
			.value = r->value,
			.line = r->item_line,
		};

		r->item(r->arg, &item);
	}
	free(r->section);
	free(r->key);
	free(r->value);
	r->section = r->key = r->value = NULL;
}

static int on_pair(void *arg, const char *section, const char *key,
		   const char *value)
{
	struct reader *r = arg;

	r->expects_item = false;
	if (r->bad_section)
		return 1;
	if (r->key && r->item_line == r->line) {
		char *longer = xasprintf("%s%s", r->value, value);

		free(r->value);
		r->value = longer;
		return 1;
	}
	flush_item(r);
	r->section = xstrdup(section);
	r->key = xstrdup(key);
	r->value = xstrdup(value);
	r->item_line = r->line;
	return 1;
}

static void complain(struct reader *r, const char *what)
{
	strlist_addf(r->errors, "%s:%d: %s", r->name, r->line, what);
}

static void end_line(struct reader *r)
{
	if (r->expects_item)
		complain(r, "no key and value, expected 'key = value'");
	r->expects_item = false;
}

/* How much of [s, s+len) fits in @room so that inih drops nothing where it is
 * cut: it trims blanks there and would take ';' or '#' for a comment. */
static size_t piece(const char *s, size_t len, size_t room)
{
	if (len <= room)
		return len;
	for (size_t n = room; n; n--) {
		if (!strchr(" \t\r\f\v;#", s[n]) && !strchr(blanks, s[n - 1]))
			return n;
	}
	return room;
}

static char *give_rest(struct reader *r, char *buf, size_t size, size_t at)
{
	size_t n = piece(r->rest, r->rest_len, size - at - 2);

	memcpy(buf + at, r->rest, n);
	buf[at + n] = '\n';
	buf[at + n + 1] = '\0';
	r->rest += n;
	r->rest_len -= n;
	return buf;
}

/* Where the comment in [s, s+len) starts, or @len. */
static size_t comment_at(const char *s, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if (s[i] == ';' && strchr(blanks, s[i - 1]))
			return i;
	}
	return len;
}

static bool start_section(struct reader *r)
{
	r->bad_section = !memchr(r->rest, ']', r->rest_len) ||
			 r->rest_len > 100;
	if (r->bad_section) {
		complain(r, "bad section, expected '[name]'");
		r->rest_len = 0;
	}
	return !r->bad_section;
}

/* The fgets() that inih calls. */
static char *read_line(char *buf, int size, void *stream)
{
	struct reader *r = stream;
	size_t len;

	if (r->rest_len) {
		buf[0] = ' ';
		return give_rest(r, buf, (size_t)size, 1);
	}
	end_line(r);
	flush_item(r);
	if (!*r->next)
		return NULL;
	len = strcspn(r->next, "\n");
	r->line++;
	r->rest = r->next;
	r->rest_len = len;
	r->next += len + (r->next[len] == '\n');
	if (r->line == 1 && len >= 3 && !memcmp(r->rest, "\xef\xbb\xbf", 3)) {
		r->rest += 3;
		r->rest_len -= 3;
	}
	while (r->rest_len && strchr(blanks, *r->rest)) {
		r->rest++;
		r->rest_len--;
	}
	if (!r->rest_len || *r->rest == '#' || *r->rest == ';') {
		r->rest_len = 0;
		return strcpy(buf, "\n");
	}
	r->rest_len = comment_at(r->rest, r->rest_len);
	if (*r->rest != '[')
		r->expects_item = true;
	else if (!start_section(r))
		return strcpy(buf, "[]\n");
	return give_rest(r, buf, (size_t)size, 0);
}

int ini_lines(const char *text, const char *name,
	      void (*item)(void *arg, const struct ini_item *item), void *arg,
	      struct strlist *errors)
{
	struct reader r = {
		.name = name,
		.errors = errors,
		.item = item,
		.arg = arg,
		.next = text,
	};

	/* its result tells less than the reader has seen */
	ini_parse_stream(read_line, &r, on_pair, &r);
	flush_item(&r);
	return r.line ? r.line : 1;
}
