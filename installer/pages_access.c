/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages_access.c: the dialogue's pages about who may log in: ssh keys, and the console's password. */
#include <crypt.h>
#include <dirent.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/random.h>

#include "answers.h"
#include "fetch.h"
#include "file.h"
#include "install.h"
#include "pages.h"

/* Take the lines that are keys. Returns how many; the last that is none is *bad_r (NULL: every one is). */
static size_t take_keys(struct dialog *d, char *text, const char **bad_r)
{
	size_t n = 0;
	char *save = NULL;

	*bad_r = NULL;
	for (char *line = strtok_r(text, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		if (answers_check("ssh", "key", line)) {
			*bad_r = line;
			continue;
		}
		strlist_add(&d->keys, line);
		n++;
	}
	return n;
}

static char *check_key(void *arg, size_t i, char *text)
{
	const char *expected = answers_check("ssh", "key", text);

	(void)arg;
	(void)i;
	return expected ? xasprintf("'%.40s' can't be taken: expected %s.",
				    text, expected)
			: NULL;
}

static int type_key(struct dialog *d)
{
	struct ui_field field = { .what = "A line of a .pub file, best pasted",
				  .preset = "" };
	int rc = ui_ask(&field, 1, check_key, NULL);

	if (!rc)
		strlist_add(&d->keys, field.text);
	free(field.text);
	return rc;
}

static int fetch_keys(struct dialog *d)
{
	struct ui_field field = { .what = "URL, http:// or tftp://",
				  .preset = "" };
	struct pvn_err err = { 0 };
	autofree char *text = NULL;
	const char *bad;
	int rc = ui_ask(&field, 1, NULL, NULL);

	if (rc) {
		free(field.text);
		return rc;
	}
	ui_busy("Fetching '%s' ...", field.text);
	if (fetch_url(field.text, &text, &err))
		ui_refuse("%s", err.msg);
	else if (!take_keys(d, text, &bad))
		ui_refuse(
			"There is no key at '%s': expected lines of a .pub file.",
			field.text);
	else if (bad)
		ui_refuse("Some were taken, but '%.40s' is no key.", bad);
	free(field.text);
	return 0;
}

static size_t take_files(struct dialog *d, const char *dir)
{
	DIR *files = opendir(dir);
	const struct dirent *entry;
	size_t n = 0;

	while (files && (entry = readdir(files))) {
		autofree char *path = xasprintf("%s/%s", dir, entry->d_name);
		autofree char *text = NULL;
		struct pvn_err ignored;
		const char *bad;

		if ((!fnmatch("*.pub", entry->d_name, FNM_CASEFOLD) ||
		     !strcasecmp(entry->d_name, "authorized_keys")) &&
		    !file_read(path, &text, &ignored))
			n += take_keys(d, text, &bad);
	}
	if (files)
		closedir(files);
	return n;
}

/* The keys on one device, at its top and where ssh has them. */
static size_t take_from(struct dialog *d, const char *dev)
{
	static const char *const dirs[] = { ".", ".ssh", "ssh" };
	struct pvn_err ignored;
	const char *mounted;
	size_t n = 0;

	if (source_mount(dev, &mounted, &ignored))
		return 0;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *dir = xasprintf("%s/%s", mounted, dirs[i]);

		n += take_files(d, dir);
	}
	source_unmount();
	return n;
}

static int find_keys(struct dialog *d)
{
	size_t n = 0;

	ui_busy("Looking for keys ...");
	if (page_read_facts(d))
		return UI_END;
	for (size_t i = 0; i < d->facts.n; i++) {
		const struct disk *disk = &d->facts.disks[i];

		if (disk->is_boot_medium ||
		    (strcmp(disk->bus, "usb") && !disk->removable))
			continue;
		if (!disk->parts.n)
			n += take_from(d, disk->path);
		for (size_t p = 0; p < disk->parts.n; p++) {
			autofree char *dev =
				xasprintf("/dev/%s", disk->parts.v[p]);

			n += take_from(d, dev);
		}
	}
	if (!n)
		ui_refuse(
			"No key was found: expected files '*.pub' or 'authorized_keys', at the top or in '.ssh' or 'ssh' of a USB stick with FAT or ext4.");
	return 0;
}

static int forget_keys(struct dialog *d)
{
	strlist_free(&d->keys);
	return 0;
}

/* Its type and its comment: the data tells a person nothing. */
static void show_key(size_t number, const char *key)
{
	int type = (int)strcspn(key, " \t");
	const char *data = key + type + strspn(key + type, " \t");
	const char *comment = data + strcspn(data, " \t");

	ui_line("%4zu  %.*s%.40s", number, type, key, comment);
}

int page_keys(struct dialog *d)
{
	static const char *const items[] = { "Type or paste a key",
					     "Fetch keys from a URL",
					     "Look for keys on a USB stick",
					     "These are all: go on",
					     "Forget these keys" };
	static int (*const actions[])(struct dialog *) = { type_key, fetch_keys,
							   find_keys, NULL,
							   forget_keys };

	for (;;) {
		int rc;

		ui_page("Who may log in", PAGE_KEYS, PAGES);
		ui_say("root logs in by ssh, with a key only. %s",
		       d->keys.n ? "These may:" : "Without one nobody could.");
		for (size_t i = 0; i < d->keys.n; i++)
			show_key(i + 1, d->keys.v[i]);
		if (d->keys.n)
			ui_line("%s", "");
		rc = ui_choose(items, d->keys.n ? 5 : 3, d->keys.n ? 3 : 0);
		if (rc < 0)
			return rc;
		if (!actions[rc])
			return 0;
		rc = actions[rc](d);
		if (rc == UI_END)
			return rc;
	}
}

static char *check_password(void *arg, size_t i, char *text)
{
	const struct ui_field *fields = arg;

	return i && strcmp(fields[0].text, text)
		       ? xstrdup("These are not the same: type both anew.")
		       : NULL;
}

/* SHA-512, which BusyBox's login knows. Caller frees; NULL: there are no random numbers. */
static char *hash_password(const char *password)
{
	static const char digits[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned char random[16];
	char setting[] = "$6$................";
	struct crypt_data data = { 0 };
	const char *hash;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return NULL;
	for (size_t i = 0; i < sizeof(random); i++)
		setting[3 + i] = digits[random[i] % 64];
	hash = crypt_r(password, setting, &data);
	return hash && *hash == '$' ? xstrdup(hash) : NULL;
}

int page_password(struct dialog *d)
{
	struct ui_field fields[2] = {
		{ .what = "Password", .preset = "", .secret = true },
		{ .what = "The same again", .preset = "", .secret = true },
	};
	int rc;

	ui_page("The console's password", PAGE_PASSWORD, PAGES);
	ui_say("With a password root can log in at the machine itself, too: at the screen and on the serial line. Over ssh it is good for nothing. Leave it empty, and nobody logs in there.");
	if (d->password_hash)
		ui_say("One was typed already; it is replaced.");
	rc = ui_ask(fields, 2, check_password, fields);
	if (!rc)
		page_set(&d->password_hash,
			 *fields[0].text ? hash_password(fields[0].text)
					 : NULL);
	if (!rc && *fields[0].text && !d->password_hash)
		ui_refuse("There are no random numbers: no password was set.");
	for (size_t i = 0; i < 2; i++) {
		if (fields[i].text)
			explicit_bzero(fields[i].text, strlen(fields[i].text));
		free(fields[i].text);
	}
	return rc;
}
