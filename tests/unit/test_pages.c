/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_pages.c: the dialogue's pages, answered in plain text from a file; what comes of them is an answer
 * file. */
#include <stdio.h>
#include <string.h>

#include "answers.h"
#include "file.h"
#include "pages.h"
#include "unit.h"

#define TYPED "/tmp/pvn-unit-typed"
#define SHOWN "/tmp/pvn-unit-shown"
#define ASKED "/tmp/pvn-unit-asked.ini"
#define KEY \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Yh2x0G3yFYt5m0TQv0b0J3rQ8v0pX3b7o6m9d1z2y me"

/* Answer @page with these lines; returns what it did. */
static int answer(int (*page)(struct dialog *d), struct dialog *d,
		  const char *lines)
{
	struct pvn_err err;
	int shown = dup(STDOUT_FILENO);
	int rc;

	assert_int_equal(file_write(TYPED, lines, 0600, &err), 0);
	assert_non_null(freopen(TYPED, "r", stdin));
	fflush(stdout);
	assert_non_null(freopen(SHOWN, "w", stdout));
	ui_begin(true);
	rc = page(d);
	ui_end();
	fflush(stdout);
	dup2(shown, STDOUT_FILENO);
	close(shown);
	return rc;
}

static void assert_shown(const char *text)
{
	autofree char *shown = NULL;
	struct pvn_err err;

	assert_int_equal(file_read(SHOWN, &shown, &err), 0);
	if (!strstr(shown, text))
		fail_msg("'%s' is not in: %s", text, shown);
}

static struct disk *add_another(struct dialog *d, const char *name)
{
	struct disk *disk = facts_add(&d->facts, name);

	disk->size = (uint64_t)100 << 30;
	return disk;
}

static void add_disk(struct dialog *d)
{
	add_another(d, "sda");
	page_set(&d->disk, xstrdup("/dev/sda"));
}

/* The pages before the last one, and what is typed there. */
static void answer_all(struct dialog *d)
{
	assert_int_equal(
		answer(page_network, d,
		       "1\n9999\n42\n2\n192.0.2.300/24\n192.0.2.5/24\n192.0.2.1\n\n"
		       "2\n2001:db8::5/64\n2001:db8::1\n"),
		0);
	assert_shown("'9999' can't be taken");
	assert_shown("'192.0.2.300/24' can't be taken");
	assert_int_equal(answer(page_hostname, d, "no_name\nxen9\n"), 0);
	assert_shown("'no_name' can't be taken");
	assert_int_equal(answer(page_keys, d, "1\nnonsense\n" KEY "\n\n"), 0);
	assert_shown("'nonsense' can't be taken");
	assert_int_equal(answer(page_password, d, "sesame\nsimsim\nsesame\n"),
			 0);
	assert_shown("These are not the same");
	assert_int_equal(
		answer(page_time, d, "berlin\nEurope/Berlin\n192.0.2.9\n"), 0);
	assert_shown("Is it one of these: Europe/Berlin?");
}

static void read_back(const struct dialog *d, struct answers *a)
{
	auto_strlist struct strlist errors = { 0 };
	autofree char *text = NULL;
	struct pvn_err err;

	assert_int_equal(pages_write(d, ASKED, &err), 0);
	assert_int_equal(file_read(ASKED, &text, &err), 0);
	if (answers_parse(a, text, "asked", &errors))
		fail_msg("%s", errors.v[0]);
}

PVN_TEST(an_answer_file_comes_of_it)
{
	struct dialog d = { 0 };
	struct answers a = { 0 };

	add_disk(&d);
	answer_all(&d);
	assert_int_equal(answer(page_summary, &d, "yes\nsda\n"), 0);
	assert_shown("expected 'sda'");
	assert_shown("ERASED       /dev/sda, 100G");
	read_back(&d, &a);
	assert_string_equal(a.hostname, "xen9");
	assert_string_equal(a.address, "192.0.2.5/24");
	assert_string_equal(a.gateway, "192.0.2.1");
	assert_string_equal(a.address6, "2001:db8::5/64");
	assert_string_equal(a.gateway6, "2001:db8::1");
	assert_string_equal(a.vlan, "42");
	assert_int_equal(a.nics.n, 0);
	assert_string_equal(a.ssh_keys.v[0], KEY);
	assert_memory_equal(a.password_hash, "$6$", 3);
	assert_string_equal(a.timezone, "Europe/Berlin");
	assert_string_equal(a.ntp, "192.0.2.9");
	assert_string_equal(a.disk_devices.v[0], "/dev/sda");
	assert_string_equal(a.keep, "nothing");
	answers_free(&a);
	dialog_free(&d);
}

