/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template.c: read template.ini and find templates. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/size.h"
#include "guesttype.h"
#include "host.h"
#include "template.h"

#define DEFAULT_DISK GIB
#define SIGNED "signed-"

enum key_type {
	KEY_NAME,
	KEY_TEXT,
	KEY_FILE,
	KEY_PATH,
	KEY_SHA256,
	KEY_SIZE,
	KEY_COUNT
};

/* The keys of template.ini. Unknown ones are skipped, so that an older host
 * reads a newer template. */
static const struct {
	const char *name;
	enum key_type type;
	size_t offset;
	const char *fallback; /* NULL: the key is required */
} keys[] = {
	{ "name", KEY_NAME, offsetof(struct template, name), NULL },
	{ "version", KEY_NAME, offsetof(struct template, version), NULL },
	{ "type", KEY_NAME, offsetof(struct template, type), TYPE_AUTO },
	{ "kernel", KEY_PATH, offsetof(struct template, kernel), NULL },
	{ "cmdline", KEY_TEXT, offsetof(struct template, cmdline), "" },
	{ "disk", KEY_FILE, offsetof(struct template, disk), "" },
	{ "disk-size", KEY_SIZE, offsetof(struct template, disk_bytes), NULL },
	{ "sha256", KEY_SHA256, offsetof(struct template, sha256), "" },
	{ "user", KEY_NAME, offsetof(struct template, user), "root" },
	{ "memory", KEY_SIZE, offsetof(struct template, memory_bytes), "128M" },
	{ "vcpus", KEY_COUNT, offsetof(struct template, vcpus), "1" },
	{ "description", KEY_TEXT, offsetof(struct template, description), "" },
	{ "signed-by", KEY_TEXT, offsetof(struct template, signed_by), "" },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* Values end up in an xl.cfg within double quotes. */
static bool is_text(const char *s)
{
	for (; *s; s++) {
		if (iscntrl((unsigned char)*s) || *s == '"' || *s == '\\')
			return false;
	}
	return true;
}

static bool is_name(const char *s)
{
	size_t len =
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789.+_~-");

	return len && !s[len] && isalnum((unsigned char)s[0]) && len <= 48;
}

static bool is_sha256(const char *s)
{
	return !*s || (strspn(s, "0123456789abcdef") == 64 && !s[64]);
}

static bool set_string(char **member, const char *value)
{
	free(*member);
	*member = xstrdup(value);
	return true;
}

static bool set_key(struct template *t, size_t i, const char *value)
{
	void *member = (char *)t + keys[i].offset;
	struct pvn_err ignored;

	switch (keys[i].type) {
	case KEY_NAME:
		return is_name(value) && set_string(member, value);
	case KEY_TEXT:
		return is_text(value) && set_string(member, value);
	case KEY_FILE:
		return *value != '.' && is_text(value) && !strchr(value, '/') &&
		       set_string(member, value);
	case KEY_PATH:
		return *value == '/' && is_text(value) &&
		       set_string(member, value);
	case KEY_SHA256:
		return is_sha256(value) && set_string(member, value);
	case KEY_SIZE:
		return !size_parse(value, member, &ignored) &&
		       *(uint64_t *)member >= MIB;
	case KEY_COUNT:
		if (strspn(value, "0123456789") != strlen(value) ||
		    strlen(value) > 3)
			return false;
		*(unsigned int *)member =
			(unsigned int)strtoul(value, NULL, 10);
		return *(unsigned int *)member > 0;
	}
	return false;
}

/* Of the volume's name: what LVM keeps for its own, and what it does not take. */
static bool is_volume_name(const char *name)
{
	static const char *const reserved[] = {
		"_cdata", "_cmeta",  "_corig", "_cpool",   "_cvol",   "_iorig",
		"_imeta", "_mimage", "_mlog",  "_pmspare", "_rimage", "_rmeta",
		"_tdata", "_tmeta",  "_vdata", "_vorigin", "_wcorig"
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strstr(name, reserved[i]))
			return false;
	}
	return !strchr(name, '~') && strncmp(name, "snapshot", 8) &&
	       strncmp(name, "pvmove", 6);
}

