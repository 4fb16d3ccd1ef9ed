/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed_clone.c: a seed for a guest that is a copy of another. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "seed.h"

/* The text with the line "key: ..." made "key: value"; without such a line it is
 * added if @add says so. */
static void set_line(char **text, const char *key, const char *value, bool add)
{
	const size_t len = strlen(key);
	const char *line = *text;
	char *new;

	while (*line && (strncmp(line, key, len) || line[len] != ':')) {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	if (!*line && !add)
		return;
	new = xasprintf("%.*s%s: %s%s", (int)(line - *text), *text, key, value,
			*line ? line + strcspn(line, "\n") : "\n");
	free(*text);
	*text = new;
}

static void replace_all(char **text, const char *from, const char *to)
{
	const size_t len = strlen(from);
	size_t at = 0;
	char *found;

	while (len && (found = strcasestr(*text + at, from))) {
		size_t before = (size_t)(found - *text);
		char *new = xasprintf("%.*s%s%s", (int)before, *text, to,
				      found + len);

		free(*text);
		*text = new;
		at = before + strlen(to);
	}
}

static int clone_network(const struct seed_clone *c, char **text,
			 struct pvn_err *err)
{
	if (c->net->address) {
		free(*text);
		*text = seed_network(c->new_macs->n ? c->new_macs->v[0] : "",
				     c->net);
		return 0;
	}
	if (strstr(*text, "addresses:"))
		return pvn_err(
			err, PVN_REFUSED,
			"the guest has a fixed address, which two can't have: give the clone its own with '--ip'");
	for (size_t i = 0; i < c->old_macs->n; i++)
		replace_all(text, c->old_macs->v[i], c->new_macs->v[i]);
	return 0;
}

int seed_clone_texts(const struct seed_clone *c, struct seed *seed,
		     struct pvn_err *err)
{
	set_line(&seed->meta_data, "instance-id", c->uuid, true);
	set_line(&seed->meta_data, "local-hostname", c->name, true);
	set_line(&seed->user_data, "hostname", c->name, false);
	return clone_network(c, &seed->network_config, err);
}

static int read_file(const char *dir, const char *name, char **text_r,
		     struct pvn_err *err)
{
	autofree char *path = xasprintf("%s/%s", dir, name);

	return file_read(path, text_r, err);
}

static int change_files(const void *arg, const char *dir, struct pvn_err *err)
{
	struct seed seed = { 0 };
	int rc = read_file(dir, "meta-data", &seed.meta_data, err);

	if (!rc)
		rc = read_file(dir, "user-data", &seed.user_data, err);
	if (!rc)
		rc = read_file(dir, "network-config", &seed.network_config,
			       err);
	if (!rc)
		rc = seed_clone_texts(arg, &seed, err);
	if (!rc)
		rc = seed_put_files(&seed, dir, err);
	seed_free(&seed);
	return rc;
}

int seed_clone(const struct seed_clone *clone, const char *device,
	       struct pvn_err *err)
{
	return seed_mounted(device, change_files, clone, err);
}
