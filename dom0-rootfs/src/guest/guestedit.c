/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestedit.c: change one value in the text of an xl.cfg and keep all else. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "../lib/mem.h"
#include "guestedit.h"
#include "guesttype.h"

#define BLANKS " \t\r"
#define NAME_CHARS                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"_0123456789"

/* Offsets in the text: of a key and of its value's first and behind its last
 * character. */
struct span {
	size_t key, value, end;
};

/* Past blanks, ends of lines, ';' and comments. */
static size_t skip_space(const char *text, size_t at)
{
	for (;;) {
		at += strspn(text + at, BLANKS "\n;");
		if (text[at] != '#')
			return at;
		at += strcspn(text + at, "\n");
	}
}

/* Past a string or a number; 0: there is none. */
static size_t skip_atom(const char *text, size_t at)
{
	const char quote = text[at];

	if (quote != '"' && quote != '\'')
		return at + strcspn(text + at, BLANKS "\n;#,[]=\"'");
	for (at++; text[at] && text[at] != '\n'; at++) {
		if (text[at] == quote)
			return at + 1;
		if (text[at] == '\\' && text[at + 1])
			at++;
	}
	return 0;
}

static size_t skip_list(const char *text, size_t at)
{
	int depth = 0;

	do {
		size_t end;

		at = skip_space(text, at);
		if (text[at] == '[') {
			depth++;
			at++;
		} else if (text[at] == ']') {
			depth--;
			at++;
		} else if (text[at] == ',') {
			at++;
		} else {
			end = skip_atom(text, at);
			if (end <= at)
				return 0;
			at = end;
		}
	} while (depth);
	return at;
}

/* The next setting from *at on, which is moved behind it.
 * Returns 1, 0 at the end, or -EINVAL. @adds_r: it is set with '+='. */
static int next_setting(const char *text, size_t *at, struct span *s,
			bool *adds_r)
{
	size_t p = skip_space(text, *at);

	if (!text[p])
		return 0;
	s->key = p;
	p += strspn(text + p, NAME_CHARS);
	if (p == s->key)
		return -EINVAL;
	p += strspn(text + p, BLANKS);
	*adds_r = text[p] == '+';
	p += *adds_r;
	if (text[p++] != '=')
		return -EINVAL;
	p += strspn(text + p, BLANKS);
	s->value = p;
	s->end = text[p] == '[' ? skip_list(text, p) : skip_atom(text, p);
	if (s->end <= s->value)
		return -EINVAL;
	*at = s->end;
	return 1;
}

/* The last setting of a key. Returns 1, 0 (there is none) or -EINVAL. */
static int find(const char *text, const char *key, struct span *found,
		struct pvn_err *err)
{
	size_t len = strlen(key);
	size_t at = 0;
	int there = 0;
	bool adds;

	for (;;) {
		struct span s;
		int r = next_setting(text, &at, &s, &adds);

		if (r < 0)
			return pvn_err(
				err, r,
				"cannot understand the guest's file near '%.20s'",
				text + skip_space(text, at));
		if (!r)
			return there;
		if (strspn(text + s.key, NAME_CHARS) != len ||
		    strncmp(text + s.key, key, len))
			continue;
		if (adds)
			return pvn_err(
				err, -EINVAL,
				"'%s' is set with '+=' in the guest's file: change it by hand",
				key);
		*found = s;
		there = 1;
	}
}

/* Put @with in place of [from, to). */
static void replace(char **text, size_t from, size_t to, const char *with)
{
	char *new = xasprintf("%.*s%s%s", (int)from, *text, with, *text + to);

	free(*text);
	*text = new;
}

/* Take [from, to) out, with the line if nothing is left in it. */
static void cut(char **text, size_t from, size_t to)
{
	const char *t = *text;
	size_t start = from;
	size_t end;

	while (start && strchr(BLANKS, t[start - 1]))
		start--;
	end = to + strspn(t + to, BLANKS);
	if ((!start || t[start - 1] == '\n') && t[end] == '\n')
		replace(text, start, end + 1, "");
	else if (t[end] == '\n')
		replace(text, start, end, "");
	else
		replace(text, from, end, "");
}

