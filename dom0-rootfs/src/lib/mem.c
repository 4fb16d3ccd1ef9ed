/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mem.c: memory that can't run out, and lists of strings. */
#include <stdarg.h>
#include <string.h>

#include "mem.h"

static void *checked(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

static char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return checked(s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

static void append(struct strlist *list, char *s)
{
	list->v = xrealloc(list->v, (list->n + 2) * sizeof(*list->v));
	list->v[list->n++] = s;
	list->v[list->n] = NULL;
}

void strlist_add(struct strlist *list, const char *s)
{
	append(list, xstrdup(s));
}

void strlist_addf(struct strlist *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(list, xvasprintf(fmt, ap));
	va_end(ap);
}

bool strlist_has(const struct strlist *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->v[i], s))
			return true;
	}
	return false;
}

/* "QaQ, QbQ" with @quote for Q and @between for ", ". */
static char *join(const struct strlist *list, const char *quote,
		  const char *between)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	for (size_t i = 0; i < list->n; i++)
		fprintf(f, "%s%s%s%s", i ? between : "", quote, list->v[i],
			quote);
	if (fclose(f))
		abort();
	return text;
}

char *strlist_joined(const struct strlist *list, const char *between)
{
	return join(list, "", between);
}

char *strlist_quoted(const struct strlist *list)
{
	return join(list, "'", ", ");
}

void strlist_free(struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strlist){ 0 };
}