/* A version's odd characters are no matter: see template_volume(). */
static int check_volume(const struct template *t, const char *path,
			struct pvn_err *err)
{
	autofree char *volume = template_volume(t);

	if (is_volume_name(t->name) && is_volume_name(volume))
		return 0;
	return pvn_err(
		err, -EINVAL,
		"'%s': no volume can be called '%s': choose another name or version",
		path, volume);
}

struct parse {
	struct template *t;
	bool seen[N_KEYS];
	char *bad; /* message about the first bad key */
};

static int take_key(void *arg, const char *section, const char *name,
		    const char *value)
{
	struct parse *p = arg;

	(void)section;
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strcmp(keys[i].name, name))
			continue;
		p->seen[i] = true;
		if (!set_key(p->t, i, value) && !p->bad)
			p->bad = xasprintf("bad value '%.80s' of '%s'", value,
					   name);
	}
	return 1;
}

static int check_parsed(struct parse *p, const char *path, int line,
			struct pvn_err *err)
{
	if (p->bad)
		return pvn_err(err, -EINVAL, "%s in '%s'", p->bad, path);
	if (line > 0)
		return pvn_err(err, -EINVAL, "'%s': line %d is not 'key=value'",
			       path, line);
	for (size_t i = 0; i < N_KEYS; i++) {
		if (p->seen[i])
			continue;
		if (!keys[i].fallback)
			return pvn_err(err, -EINVAL, "no '%s' in '%s'",
				       keys[i].name, path);
		set_key(p->t, i, keys[i].fallback);
	}
	if (!guesttype_known(p->t->type))
		return pvn_err(
			err, -EINVAL,
			"'%s': type '%s' is not supported, expected 'auto', 'pv' or 'pvh'",
			path, p->t->type);
	return check_volume(p->t, path, err);
}

int template_parse(const char *text, const char *path, struct template *t,
		   struct pvn_err *err)
{
	struct parse p = { .t = t };
	const char *slash = strrchr(path, '/');
	int rc;

	*t = (struct template){ 0 };
	t->dir = slash ? xasprintf("%.*s", (int)(slash - path), path)
		       : xstrdup(".");
	rc = check_parsed(&p, path, ini_parse_string(text, take_key, &p), err);
	free(p.bad);
	if (rc)
		template_free(t);
	return rc;
}

int template_read(const char *path, struct template *t, struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc;

	*t = (struct template){ 0 };
	rc = file_read(path, &text, err);
	return rc ? rc : template_parse(text, path, t, err);
}

char *template_text(const struct template *t)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	for (size_t i = 0; i < N_KEYS; i++) {
		const void *member = (const char *)t + keys[i].offset;
		const char *const *s = member;

		if (keys[i].type == KEY_SIZE)
			fprintf(f, "%s=%llu\n", keys[i].name,
				(unsigned long long)*(const uint64_t *)member);
		else if (keys[i].type == KEY_COUNT)
			fprintf(f, "%s=%u\n", keys[i].name,
				*(const unsigned int *)member);
		else if (*s && **s)
			fprintf(f, "%s=%s\n", keys[i].name, *s);
	}
	if (fclose(f))
		abort();
	return text;
}

int template_check(const struct template *t, struct pvn_err *err)
{
	autofree char *text = template_text(t);
	autofree char *text_again = NULL;
	struct template again;
	int rc = template_parse(text, "the template", &again, err);

	if (rc)
		return rc;
	text_again = template_text(&again);
	if (strcmp(text, text_again))
		rc = pvn_err(err, -EINVAL,
			     "a value of the template has a line break");
	template_free(&again);
	return rc;
}

char *template_signed_ini(const struct template *t)
{
	return xasprintf("%s/" SIGNED "%s.ini", t->dir, t->version);
}

char *template_signed_signature(const struct template *t)
{
	return xasprintf("%s/" SIGNED "%s.ini.minisig", t->dir, t->version);
}

