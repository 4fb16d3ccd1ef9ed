/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spare.c: guests that are made ahead of need: what is known of them. */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/kv.h"
#include "spare.h"

/* The members of a recipe, and those of a spare that come behind it. */
static const struct key {
	const char *name;
	enum { KEY_STRING, KEY_BYTES, KEY_COUNT } type;
	size_t offset;
} keys[] = {
	{ "template", KEY_STRING, offsetof(struct recipe, template) },
	{ "version", KEY_STRING, offsetof(struct recipe, version) },
	{ "sha256", KEY_STRING, offsetof(struct recipe, sha256) },
	{ "type", KEY_STRING, offsetof(struct recipe, type) },
	{ "bridge", KEY_STRING, offsetof(struct recipe, bridge) },
	{ "memory", KEY_BYTES, offsetof(struct recipe, memory_bytes) },
	{ "disk", KEY_BYTES, offsetof(struct recipe, disk_bytes) },
	{ "vcpus", KEY_COUNT, offsetof(struct recipe, vcpus) },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void put_recipe(const struct recipe *recipe, struct kv_list *list)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		const void *at = (const char *)recipe + keys[i].offset;
		autofree char *number = NULL;

		if (keys[i].type == KEY_BYTES)
			number = xasprintf("%llu", (unsigned long long)*(
							   const uint64_t *)at);
		else if (keys[i].type == KEY_COUNT)
			number = xasprintf("%u", *(const unsigned int *)at);
		kv_set(list, keys[i].name,
		       number ? number : *(char *const *)at);
	}
}

static int take_recipe(const struct kv_list *list, struct recipe *recipe,
		       struct pvn_err *err)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		const char *value = kv_get(list, keys[i].name);
		void *at = (char *)recipe + keys[i].offset;

		if (!value)
			return pvn_err(err, -EINVAL, "no '%s'", keys[i].name);
		if (keys[i].type == KEY_STRING)
			*(char **)at = xstrdup(value);
		else if (keys[i].type == KEY_BYTES)
			*(uint64_t *)at = strtoull(value, NULL, 10);
		else
			*(unsigned int *)at =
				(unsigned int)strtoul(value, NULL, 10);
	}
	return 0;
}

bool recipe_same(const struct recipe *a, const struct recipe *b)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		const void *x = (const char *)a + keys[i].offset;
		const void *y = (const char *)b + keys[i].offset;
		bool same = false;

		switch (keys[i].type) {
		case KEY_STRING:
			same = !strcmp(*(char *const *)x, *(char *const *)y);
			break;
		case KEY_BYTES:
			same = *(const uint64_t *)x == *(const uint64_t *)y;
			break;
		case KEY_COUNT:
			same = *(const unsigned int *)x ==
			       *(const unsigned int *)y;
			break;
		}
		if (!same)
			return false;
	}
	return true;
}

void recipe_free(struct recipe *recipe)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (keys[i].type == KEY_STRING)
			free(*(char **)((char *)recipe + keys[i].offset));
	}
	*recipe = (struct recipe){ 0 };
}

int recipe_want(const struct recipe *recipe, struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };

	put_recipe(recipe, &list);
	return kv_write(&list, SPARE_WANTED, 0600, err);
}

int recipe_wanted(struct recipe *recipe, struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };
	int rc;

	if (!file_exists(SPARE_WANTED))
		return pvn_err(err, -ENOENT, "no spare is wanted");
	rc = kv_read(&list, SPARE_WANTED, err);
	return rc ? rc : take_recipe(&list, recipe, err);
}

char *spare_path(const char *before, const char *id, const char *behind)
{
	return xasprintf(SPARES "/%s%s%s", before, id, behind);
}

char *spare_volume(const char *id, const char *disk)
{
	return xasprintf(SPARE_VOLUME "%s-%s", id, disk);
}

char *spare_of_volume(const char *volume)
{
	const char *id = volume + strlen(SPARE_VOLUME);

	if (strncmp(volume, SPARE_VOLUME, strlen(SPARE_VOLUME)) ||
	    strspn(id, "0123456789abcdef") != SPARE_ID_LEN ||
	    id[SPARE_ID_LEN] != '-')
		return NULL;
	return xasprintf("%.*s", SPARE_ID_LEN, id);
}

int spare_write(const struct spare *spare, struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };
	autofree char *path = spare_path(".", spare->id, "");

	put_recipe(&spare->recipe, &list);
	kv_set(&list, "uuid", spare->uuid);
	kv_set(&list, "mac", spare->mac);
	return kv_write(&list, path, 0600, err);
}

int spare_read(const char *before, const char *id, struct spare *spare,
	       struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };
	autofree char *path = spare_path(before, id, "");
	int rc = kv_read(&list, path, err);

	if (!rc)
		rc = take_recipe(&list, &spare->recipe, err);
	if (!rc && (!kv_get(&list, "uuid") || !kv_get(&list, "mac")))
		rc = pvn_err(err, -EINVAL, "no 'uuid' or no 'mac'");
	if (rc)
		return rc;
	spare->id = xstrdup(id);
	spare->uuid = xstrdup(kv_get(&list, "uuid"));
	spare->mac = xstrdup(kv_get(&list, "mac"));
	return 0;
}

/* Neither ".ID", nor "ID.cfg" or "ID.taken". */
static int can_be_taken(const struct dirent *entry)
{
	return !strchr(entry->d_name, '.');
}

void spares_read(struct spare_list *list)
{
	struct dirent **entries = NULL;
	int n = scandir(SPARES, &entries, can_be_taken, alphasort);

	for (int i = 0; i < n; i++) {
		struct spare spare = { 0 };
		struct pvn_err ignored = { 0 };

		if (spare_read("", entries[i]->d_name, &spare, &ignored)) {
			spare_free(&spare);
		} else {
			list->v = xrealloc(list->v,
					   (list->n + 1) * sizeof(*list->v));
			list->v[list->n++] = spare;
		}
		free(entries[i]);
	}
	free(entries);
}

const struct spare *spares_find(const struct spare_list *list,
				const struct recipe *recipe)
{
	for (size_t i = 0; i < list->n; i++) {
		if (recipe_same(&list->v[i].recipe, recipe))
			return &list->v[i];
	}
	return NULL;
}

void spare_free(struct spare *spare)
{
	recipe_free(&spare->recipe);
	free(spare->id);
	free(spare->uuid);
	free(spare->mac);
	*spare = (struct spare){ 0 };
}

void spares_free(struct spare_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		spare_free(&list->v[i]);
	free(list->v);
	*list = (struct spare_list){ 0 };
}

static int rename_spare(const char *id, const char *from, const char *to,
			struct pvn_err *err)
{
	autofree char *old = spare_path("", id, from);
	autofree char *new = spare_path("", id, to);

	if (rename(old, new))
		return pvn_err_errno(err, errno, "cannot rename '%s'", old);
	return 0;
}

int spare_take(const char *id, struct pvn_err *err)
{
	return rename_spare(id, "", ".taken", err);
}

int spare_give_back(const char *id, struct pvn_err *err)
{
	return rename_spare(id, ".taken", "", err);
}
