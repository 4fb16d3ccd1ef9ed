/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dialog.c: a person at a console is asked for what an answer file would say.
 *
 * The pages fill in a struct dialog, each can be gone back to, and what comes of it is an answer
 * file: it is read, judged and carried out as any other. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "answers.h"
#include "choose.h"
#include "dialog.h"
#include "facts.h"
#include "file.h"
#include "install.h"
#include "nics.h"
#include "size.h"
#include "ui.h"

#define LOCK "/run/paravane-install/console.lock"
#define PAGES 5 /* with a number */

struct dialog {
	const char *slot_dir;
	int lock;
	struct facts facts;
	char *disk; /* "/dev/sda" */
	char *nic; /* "" is the first with a link */
	char *method, *address, *gateway, *dns;
	char *hostname;
	struct strlist keys;
};

static void set(char **field, char *value)
{
	free(*field);
	*field = value;
}

/* Ask until what is typed is right for the answer file's key; nothing is right where it is
 * @optional. */
static int ask(const char *section, const char *name, const char *what,
	       bool optional, char **field)
{
	for (;;) {
		char *text = NULL;
		const char *expected;
		int rc = ui_ask(what, *field ? *field : "", &text);

		if (rc)
			return rc;
		if (optional && !*text)
			expected = NULL;
		else
			expected = answers_check(section, name, text);
		if (!expected) {
			set(field, text);
			return 0;
		}
		printf("'%.60s' can't be taken: expected %s.\n", text,
		       expected);
		free(text);
	}
}

static int read_facts(struct dialog *d)
{
	struct pvn_err err;
	int rc = 0;

	while (rc != UI_END) {
		facts_free(&d->facts);
		if (!facts_read(&d->facts, "", d->slot_dir, &err)) {
			facts_probe(&d->facts);
			return 0;
		}
		ui_say("%s", err.msg);
		rc = ui_wait("Press Enter to try again");
	}
	return rc;
}

static size_t usable_disks(const struct facts *facts)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->n; i++) {
		autofree char *problem = disk_problem(&facts->disks[i]);

		n += !problem;
	}
	return n;
}

static size_t nics_with_link(void)
{
	struct nic_list nics = { 0 };
	size_t n = 0;

	nics_read(&nics);
	for (size_t i = 0; i < nics.n; i++)
		n += nics.v[i].carrier;
	nics_free(&nics);
	return n;
}

/* This console has it now, unless another one does. */
static bool take_lock(struct dialog *d)
{
	struct pvn_err err;

	if (d->lock >= 0)
		return true;
	if (mkdir_p("/run/paravane-install", 0700, &err))
		return true;
	d->lock = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock < 0 || !flock(d->lock, LOCK_EX | LOCK_NB))
		return true;
	close(d->lock);
	d->lock = -1;
	return false;
}

static int page_welcome(struct dialog *d)
{
	static const char *const items[] = {
		"Install Paravane on this machine",
		"A root shell instead",
	};
	size_t disks, links;
	int chosen;

	if (read_facts(d))
		return UI_END;
	disks = usable_disks(&d->facts);
	links = nics_with_link();
	ui_page("Paravane", 0, 0);
	ui_say("This machine: %s, %zu %s that Paravane can be installed on, %zu network %s with a link.",
	       d->facts.uefi ? "UEFI" : "BIOS", disks,
	       disks == 1 ? "disk" : "disks", links,
	       links == 1 ? "interface" : "interfaces");
	if (!disks)
		ui_say("Without such a disk nothing can be installed; the next page says why none is.");
	if (!links)
		ui_say("Is the network cable plugged in? The host is reached over the network only.");
	chosen = ui_choose(items, 2, 0);
	if (chosen != 0)
		return UI_END;
	if (take_lock(d))
		return 0;
	ui_say("On another console somebody has begun already.");
	return page_welcome(d);
}

/* What stands in a list of disks. */
static char *disk_line(const struct disk *disk)
{
	char size[16];

	return xasprintf(
		"%-12s %6s  %-6s %-20s %s%s%s", disk->path,
		size_print(disk->size, size), *disk->bus ? disk->bus : "-",
		*disk->model ? disk->model : "-",
		*disk->serial ? disk->serial : "",
		disk->parts.n ? ", has partitions" : "",
		disk->holders.n ? ", in an array or a volume group" : "");
}