static int remove_key(char **text, const char *key, struct pvn_err *err)
{
	for (;;) {
		struct span s;
		int r = find(*text, key, &s, err);

		if (r <= 0)
			return r;
		s.end += strspn(*text + s.end, BLANKS);
		if ((*text)[s.end] == ';')
			s.end++;
		cut(text, s.key, s.end);
	}
}

int guestedit_set(char **text, const char *key, const char *value,
		  struct pvn_err *err)
{
	autofree char *line = NULL;
	size_t len = strlen(*text);
	struct span s;
	int r;

	if (!value)
		return remove_key(text, key, err);
	r = find(*text, key, &s, err);
	if (r < 0)
		return r;
	if (r) {
		replace(text, s.value, s.end, value);
		return 0;
	}
	line = xasprintf("%s%s = %s\n",
			 len && (*text)[len - 1] != '\n' ? "\n" : "", key,
			 value);
	replace(text, len, len, line);
	return 0;
}

int guestedit_check_string(const char *value, struct pvn_err *err)
{
	for (const char *p = value; *p; p++) {
		if (strchr("\"'\\", *p) || iscntrl((unsigned char)*p))
			return pvn_err(
				err, -EINVAL,
				"'%.60s' has a quote, a backslash or a control character",
				value);
	}
	return 0;
}

int guestedit_set_string(char **text, const char *key, const char *value,
			 struct pvn_err *err)
{
	autofree char *quoted = xasprintf("\"%s\"", value);
	int rc = guestedit_check_string(value, err);

	return rc ? rc : guestedit_set(text, key, quoted, err);
}

int guestedit_set_type(char **text, const char *type, bool pvh,
		       const char *kernel, struct pvn_err *err)
{
	auto_guestconf struct guestconf conf = {
		.kernel = kernel ? xstrdup(kernel) : NULL
	};
	int rc;

	guesttype_set(&conf, type, pvh);
	rc = guestedit_set_string(text, "type", conf.type, err);
	if (!rc)
		rc = guestedit_set(
			text, "paravane_type",
			conf.type_choice ? "\"" TYPE_AUTO "\"" : NULL, err);
	if (!rc && guesttype_has_grub(&conf))
		rc = guestedit_set_string(text, "kernel", conf.kernel, err);
	return rc;
}

int guestedit_set_number(char **text, const char *key, unsigned long long value,
			 struct pvn_err *err)
{
	autofree char *number = xasprintf("%llu", value);

	return guestedit_set(text, key, number, err);
}

/* Item @i of the list at @at: its first and behind its last character, or both
 * behind the last item (behind '[', where there is none), with *n_r items. */
static bool find_item(const char *text, size_t at, size_t i, size_t *from,
		      size_t *to, size_t *n_r)
{
	size_t n = 0;

	*from = *to = at + 1;
	for (at = skip_space(text, at + 1); text[at] != ']';) {
		size_t end;

		if (text[at] == ',') {
			at = skip_space(text, at + 1);
			continue;
		}
		end = skip_atom(text, at);
		*from = n == i ? at : end;
		*to = end;
		if (n++ == i)
			return true;
		at = skip_space(text, end);
	}
	*n_r = n;
	return false;
}

int guestedit_set_item(char **text, const char *key, size_t i, const char *item,
		       struct pvn_err *err)
{
	autofree char *quoted = item ? xasprintf("\"%s\"", item) : NULL;
	autofree char *added = NULL;
	struct span s;
	size_t from, to, n = 0;
	int r = item ? guestedit_check_string(item, err) : 0;

	if (!r)
		r = find(*text, key, &s, err);
	if (r < 0)
		return r;
	if (!r) {
		added = xasprintf("[\n  \"%s\",\n]", item ? item : "");
		return item ? guestedit_set(text, key, added, err) : 0;
	}
	if ((*text)[s.value] != '[')
		return pvn_err(err, -EINVAL, "'%s' is no list", key);
	if (find_item(*text, s.value, i, &from, &to, &n)) {
		if (item) {
			replace(text, from, to, quoted);
			return 0;
		}
		to += strspn(*text + to, BLANKS);
		cut(text, from, to + ((*text)[to] == ','));
	} else if (item) {
		added = n ? xasprintf(",\n  %s", quoted)
			  : xasprintf("\n  %s,", quoted);
		replace(text, to, to, added);
	}
	return 0;
}
