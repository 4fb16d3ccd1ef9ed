/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kv.c: key=value files; parsed, never sourced. */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "kv.h"
#include "mem.h"

static const char blanks[] = " \t\r";

/* Cut blanks off both ends of [s, s+len); returns a copy. */
static char *trimmed(const char *s, size_t len)
{
	while (len && strchr(blanks, *s)) {
		s++;
		len--;
	}
	while (len && strchr(blanks, s[len - 1]))
		len--;
	return xasprintf("%.*s", (int)len, s);
}

static void append(struct kv_list *list, char *key, char *value)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = (struct kv){ .key = key, .value = value };
}

int kv_parse(struct kv_list *list, const char *text, const char *name,
	     struct pvn_err *err)
{
	for (int line = 1; *text; line++) {
		size_t len = strcspn(text, "\n");
		const char *eq = memchr(text, '=', len);
		const char *first = text + strspn(text, blanks);
		char *key;

		if (first >= text + len || *first == '#') {
			text += len + (text[len] == '\n');
			continue;
		}
		if (!eq)
			return pvn_err(err, -EINVAL,
				       "%s:%d: no '=', expected key=value",
				       name, line);
		key = trimmed(text, (size_t)(eq - text));
		if (!*key || strpbrk(key, blanks)) {
			free(key);
			return pvn_err(err, -EINVAL,
				       "%s:%d: bad key, expected key=value",
				       name, line);
		}
		append(list, key,
		       trimmed(eq + 1, (size_t)(text + len - eq - 1)));
		text += len + (text[len] == '\n');
	}
	return 0;
}

int kv_read(struct kv_list *list, const char *path, struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc = file_read(path, &text, err);

	return rc ? rc : kv_parse(list, text, path, err);
}

static struct kv *find(const struct kv_list *list, const char *key)
{
	for (size_t i = list->n; i-- > 0;) {
		if (!strcmp(list->v[i].key, key))
			return &list->v[i];
	}
	return NULL;
}

const char *kv_get(const struct kv_list *list, const char *key)
{
	const struct kv *kv = find(list, key);

	return kv ? kv->value : NULL;
}

void kv_set(struct kv_list *list, const char *key, const char *value)
{
	struct kv *kv = find(list, key);

	if (!kv) {
		append(list, xstrdup(key), xstrdup(value));
		return;
	}
	free(kv->value);
	kv->value = xstrdup(value);
}

bool kv_remove(struct kv_list *list, const char *key)
{
	size_t kept = 0;
	bool found = false;

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i].key, key)) {
			list->v[kept++] = list->v[i];
			continue;
		}
		free(list->v[i].key);
		free(list->v[i].value);
		found = true;
	}
	list->n = kept;
	return found;
}

char *kv_text(const struct kv_list *list)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		char *longer = xasprintf("%s%s=%s\n", text, list->v[i].key,
					 list->v[i].value);

		free(text);
		text = longer;
	}
	return text;
}

int kv_write(const struct kv_list *list, const char *path, mode_t mode,
	     struct pvn_err *err)
{
	autofree char *text = kv_text(list);

	return file_write(path, text, mode, err);
}

void kv_free(struct kv_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].key);
		free(list->v[i].value);
	}
	free(list->v);
	*list = (struct kv_list){ 0 };
}