static int page_disk(struct dialog *d)
{
	auto_strlist struct strlist lines = { 0 };
	auto_strlist struct strlist paths = { 0 };
	size_t preset;
	int chosen;

	if (read_facts(d))
		return UI_END;
	ui_page("The disk", 1, PAGES);
	ui_say("On which disk shall Paravane be installed? All that is on it will be lost.");
	for (size_t i = 0; i < d->facts.n; i++) {
		const struct disk *disk = &d->facts.disks[i];
		autofree char *problem = disk_problem(disk);
		autofree char *line = disk_line(disk);
		struct pvn_err err;

		if (!problem && disks_check_spans(&disk, 1, &err))
			problem = xstrdup(err.msg);
		if (problem) {
			printf("   -  %s\n      can't be used: %s\n", line,
			       problem);
			continue;
		}
		strlist_add(&lines, line);
		strlist_add(&paths, disk->path);
	}
	if (!lines.n) {
		printf("\nThere is no disk that can be used.\n\n");
		chosen = ui_wait("Press Enter to look again");
		return chosen ? chosen : page_disk(d);
	}
	preset = lines.n == 1 ? 0 : lines.n;
	for (size_t i = 0; i < paths.n && d->disk; i++)
		preset = strcmp(paths.v[i], d->disk) ? preset : i;
	chosen = ui_choose((const char *const *)lines.v, lines.n, preset);
	if (chosen < 0)
		return chosen;
	set(&d->disk, xstrdup(paths.v[chosen]));
	return 0;
}

static int choose_nic(struct dialog *d)
{
	auto_strlist struct strlist lines = { 0 };
	struct nic_list nics = { 0 };
	size_t preset = 0;
	int chosen;

	nics_read(&nics);
	strlist_add(&lines, "the first that has a link, at each start");
	for (size_t i = 0; i < nics.n; i++) {
		const struct nic *nic = &nics.v[i];

		strlist_addf(&lines, "%-10s %s  %-12s %s", nic->name, nic->mac,
			     nic->driver, nic->carrier ? "link" : "no link");
		if (d->nic && !strcmp(d->nic, nic->mac))
			preset = i + 1;
	}
	ui_say("Which interface is the host's own? Guests are bridged to it.");
	chosen = ui_choose((const char *const *)lines.v, lines.n, preset);
	/* by its address: names change with what else is plugged in */
	if (chosen >= 0)
		set(&d->nic, xstrdup(chosen ? nics.v[chosen - 1].mac : ""));
	nics_free(&nics);
	return chosen < 0 ? chosen : 0;
}

static int ask_address(struct dialog *d)
{
	int rc = ask("network", "address",
		     "Address and prefix length, like 192.0.2.5/24", false,
		     &d->address);

	if (!rc)
		rc = ask("network", "gateway", "Default gateway ('-' for none)",
			 true, &d->gateway);
	if (!rc)
		rc = ask("network", "dns",
			 "Name servers, blanks between them ('-' for none)",
			 true, &d->dns);
	return rc;
}

static int page_network(struct dialog *d)
{
	static const char *const methods[] = { "by DHCP", "a fixed address" };
	int rc;

	ui_page("The network", 2, PAGES);
	for (;;) {
		rc = choose_nic(d);
		if (rc)
			return rc;
		ui_say("How does the host get its address?");
		rc = ui_choose(methods, 2,
			       d->method && !strcmp(d->method, "static"));
		if (rc == UI_BACK)
			continue;
		if (rc < 0)
			return rc;
		set(&d->method, xstrdup(rc ? "static" : "dhcp"));
		rc = rc ? ask_address(d) : 0;
		if (rc != UI_BACK)
			return rc;
	}
}

static int page_hostname(struct dialog *d)
{
	ui_page("The host's name", 3, PAGES);
	return ask("host", "hostname", "Name, like xen1 or xen1.example.com",
		   false, &d->hostname);
}