PVN_TEST(what_is_kept_is_not_asked)
{
	struct dialog d = { 0 };
	struct answers a = { 0 };

	add_disk(&d);
	page_set(&d.keep, xstrdup("configuration"));
	assert_int_equal(answer(page_summary, &d, "sda\n"), 0);
	assert_shown("the guests, and the host's configuration");
	assert_shown("WRITTEN TO");
	read_back(&d, &a);
	assert_string_equal(a.keep, "configuration");
	assert_null(a.hostname);
	answers_free(&a);
	dialog_free(&d);
}

PVN_TEST(a_second_disk)
{
	struct dialog d = { 0 };
	struct answers a = { 0 };

	add_disk(&d);
	add_another(&d, "sdb")->sector_size = 4096;
	assert_int_equal(answer(page_disk_more, &d, ""), 0);
	assert_null(d.second);
	add_another(&d, "sdc");
	add_another(&d, "sdd")->read_only = true;
	assert_int_equal(answer(page_disk_more, &d, "b\n"), UI_BACK);
	assert_int_equal(answer(page_disk_more, &d, "3\n2\n"), 0);
	assert_shown("1  none: '/dev/sda' alone");
	assert_shown("2  /dev/sdc");
	assert_shown("'3' is none of these");
	assert_string_equal(d.second, "/dev/sdc");
	answer_all(&d);
	assert_int_equal(answer(page_summary, &d,
				"sda\nsdc sdc\nsda sdb\n/dev/sdc sda\n"),
			 0);
	assert_shown("ERASED       /dev/sda, 100G");
	assert_shown("ERASED       /dev/sdc, 100G");
	assert_shown("Type 'sda sdc' to erase these disks");
	assert_shown(
		"or b for back: Nothing was done yet: expected 'sda sdc'.\n"
		"Type 'sda sdc' to erase these disks and install, or b for back: "
		"Nothing was done yet: expected 'sda sdc'.\n"
		"Type 'sda sdc' to erase these disks and install, or b for back: "
		"Nothing was done yet");
	read_back(&d, &a);
	assert_int_equal(a.disk_devices.n, 2);
	assert_string_equal(a.disk_devices.v[1], "/dev/sdc");
	assert_string_equal(a.raid, "raid1");
	answers_free(&a);
	/* Enter alone takes what was chosen before; none is none again */
	assert_int_equal(answer(page_disk_more, &d, "\n"), 0);
	assert_string_equal(d.second, "/dev/sdc");
	assert_int_equal(answer(page_disk_more, &d, "1\n"), 0);
	assert_null(d.second);
	dialog_free(&d);
}

PVN_TEST(two_halves_go_together)
{
	struct dialog d = { 0 };

	add_disk(&d);
	add_another(&d, "sdb");
	add_another(&d, "sdc");
	disk_add_span(&d.facts.disks[0], "sdb", "md array 'a'");
	disk_add_span(&d.facts.disks[1], "sda", "md array 'a'");
	assert_int_equal(answer(page_disk_more, &d, "2\n\n"), 0);
	assert_shown("1  /dev/sdb");
	assert_shown("'2' is none of these: a number from 1 to 1");
	assert_string_equal(d.second, "/dev/sdb");
	/* what is on one of them alone can't be kept, what is on both can */
	strlist_add(&d.facts.disks[0].paravane, "pvn-md-state-11111111 1 1");
	assert_int_equal(answer(page_disk_more, &d, "\n"), 0);
	assert_null(d.keep);
	strlist_add(&d.facts.disks[1].paravane, "pvn-md-state-11111111 1 1");
	assert_int_equal(answer(page_disk_more, &d, "\nb\n\n2\n"), 0);
	assert_shown("There is a Paravane on '/dev/sda' and '/dev/sdb'.");
	assert_string_equal(d.keep, "guests");
	dialog_free(&d);
}

PVN_TEST(ways_back)
{
	struct dialog d = { 0 };

	assert_int_equal(answer(page_network, &d, "b\n"), UI_BACK);
	/* out of the addresses to the choice, to the VLAN, to the interface, and off the page */
	assert_int_equal(answer(page_network, &d,
				"1\n\n2\n192.0.2.5/24\nb\nb\nb\nb\n"),
			 UI_BACK);
	assert_int_equal(answer(page_keys, &d, "1\nb\nb\n"), UI_BACK);
	assert_int_equal(answer(page_hostname, &d, ""), UI_END);
	dialog_free(&d);
}
