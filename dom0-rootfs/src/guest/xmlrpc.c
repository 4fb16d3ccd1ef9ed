/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xmlrpc.c: read a value in XML-RPC's notation. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/mem.h"
#include "xmlrpc.h"

/* Honest ones have about a dozen. */
#define MAX_DEPTH 64
/* A value takes more memory than its text. */
#define MAX_VALUES 20000

struct reader {
	const char *p;
	const char *name;
	unsigned int depth;
	unsigned int values;
};

static int bad(const struct reader *r, struct pvn_err *err)
{
	return pvn_err(
		err, -EBADMSG,
		"the description in '%s' can't be understood, at '%.30s'",
		r->name, r->p);
}

static void skip_blank(struct reader *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

/* Take "<tag>" if that is what comes. */
static bool take(struct reader *r, const char *tag)
{
	size_t len = strlen(tag);

	skip_blank(r);
	if (strncmp(r->p, tag, len))
		return false;
	r->p += len;
	return true;
}

/* "&lt;" and so on. Returns the character and how long it was written. */
static char entity(const char *p, size_t *len_r)
{
	static const struct {
		const char *name;
		char c;
	} known[] = { { "&lt;", '<' },
		      { "&gt;", '>' },
		      { "&amp;", '&' },
		      { "&quot;", '"' },
		      { "&apos;", '\'' } };
	char *end;
	long n;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		*len_r = strlen(known[i].name);
		if (!strncmp(p, known[i].name, *len_r))
			return known[i].c;
	}
	*len_r = 1;
	if (p[1] != '#')
		return '&';
	n = strtol(p + 2, &end, 10);
	if (*end != ';' || n < 1 || n > 126)
		return '&';
	*len_r = (size_t)(end + 1 - p);
	return (char)n;
}

/* Text up to the next tag. */
static char *take_text(struct reader *r)
{
	size_t room = strcspn(r->p, "<");
	char *text = xcalloc(1, room + 1);
	size_t n = 0;

	while (*r->p && *r->p != '<') {
		size_t len = 1;

		text[n++] = *r->p == '&' ? entity(r->p, &len) : *r->p;
		r->p += len;
	}
	return text;
}

static struct xmlrpc *add(struct xmlrpc *to)
{
	to->v = xrealloc(to->v, (to->n + 1) * sizeof(*to->v));
	to->v[to->n] = (struct xmlrpc){ 0 };
	return &to->v[to->n++];
}

static int parse_value(struct reader *r, struct xmlrpc *value,
		       struct pvn_err *err);

static int parse_struct(struct reader *r, struct xmlrpc *value,
			struct pvn_err *err)
{
	value->kind = XMLRPC_STRUCT;
	while (take(r, "<member>")) {
		struct xmlrpc *member = add(value);
		int rc;

		if (!take(r, "<name>"))
			return bad(r, err);
		member->name = take_text(r);
		if (!take(r, "</name>"))
			return bad(r, err);
		rc = parse_value(r, member, err);
		if (rc)
			return rc;
		if (!take(r, "</member>"))
			return bad(r, err);
	}
	return take(r, "</struct>") ? 0 : bad(r, err);
}

static int parse_array(struct reader *r, struct xmlrpc *value,
		       struct pvn_err *err)
{
	value->kind = XMLRPC_ARRAY;
	if (take(r, "<data/>"))
		return take(r, "</array>") ? 0 : bad(r, err);
	if (!take(r, "<data>"))
		return bad(r, err);
	while (!take(r, "</data>")) {
		int rc = parse_value(r, add(value), err);

		if (rc)
			return rc;
	}
	return take(r, "</array>") ? 0 : bad(r, err);
}

/* <string>, <int>, <boolean> ... or nothing around the text. */
static int parse_scalar(struct reader *r, struct xmlrpc *value,
			struct pvn_err *err)
{
	const char *text = r->p;
	const char *tag = NULL;
	size_t len = 0;

	skip_blank(r);
	if (*r->p == '<' && r->p[1] != '/') {
		tag = r->p + 1;
		len = strcspn(tag, "/<> ");
		if (!strncmp(tag + len, "/>", 2)) {
			r->p = tag + len + 2;
			value->text = xstrdup("");
			return 0;
		}
		if (tag[len] != '>')
			return bad(r, err);
		r->p = tag + len + 1;
	} else {
		r->p = text; /* blanks count */
	}
	value->text = take_text(r);
	if (!tag)
		return 0;
	if (strncmp(r->p, "</", 2) || strncmp(r->p + 2, tag, len) ||
	    r->p[2 + len] != '>')
		return bad(r, err);
	r->p += len + 3;
	return 0;
}

static int parse_value(struct reader *r, struct xmlrpc *value,
		       struct pvn_err *err)
{
	int rc;

	if (++r->values > MAX_VALUES)
		return pvn_err(
			err, -EBADMSG,
			"the description in '%s' has more than %d values",
			r->name, MAX_VALUES);
	if (take(r, "<value/>")) {
		value->text = xstrdup("");
		return 0;
	}
	if (!take(r, "<value>") || ++r->depth > MAX_DEPTH)
		return bad(r, err);
	if (take(r, "<struct/>"))
		rc = (value->kind = XMLRPC_STRUCT, 0);
	else if (take(r, "<struct>"))
		rc = parse_struct(r, value, err);
	else if (take(r, "<array>"))
		rc = parse_array(r, value, err);
	else
		rc = parse_scalar(r, value, err);
	r->depth--;
	if (rc)
		return rc;
	return take(r, "</value>") ? 0 : bad(r, err);
}

int xmlrpc_parse(const char *text, const char *name, struct xmlrpc *value,
		 struct pvn_err *err)
{
	struct reader r = { .p = text, .name = name };

	*value = (struct xmlrpc){ 0 };
	if (take(&r, "<?xml")) {
		r.p += strcspn(r.p, ">");
		r.p += *r.p == '>';
	}
	return parse_value(&r, value, err);
}

void xmlrpc_free(struct xmlrpc *value)
{
	for (size_t i = 0; i < value->n; i++)
		xmlrpc_free(&value->v[i]);
	free(value->v);
	free(value->name);
	free(value->text);
	*value = (struct xmlrpc){ 0 };
}

const struct xmlrpc *xmlrpc_get(const struct xmlrpc *value, const char *name)
{
	for (size_t i = 0; value && i < value->n; i++) {
		if (value->v[i].name && !strcmp(value->v[i].name, name))
			return &value->v[i];
	}
	return NULL;
}

const char *xmlrpc_text(const struct xmlrpc *value, const char *name)
{
	const struct xmlrpc *v = xmlrpc_get(value, name);

	return v && v->text ? v->text : "";
}