/* Returns how many of the lines are keys; what is none is said. */
static size_t take_keys(struct dialog *d, char *text)
{
	size_t n = 0;
	char *save = NULL;

	for (char *line = strtok_r(text, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		const char *expected;

		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		expected = answers_check("ssh", "key", line);
		if (expected) {
			printf("'%.40s' can't be taken: expected %s.\n", line,
			       expected);
			continue;
		}
		strlist_add(&d->keys, line);
		n++;
	}
	return n;
}

static void fetch_keys(struct dialog *d, const char *url)
{
	struct pvn_err err = { 0 };
	char *text = NULL;

	printf("Fetching '%s' ...\n", url);
	fflush(stdout);
	if (source_fetch(url, &text, &err))
		printf("%s\n", err.msg);
	else
		printf("%zu taken.\n", take_keys(d, text));
	free(text);
}

/* Its type and its comment: the data tells a person nothing. */
static void print_key(size_t number, const char *key)
{
	int type = (int)strcspn(key, " \t");
	const char *data = key + type + strspn(key + type, " \t");
	const char *comment = data + strcspn(data, " \t");

	printf("%4zu  %.*s%s\n", number, type, key, comment);
}

static int page_keys(struct dialog *d)
{
	ui_page("Who may log in", 4, PAGES);
	ui_say("The host is reached by ssh, with keys only. Paste a public key, a line of a .pub file, or give the URL (http) of a list of them.");
	for (;;) {
		autofree char *text = NULL;
		int rc;

		for (size_t i = 0; i < d->keys.n; i++)
			print_key(i + 1, d->keys.v[i]);
		rc = ui_ask(
			d->keys.n
				? "One more key, 'x' to begin anew, Enter when these are all"
				: "A key or a URL",
			"", &text);
		if (rc)
			return rc;
		if (!*text && d->keys.n)
			return 0;
		if (!strcmp(text, "x"))
			strlist_free(&d->keys);
		else if (!strncmp(text, "http://", 7))
			fetch_keys(d, text);
		else if (!*text)
			printf("Without a key nobody could log in.\n");
		else
			take_keys(d, text);
	}
}

static const struct disk *chosen_disk(const struct dialog *d)
{
	for (size_t i = 0; i < d->facts.n; i++) {
		if (!strcmp(d->facts.disks[i].path, d->disk))
			return &d->facts.disks[i];
	}
	return NULL;
}

static int page_summary(struct dialog *d)
{
	const struct disk *disk = chosen_disk(d);
	autofree char *line = disk ? disk_line(disk) : xstrdup(d->disk);
	const bool fixed = !strcmp(d->method, "static");

	ui_page("Begin?", 5, PAGES);
	printf("  host      %s\n", d->hostname);
	printf("  network   %s%s%s%s%s\n", fixed ? d->address : "by DHCP",
	       fixed && *d->gateway ? ", gateway " : "",
	       fixed ? d->gateway : "", *d->nic ? ", interface " : "", d->nic);
	printf("  ssh       %zu %s\n", d->keys.n,
	       d->keys.n == 1 ? "key" : "keys");
	printf("  ERASED    %s\n\n", line);
	for (;;) {
		autofree char *text = NULL;
		autofree char *what =
			xasprintf("Type '%s' to erase this disk and install",
				  strrchr(d->disk, '/') + 1);
		int rc = ui_ask(what, "", &text);

		if (rc)
			return rc;
		if (!strcmp(text, strrchr(d->disk, '/') + 1) ||
		    !strcmp(text, d->disk))
			return 0;
		printf("Nothing was done yet.\n");
	}
}

static int (*const pages[])(struct dialog *d) = {
	page_welcome,  page_disk, page_network,
	page_hostname, page_keys, page_summary,
};

#define N_PAGES (sizeof(pages) / sizeof(*pages))

static void put(FILE *f, const char *key, const char *value)
{
	if (value && *value)
		fprintf(f, "%s = %s\n", key, value);
}

static int write_answers(const struct dialog *d, const char *path,
			 struct pvn_err *err)
{
	const bool fixed = !strcmp(d->method, "static");
	autofree char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fprintf(f, "[host]\nhostname = %s\n[network]\n", d->hostname);
	put(f, "method", d->method);
	put(f, "address", fixed ? d->address : NULL);
	put(f, "gateway", fixed ? d->gateway : NULL);
	put(f, "dns", fixed ? d->dns : NULL);
	put(f, "nic", d->nic);
	fprintf(f, "[ssh]\n");
	for (size_t i = 0; i < d->keys.n; i++)
		put(f, "key", d->keys.v[i]);
	fprintf(f, "[disk]\ndevice = %s\n", d->disk);
	fclose(f);
	return file_write(path, text, 0600, err);
}

static void dialog_free(struct dialog *d)
{
	facts_free(&d->facts);
	free(d->disk);
	free(d->nic);
	free(d->method);
	free(d->address);
	free(d->gateway);
	free(d->dns);
	free(d->hostname);
	strlist_free(&d->keys);
}

enum dialog_end dialog_run(const char *path, const char *slot_dir)
{
	/* the lock is given back by the end of the process */
	struct dialog d = { .slot_dir = slot_dir, .lock = -1 };
	enum dialog_end end = DIALOG_SHELL;
	struct pvn_err err = { 0 };
	size_t at = 0;
	int rc = 0;

	while (at < N_PAGES && rc != UI_END) {
		rc = pages[at](&d);
		if (!rc)
			at++;
		else if (rc == UI_BACK && at)
			at--;
	}
	if (at == N_PAGES && write_answers(&d, path, &err))
		printf("%s\n", err.msg);
	else if (at == N_PAGES)
		end = DIALOG_INSTALL;
	dialog_free(&d);
	return end;
}

void dialog_done(const char *path)
{
	ui_page("Paravane is installed", 0, 0);
	ui_say("Remove the medium when the machine starts again. The console then shows the host's address and the fingerprint of its key; log in as root over ssh.");
	ui_say("What was answered is in '%s', an answer file for more machines; it is gone with the restart.",
	       path);
	ui_wait("Press Enter to restart");
}