static int is_signed(const struct dirent *entry)
{
	return !strncmp(entry->d_name, SIGNED, strlen(SIGNED));
}

void template_forget_signed(const struct template *t, bool all)
{
	autofree char *ini = template_signed_ini(t);
	autofree char *signature = template_signed_signature(t);
	struct dirent **entries = NULL;
	int n = all ? scandir(t->dir, &entries, is_signed, NULL) : 0;

	unlink(ini);
	unlink(signature);
	for (int i = 0; i < n; i++) {
		autofree char *path =
			xasprintf("%s/%s", t->dir, entries[i]->d_name);

		unlink(path);
		free(entries[i]);
	}
	free(entries);
}

void template_free(struct template *t)
{
	free(t->dir);
	free(t->name);
	free(t->version);
	free(t->type);
	free(t->kernel);
	free(t->cmdline);
	free(t->disk);
	free(t->sha256);
	free(t->user);
	free(t->description);
	free(t->signed_by);
	*t = (struct template){ 0 };
}

void templates_add(struct template_list *list, struct template *t)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = *t;
	*t = (struct template){ 0 };
}

void templates_free(struct template_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		template_free(&list->v[i]);
	free(list->v);
	*list = (struct template_list){ 0 };
}

int templates_read(const char *folder, struct template_list *list,
		   struct pvn_err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, NULL, alphasort);
	int rc = 0;

	for (int i = 0; i < n; i++) {
		autofree char *path = xasprintf("%s/%s/template.ini", folder,
						entries[i]->d_name);
		struct template t;

		if (!rc && entries[i]->d_name[0] != '.' && file_exists(path)) {
			rc = template_read(path, &t, err);
			if (!rc)
				templates_add(list, &t);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int templates_read_host(struct template_list *list, struct pvn_err *err)
{
	int rc = templates_read(PATH_TEMPLATES, list, err);

	return rc ? rc : templates_read(PATH_USER_TEMPLATES, list, err);
}

bool template_is_users(const struct template *t)
{
	return !strncmp(t->dir, PATH_USER_TEMPLATES "/",
			strlen(PATH_USER_TEMPLATES "/"));
}

const struct template *templates_find(const struct template_list *list,
				      const char *name, struct pvn_err *err)
{
	autofree char *names = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		const struct template *t = &list->v[i];
		char *more;

		if (!strcmp(t->name, name))
			return t;
		more = xasprintf("%s%s'%s'", names, i ? ", " : "", t->name);
		free(names);
		names = more;
	}
	if (list->n)
		pvn_err(err, -ENOENT, "no template '%s', there is %s", name,
			names);
	else
		pvn_err(err, -ENOENT, "no template '%s', there are none", name);
	return NULL;
}

int templates_admit(const struct template_list *list, const struct template *t,
		    const struct template **old_r, struct pvn_err *err)
{
	struct pvn_err none = { 0 };
	const struct template *other = templates_find(list, t->name, &none);
	autofree char *volume = template_volume(t);
	autofree char *others = other ? template_volume(other) : NULL;

	*old_r = NULL;
	/* 1.0 and 1-0 are the same, too */
	if (other && (!template_is_users(other) || !strcmp(volume, others)))
		return pvn_err(
			err, -EEXIST,
			"there is a template '%s' %s already%s ('--name' takes this one under another name)",
			other->name, other->version,
			template_is_users(other) ? ""
						 : ", it came with the host");
	*old_r = other;
	return 0;
}

uint64_t template_volume_bytes(const struct template *t)
{
	return t->disk_bytes > DEFAULT_DISK ? t->disk_bytes : DEFAULT_DISK;
}

char *template_volume(const struct template *t)
{
	char *name = xasprintf("template-%s-%s", t->name, t->version);

	/* '-' only where we put it, so that two templates never share a name */
	for (char *p = name + strlen("template-") + strlen(t->name) + 1; *p;
	     p++) {
		if (!isalnum((unsigned char)*p) && *p != '+')
			*p = '_';
	}
	return name;
}
