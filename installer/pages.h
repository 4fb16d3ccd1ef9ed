/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages.h: the dialogue's pages. Each fills in its part of struct dialog, and returns 0, or why it doesn't go on:
 * UI_BACK, UI_END, UI_AGAIN. */
#ifndef PVN_PAGES_H
#define PVN_PAGES_H

#include "err.h"
#include "facts.h"
#include "mem.h"
#include "ui.h"

/* Those with a number, in their order. */
enum {
	PAGE_DISK = 1,
	PAGE_NETWORK,
	PAGE_HOSTNAME,
	PAGE_KEYS,
	PAGE_PASSWORD,
	PAGE_TIME,
	PAGE_SUMMARY,
	PAGES = PAGE_SUMMARY
};

/* What was answered so far; the texts are as in an answer file, NULL where nothing was said. */
struct dialog {
	const char *slot_dir;
	int lock;
	struct facts facts;
	struct strlist hardware; /* what 'host selftest' said */
	char *disk; /* "/dev/sda" */
	char *second; /* the other one of a RAID1; NULL: there is none */
	char *keep;
	struct strlist nics; /* their addresses; none is the first with a link */
	char *bond, *vlan;
	char *method, *address, *gateway, *dns;
	char *method6, *address6, *gateway6;
	char *hostname;
	struct strlist keys;
	char *password_hash;
	char *timezone, *ntp;
};

int page_welcome(struct dialog *d);
int page_disk(struct dialog *d);
int page_network(struct dialog *d);
int page_hostname(struct dialog *d);
int page_keys(struct dialog *d);
int page_password(struct dialog *d);
int page_time(struct dialog *d);
int page_summary(struct dialog *d);

/* pages_summary.c: what was answered, as the answer file @path. */
int pages_write(const struct dialog *d, const char *path, struct pvn_err *err);

/* pages.c: what they share */

/* Free all that was answered, and leave nothing. */
void dialog_free(struct dialog *d);

/* Free what was in *field, and put @value there, which is the field's now. */
void page_set(char **field, char *value);

/* An answer file's key that is asked for. */
struct question {
	const char *section, *name;
	const char *what;
	bool optional;
	char **field; /* where it goes; what is there is the preset */
};

/* Ask until all of what is typed is right for the answer file, or until @check says so, whose 'arg' are the
 * questions; page_check() is what page_ask() has. */
int page_ask(const struct question *questions, size_t n);
int page_ask_checked(const struct question *questions, size_t n,
		     ui_check check);
char *page_check(void *arg, size_t i, char *text);

/* Look at the machine anew; a person hears of what fails, and it is tried again. Returns 0 or UI_END. */
int page_read_facts(struct dialog *d);

/* The same of a disk as in the list of disks, but in full; caller frees. */
char *page_disk_text(const struct disk *disk);

/* What page_disk() asks about the disk that was chosen: a second one, and what is kept. */
int page_disk_more(struct dialog *d);

/* The disk "/dev/sda"; NULL: it is there no more, or @path is NULL. */
const struct disk *page_find_disk(const struct dialog *d, const char *path);

#endif
