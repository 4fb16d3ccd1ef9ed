/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages_hardware.c: the dialogue's first page: what machine this is, and whether it can be a host. */
#include <stdio.h>
#include <string.h>

#include "nics.h"
#include "pages.h"
#include "run.h"

/* The lines of 'host selftest', "cpu        note  what was found"; it fails where something is bad. */
static void selftest(struct strlist *lines, const char *option)
{
	struct pvn_stream stream = PVN_STREAM_INIT;
	struct pvn_err err = { 0 };
	autofree char *line = NULL;
	size_t room = 0;
	FILE *f;

	strlist_free(lines);
	if (pvn_stream_begin(PVN_ARGV("host", "selftest", option), &stream,
			     &err)) {
		strlist_addf(lines, "selftest bad %s", err.msg);
		return;
	}
	f = fdopen(dup(stream.out), "r");
	while (f && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		strlist_add(lines, line);
	}
	if (f)
		fclose(f);
	pvn_stream_end(&stream, &err);
}

/* Show a line of the above, unless it is @only_bad that are wanted. */
static void show_finding(const char *line, bool only_bad)
{
	char name[16], verdict[8];
	int text = 0;

	if (sscanf(line, "%15s %7s %n", name, verdict, &text) != 2 ||
	    (only_bad && !strcmp(verdict, "good")))
		return;
	ui_entry(name, "%s: %s", verdict, line + text);
}

static int page_hardware(void)
{
	auto_strlist struct strlist lines = { 0 };
	int rc;

	ui_busy("Looking at this machine, and starting a guest ...");
	selftest(&lines, NULL);
	ui_page("This machine", 0, 0);
	for (size_t i = 0; i < lines.n; i++)
		show_finding(lines.v[i], false);
	ui_line("%s", "");
	rc = ui_wait("Press Enter to go back");
	return rc ? rc : UI_AGAIN;
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

static void say_machine(const struct dialog *d)
{
	size_t disks = usable_disks(&d->facts);
	size_t links = nics_with_link();

	ui_say("This machine: %s, %zu %s that Paravane can be installed on, %zu network %s with a link.",
	       d->facts.uefi ? "UEFI" : "BIOS", disks,
	       disks == 1 ? "disk" : "disks", links,
	       links == 1 ? "interface" : "interfaces");
	if (!disks)
		ui_say("Without such a disk nothing can be installed; the next page says why none is.");
	if (!links)
		ui_say("Is the network cable plugged in? The host is reached over the network only.");
	for (size_t i = 0; i < d->hardware.n; i++)
		show_finding(d->hardware.v[i], true);
	ui_line("%s", "");
}

int page_welcome(struct dialog *d)
{
	static const char *const items[] = {
		"Install Paravane on this machine",
		"All that is known of the hardware, and a guest on trial",
		"A root shell instead",
	};

	if (!d->hardware.n) {
		ui_busy("Looking at this machine ...");
		selftest(&d->hardware, "--quick");
	}
	if (page_read_facts(d))
		return UI_END;
	ui_page("Paravane", 0, 0);
	say_machine(d);
	switch (ui_choose(items, 3, 0)) {
	case 0:
		return 0;
	case 1:
		return page_hardware();
	case UI_AGAIN:
		return UI_AGAIN;
	default:
		return UI_END;
	}
}
