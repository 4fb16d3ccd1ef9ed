/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.h: make JSON without a chance to forget a comma or a quote. */
#ifndef PVN_JSON_H
#define PVN_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json;

/* Never NULL. */
struct json *json_new(void);
void json_free(struct json **j);

#define auto_json __attribute__((cleanup(json_free)))

/* @key is NULL for an element of an array and for the outermost value. */
void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);
/* NULL makes null; bytes that are not UTF-8 become '?'. */
void json_string(struct json *j, const char *key, const char *value);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* One decimal. */
void json_percent(struct json *j, const char *key, double value);
void json_null(struct json *j, const char *key);

void json_print(struct json *j, FILE *f);

#endif
