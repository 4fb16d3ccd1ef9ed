/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages_summary.c: what was answered, for a person and as an answer file. */
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "pages.h"

static bool all_kept(const struct dialog *d)
{
	return d->keep && !strcmp(d->keep, "configuration");
}

static bool is_static(const char *method)
{
	return method && !strcmp(method, "static");
}

static bool is_said(const char *text)
{
	return text && *text;
}

static void show_addresses(const struct dialog *d)
{
	if (is_static(d->method))
		ui_entry("IPv4", "%s%s%s%s%s", d->address,
			 is_said(d->gateway) ? ", gateway " : "", d->gateway,
			 is_said(d->dns) ? ", name servers " : "", d->dns);
	else
		ui_entry("IPv4", "by DHCP");
	if (is_static(d->method6))
		ui_entry("IPv6", "%s%s%s", d->address6,
			 is_said(d->gateway6) ? ", gateway " : "", d->gateway6);
	else
		ui_entry("IPv6", "%s",
			 !strcmp(d->method6, "off") ? "off" : "by itself");
}

static void show_host(const struct dialog *d)
{
	autofree char *nics = strlist_quoted(&d->nics);

	ui_entry("host", "%s, time zone %s%s%s", d->hostname, d->timezone,
		 is_said(d->ntp) ? ", time servers " : "", d->ntp);
	ui_entry("interface", "%s%s%s%s%s",
		 d->nics.n ? nics : "the first that has a link",
		 d->bond ? ", as one: " : "", d->bond ? d->bond : "",
		 is_said(d->vlan) ? ", VLAN " : "",
		 is_said(d->vlan) ? d->vlan : "");
	show_addresses(d);
	ui_entry("logs in", "%zu ssh %s%s", d->keys.n,
		 d->keys.n == 1 ? "key" : "keys",
		 d->password_hash ? ", and a password at the console" : "");
}

/* "vda", or of two disks "vda vdb"; caller frees. */
static char *disk_names(const struct dialog *d)
{
	return xasprintf("%s%s%s", strrchr(d->disk, '/') + 1,
			 d->second ? " " : "",
			 d->second ? strrchr(d->second, '/') + 1 : "");
}

/* All of them in any order, by name or path, and nothing else. */
static bool names_all(const struct dialog *d, const char *typed)
{
	const char *const disks[] = { d->disk, d->second };
	autofree char *text = xstrdup(typed);
	bool named[2] = { false, !d->second };
	char *save = NULL;

	for (char *word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		size_t i = 0;

		while (i < 2 &&
		       (named[i] || (strcmp(word, disks[i]) &&
				     strcmp(word, strrchr(disks[i], '/') + 1))))
			i++;
		if (i == 2)
			return false;
		named[i] = true;
	}
	return named[0] && named[1];
}

static char *check_confirmed(void *arg, size_t i, char *text)
{
	autofree char *names = disk_names(arg);

	(void)i;
	return names_all(arg, text)
		       ? NULL
		       : xasprintf("Nothing was done yet: expected '%s'.",
				   names);
}

static void show_disk(const struct dialog *d, const char *path,
		      const char *fate)
{
	const struct disk *disk = page_find_disk(d, path);
	autofree char *line = disk ? page_disk_text(disk) : xstrdup(path);

	ui_entry(fate, "%s", line);
}

int page_summary(struct dialog *d)
{
	const bool keeps = d->keep && strcmp(d->keep, "nothing");
	autofree char *names = disk_names(d);
	autofree char *what =
		xasprintf("Type '%s' to %s %s and install", names,
			  keeps ? "write to" : "erase",
			  d->second ? "these disks" : "this disk");
	struct ui_field confirmed = { .what = what, .preset = "" };
	const char *fate = keeps ? "WRITTEN TO" : "ERASED";
	int rc;

	ui_page("Begin?", PAGE_SUMMARY, PAGES);
	if (!all_kept(d))
		show_host(d);
	if (keeps)
		ui_entry("kept", "%s",
			 all_kept(d)
				 ? "the guests, and the host's configuration"
				 : "the guests");
	show_disk(d, d->disk, fate);
	if (d->second) {
		show_disk(d, d->second, fate);
		ui_entry("RAID1", "each of the two disks has all");
	}
	ui_line("%s", "");
	rc = ui_ask(&confirmed, 1, check_confirmed, d);
	free(confirmed.text);
	return rc;
}

static void put(FILE *f, const char *key, const char *value)
{
	if (is_said(value))
		fprintf(f, "%s = %s\n", key, value);
}

static void put_list(FILE *f, const char *key, const struct strlist *values)
{
	for (size_t i = 0; i < values->n; i++)
		put(f, key, values->v[i]);
}

static void put_host(FILE *f, const struct dialog *d)
{
	const bool fixed = is_static(d->method);
	const bool fixed6 = is_static(d->method6);

	fprintf(f, "[host]\n");
	put(f, "hostname", d->hostname);
	put(f, "timezone", d->timezone);
	put(f, "ntp", d->ntp);
	fprintf(f, "[network]\n");
	put(f, "method", d->method);
	put(f, "address", fixed ? d->address : NULL);
	put(f, "gateway", fixed ? d->gateway : NULL);
	put(f, "dns", fixed ? d->dns : NULL);
	put(f, "method6", d->method6);
	put(f, "address6", fixed6 ? d->address6 : NULL);
	put(f, "gateway6", fixed6 ? d->gateway6 : NULL);
	put_list(f, "nic", &d->nics);
	put(f, "bond", d->bond);
	put(f, "vlan", d->vlan);
	fprintf(f, "[ssh]\n");
	put_list(f, "key", &d->keys);
	fprintf(f, "[console]\n");
	put(f, "password-hash", d->password_hash);
}

int pages_write(const struct dialog *d, const char *path, struct pvn_err *err)
{
	autofree char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	if (!all_kept(d))
		put_host(f, d);
	fprintf(f, "[disk]\n");
	put(f, "device", d->disk);
	put(f, "device", d->second);
	put(f, "raid", d->second ? "raid1" : NULL);
	fprintf(f, "[install]\n");
	put(f, "keep", d->keep);
	fclose(f);
	return file_write(path, text, 0600, err);
}
