/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kv.h: key=value files such as /etc/paravane/host; parsed, never sourced. */
#ifndef PVN_KV_H
#define PVN_KV_H

#include <stdbool.h>
#include <sys/types.h>
#include "err.h"

struct kv {
	char *key;
	char *value;
};

/* The pairs in the file's order; zero-initialise it. */
struct kv_list {
	struct kv *v;
	size_t n;
};

/* Parse @text: lines "key=value"; blank lines and lines that start with '#' are
 * skipped, blanks around keys and values dropped. A value may be empty and may
 * hold any character; quotes mean nothing. @name is for the message.
 * Returns 0, or -EINVAL for a line that is no pair or has a bad key. */
int kv_parse(struct kv_list *list, const char *text, const char *name,
	     struct pvn_err *err);

/* The same with all of a file. */
int kv_read(struct kv_list *list, const char *path, struct pvn_err *err);

/* The last value of @key, or NULL. Borrowed from @list. */
const char *kv_get(const struct kv_list *list, const char *key);

/* Replace the value of @key, or append it. @value must have no newline. */
void kv_set(struct kv_list *list, const char *key, const char *value);

/* Remove all pairs of @key. Returns false when there was none. */
bool kv_remove(struct kv_list *list, const char *key);

/* The file's text. Caller frees. */
char *kv_text(const struct kv_list *list);

/* Write it as file_write() does. */
int kv_write(const struct kv_list *list, const char *path, mode_t mode,
	     struct pvn_err *err);

void kv_free(struct kv_list *list);

#define auto_kv __attribute__((cleanup(kv_free)))

#endif
