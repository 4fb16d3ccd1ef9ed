/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dialog.c: a person at a console is asked for what an answer file would say.
 *
 * The pages fill in a struct dialog, each can be gone back to, and what comes of it is an answer
 * file: it is read, judged and carried out as any other. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <string.h>
#include <sys/file.h>

#include "dialog.h"
#include "file.h"
#include "pages.h"

#define LOCK "/run/paravane-install/console.lock"

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

/* Between the first page and what changes anything. */
static int page_begin(struct dialog *d)
{
	int rc = page_welcome(d);

	if (rc || take_lock(d))
		return rc;
	ui_refuse("On another console somebody has begun already.");
	return UI_AGAIN;
}

/* The pages, in their order. */
static const struct {
	int (*run)(struct dialog *d);
	bool of_host; /* it asks for what keep = configuration has already */
} pages[] = {
	{ page_begin, false },	{ page_disk, false },
	{ page_network, true }, { page_hostname, true },
	{ page_keys, true },	{ page_password, true },
	{ page_time, true },	{ page_summary, false },
};

#define N_PAGES (sizeof(pages) / sizeof(*pages))

static bool is_skipped(const struct dialog *d, size_t at)
{
	return at < N_PAGES && pages[at].of_host && d->keep &&
	       !strcmp(d->keep, "configuration");
}

/* Returns true when all was answered and confirmed. */
static bool run_pages(struct dialog *d)
{
	size_t at = 0;

	while (at < N_PAGES) {
		int rc = pages[at].run(d);
		bool back = rc == UI_BACK && at;

		if (rc == UI_END)
			return false;
		if (rc && !back)
			continue;
		do {
			at = back ? at - 1 : at + 1;
		} while (is_skipped(d, at));
	}
	return true;
}

enum dialog_end dialog_run(const char *path, const char *slot_dir, bool plain)
{
	/* the lock is given back by the end of the process */
	struct dialog d = { .slot_dir = slot_dir, .lock = -1 };
	enum dialog_end end = DIALOG_SHELL;
	struct pvn_err err = { 0 };

	ui_begin(plain);
	if (run_pages(&d)) {
		if (pages_write(&d, path, &err))
			ui_refuse("%s", err.msg);
		else
			end = DIALOG_INSTALL;
	}
	dialog_free(&d);
	return end;
}

/* The address that the bridge has now; caller frees, NULL: none. */
static char *present_address(void)
{
	struct ifaddrs *all = NULL;
	char text[INET_ADDRSTRLEN] = "";

	if (getifaddrs(&all))
		return NULL;
	for (const struct ifaddrs *i = all; i && !*text; i = i->ifa_next) {
		const struct sockaddr_in *in = (const void *)i->ifa_addr;

		if (in && in->sin_family == AF_INET &&
		    !strcmp(i->ifa_name, "br0"))
			inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	}
	freeifaddrs(all);
	return *text ? xstrdup(text) : NULL;
}

void dialog_done(const char *path, const char *fingerprint, const char *address)
{
	autofree char *now = address ? NULL : present_address();

	ui_page("Paravane is installed", 0, 0);
	if (address)
		ui_entry("address", "%.*s", (int)strcspn(address, "/"),
			 address);
	else if (now)
		ui_entry("address",
			 "by DHCP: now %s, most likely the same again", now);
	else
		ui_entry("address", "by DHCP");
	ui_entry("fingerprint", "%s", fingerprint);
	ui_line("%s", "");
	ui_say("Remove the medium when the machine starts again. Its console shows address and fingerprint, too.");
	ui_say("What was answered is in '%s', an answer file for more machines; it is gone with the restart.",
	       path);
	ui_wait("Press Enter to restart");
}
