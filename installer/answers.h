/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answers.h: what the operator wants, read from an answer file. */
#ifndef PVN_ANSWERS_H
#define PVN_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "backup.h"
#include "mem.h"

/* Everything checked; NULL where nothing was said and there is no default. */
struct answers {
	char *hostname;
	char *timezone; /* "Europe/Berlin"; zone_rule() knows it. NULL: as it was, with keep = configuration */
	char *ntp; /* servers, one blank between them, or "none" */
	char *method; /* "dhcp" or "static" */
	char *address; /* "192.0.2.5/24" */
	char *gateway;
	char *method6; /* "off", "auto" or "static" */
	char *address6;
	char *gateway6;
	char *dns; /* addresses, one blank between them */
	struct strlist nics; /* names or MACs; several only with a bond */
	char *bond; /* "active-backup" or "lacp" */
	char *vlan; /* "1" to "4094" */
	struct strlist ssh_keys;
	/* the filters for the disk: fnmatch() patterns, and bytes (0: none) */
	struct strlist disk_devices; /* any of them */
	char *disk_serial;
	char *disk_model;
	char *disk_wwn;
	char *disk_bus;
	uint64_t disk_size_min;
	uint64_t disk_size_max;
	char *raid; /* "none" or "raid1" */
	char *xen_args;
	char *kernel_args;
	char *password_hash; /* crypt(3)'s */
	struct backup restore; /* all of it, or nothing */
	char *keep; /* "nothing", "guests" or "configuration" */
	char *nvram; /* "yes" or "no" */
	char *script; /* a URL, as webhook */
	char *webhook;
	char *finish; /* "reboot", "poweroff" or "halt" */
	bool says_network; /* something in [network] was given */
};

/* Parse an answer file's @text; @name is what messages call it. All that is
 * wrong is appended to @errors, one "NAME:LINE: message" each. Zero-initialise
 * *a; answers_free() it whatever is returned.
 * Returns 0, or -EINVAL when there were errors. */
int answers_parse(struct answers *a, const char *text, const char *name,
		  struct strlist *errors);

void answers_free(struct answers *a);

/* Is @value right for a key that there is? It may be tidied up. Returns NULL, or what was
 * expected (static). */
const char *answers_check(const char *section, const char *name, char *value);

/* Print the table of keys, as the commented example of an answer file. */
void answers_print_keys(FILE *f);

/* The same as a manual page, paravane-answers(5). */
void answers_print_man(FILE *f);

#endif
