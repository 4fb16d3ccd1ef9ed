/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.c: a thin layer over yajl's generator. */
#include <string.h>
#include <yajl/yajl_gen.h>
#include "../lib/mem.h"
#include "json.h"

struct json {
	yajl_gen gen;
};

struct json *json_new(void)
{
	struct json *j = xcalloc(1, sizeof(*j));

	j->gen = yajl_gen_alloc(NULL);
	if (!j->gen)
		abort();
	yajl_gen_config(j->gen, yajl_gen_beautify, 1);
	yajl_gen_config(j->gen, yajl_gen_indent_string, "  ");
	yajl_gen_config(j->gen, yajl_gen_validate_utf8, 1);
	return j;
}

void json_free(struct json **j)
{
	if (!*j)
		return;
	yajl_gen_free((*j)->gen);
	free(*j);
	*j = NULL;
}

static void put(struct json *j, const char *s)
{
	size_t len = strlen(s);
	yajl_gen_status r =
		yajl_gen_string(j->gen, (const unsigned char *)s, len);

	if (r == yajl_gen_invalid_string) {
		autofree char *safe = xstrdup(s);

		for (char *p = safe; *p; p++) {
			if ((unsigned char)*p >= 0x80)
				*p = '?';
		}
		yajl_gen_string(j->gen, (const unsigned char *)safe, len);
	}
}

static void put_key(struct json *j, const char *key)
{
	if (key)
		put(j, key);
}

void json_object(struct json *j, const char *key)
{
	put_key(j, key);
	yajl_gen_map_open(j->gen);
}

void json_end_object(struct json *j)
{
	yajl_gen_map_close(j->gen);
}

void json_array(struct json *j, const char *key)
{
	put_key(j, key);
	yajl_gen_array_open(j->gen);
}

void json_end_array(struct json *j)
{
	yajl_gen_array_close(j->gen);
}

void json_string(struct json *j, const char *key, const char *value)
{
	put_key(j, key);
	if (value)
		put(j, value);
	else
		yajl_gen_null(j->gen);
}

void json_int(struct json *j, const char *key, int64_t value)
{
	put_key(j, key);
	yajl_gen_integer(j->gen, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	yajl_gen_bool(j->gen, value);
}

void json_percent(struct json *j, const char *key, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", value);
	put_key(j, key);
	yajl_gen_number(j->gen, text, strlen(text));
}

void json_null(struct json *j, const char *key)
{
	put_key(j, key);
	yajl_gen_null(j->gen);
}

void json_print(struct json *j, FILE *f)
{
	const unsigned char *text = NULL;
	size_t len = 0;

	yajl_gen_get_buf(j->gen, &text, &len);
	fwrite(text, 1, len, f);
	/* the beautifier ends the outermost value with a newline already */
	if (!len || text[len - 1] != '\n')
		fputc('\n', f);
}
