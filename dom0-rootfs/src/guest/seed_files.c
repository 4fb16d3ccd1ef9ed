/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed_files.c: a user's own user-data, meta-data, network-config and ssh keys. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "seed.h"

static int read_file(struct seed_file *file, struct pvn_err *err)
{
	const bool is_stdin = !strcmp(file->path, "-");
	autofree char *text = xcalloc(1, SEED_FILE_MAX + 2);
	autofclose FILE *f = is_stdin ? fdopen(dup(0), "re")
				      : fopen(file->path, "re");
	size_t n;

	if (!f)
		return pvn_err_errno(err, errno, "cannot open '%s'",
				     file->path);
	n = fread(text, 1, SEED_FILE_MAX + 1, f);
	if (ferror(f))
		return pvn_err_errno(err, errno, "cannot read '%s'",
				     file->path);
	if (n > SEED_FILE_MAX)
		return pvn_err(err, -EFBIG, "'--%s %s' is longer than %d KiB",
			       file->option, file->path, SEED_FILE_MAX / 1024);
	if (strlen(text) != n)
		return pvn_err(err, -EINVAL,
			       "'--%s %s' is no text: it has a NUL in it",
			       file->option, file->path);
	file->text = steal_ptr(&text);
	return 0;
}

int seed_files_read(struct seed_files *files, struct pvn_err *err)
{
	int n_stdin = 0;
	int rc = 0;

	for (int i = 0; i < SEED_FILES && !rc; i++) {
		struct seed_file *file = &files->v[i];

		if (!file->path)
			continue;
		n_stdin += !strcmp(file->path, "-");
		if (n_stdin > 1)
			return pvn_err(
				err, -EINVAL,
				"'--%s -': standard input is read for another option already",
				file->option);
		rc = read_file(file, err);
	}
	return rc;
}

int seed_keys_read(const char *key, const char *file, char **text_r,
		   struct pvn_err *err)
{
	struct seed_file keys = { .option = "ssh-key-file", .path = file };
	int rc = file ? read_file(&keys, err) : 0;

	if (rc)
		return rc;
	if (key && keys.text)
		*text_r = xasprintf("%s\n%s\n", keys.text, key);
	else
		*text_r = key ? xstrdup(key) : steal_ptr(&keys.text);
	free(keys.text);
	return 0;
}

const char *seed_keys_name(const char *key, const char *file)
{
	if (file && !strcmp(file, "-"))
		return "standard input";
	return file || !key ? file : "--ssh-key";
}

void seed_files_free(struct seed_files *files)
{
	for (int i = 0; i < SEED_FILES; i++)
		free(files->v[i].text);
	*files = (struct seed_files){ 0 };
}

/* What cloud-init knows user-data by: its first line. */
static bool is_user_data(const char *text)
{
	static const char *const starts[] = {
		"#cloud-config", "#!",
		"#include",	 "#cloud-boothook",
		"#part-handler", "## template:",
		"Content-Type:", "MIME-Version:",
		"#upstart-job",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (!strncmp(text, starts[i], strlen(starts[i])))
			return true;
	}
	return false;
}

/* Is there a '#' between the line's start and here that begins a comment? */
static bool in_comment(const char *text, const char *at)
{
	while (at > text && at[-1] != '\n') {
		at--;
		if (*at == '#' &&
		    (at == text || isspace((unsigned char)at[-1])))
			return true;
	}
	return false;
}

/* Is there a line "key: value"? JSON is YAML, too. */
static bool has_key(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = text; (at = strstr(at, key)); at += len) {
		const char *rest = at + len;
		bool starts = at == text || strchr("\n\"{ ", at[-1]);

		rest += *rest == '"';
		if (starts && *rest == ':' && !in_comment(text, at))
			return true;
	}
	return false;
}

static bool is_user_name(const char *name)
{
	size_t len = strlen(name);

	return len && len <= 32 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len &&
	       !isdigit((unsigned char)*name) && *name != '-';
}

static int check_texts(const struct seed_files *files, struct pvn_err *err)
{
	const struct seed_file *user = &files->v[SEED_USER_DATA];
	const struct seed_file *meta = &files->v[SEED_META_DATA];
	const struct seed_file *network = &files->v[SEED_NETWORK_CONFIG];

	if (user->text && !is_user_data(user->text))
		return pvn_err(
			err, -EINVAL,
			"'--user-data %s' is nothing that cloud-init takes: its first line is none of '#cloud-config', '#!', 'Content-Type:' ...",
			user->path);
	if (meta->text && !has_key(meta->text, "instance-id"))
		return pvn_err(err, -EINVAL,
			       "'--meta-data %s' has no 'instance-id'",
			       meta->path);
	if (network->text && !has_key(network->text, "version"))
		return pvn_err(err, -EINVAL,
			       "'--network-config %s' has no 'version'",
			       network->path);
	return 0;
}

int seed_files_check(const struct seed_files *files, const struct seed_net *net,
		     const char *user, bool has_keys, struct pvn_err *err)
{
	if (user && !is_user_name(user))
		return pvn_err(
			err, -EINVAL,
			"'--user %.40s' is no user's name: 1 to 32 of a-z, 0-9, '_' and '-', beginning with a letter or '_'",
			user);
	if (user && files->v[SEED_USER_DATA].path)
		return pvn_err(
			err, -EINVAL,
			"'--user' and '--user-data' don't go together: name the user in the file");
	if (has_keys && files->v[SEED_USER_DATA].path &&
	    files->v[SEED_META_DATA].path)
		return pvn_err(
			err, -EINVAL,
			"ssh keys have no place beside '--user-data' and '--meta-data': put them into one of the files");
	if (net->address && files->v[SEED_NETWORK_CONFIG].path)
		return pvn_err(
			err, -EINVAL,
			"'--ip' and '--network-config' don't go together: set the address in the file");
	return check_texts(files, err);
}
