/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_ids.c: what udev would call a disk below /dev/disk/by-id; dom0 has no udev. */
#include <ctype.h>
#include <string.h>

#include "facts.h"

/* As udev does: nothing at the ends, one '_' for a run of blanks and for each character that it
 * doesn't like. */
static char *udev_name(const char *text)
{
	char *name = xstrdup(text);
	char *to = name;

	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (isspace(c)) {
			if (to != name && to[-1] != ' ')
				*to++ = ' ';
		} else {
			*to++ = isalnum(c) || c >= 0x80 ||
						strchr("#+-.:=@_/", c)
					? (char)c
					: '_';
		}
	}
	if (to != name && to[-1] == ' ')
		to--;
	*to = '\0';
	for (char *p = name; *p; p++) {
		if (*p == ' ' || *p == '/')
			*p = '_';
	}
	return name;
}

/* The id of sysfs' "naa.5000c500a1b2c3d4" or "eui.0025...", NULL where @wwn is no such. */
static const char *wwn_digits(const char *wwn, const char *kind)
{
	size_t len = strlen(kind);
	const char *digits = wwn + len;

	if (strncmp(wwn, kind, len) || !*digits ||
	    digits[strspn(digits, "0123456789abcdefABCDEF")])
		return NULL;
	return digits;
}

static void add_scsi(const struct disk *d, struct strlist *ids)
{
	const char *naa = wwn_digits(d->wwn, "naa.");
	const char *eui = wwn_digits(d->wwn, "eui.");
	autofree char *text =
		xasprintf("%s %s %s", d->vendor, d->model, d->serial);
	autofree char *name = udev_name(text);

	if (naa)
		strlist_addf(ids, "scsi-3%s", naa);
	if (eui)
		strlist_addf(ids, "scsi-2%s", eui);
	if (*d->serial) {
		/* from page 0x80, and from one of page 0x83 that only the vendor knows */
		strlist_addf(ids, "scsi-S%s", name);
		strlist_addf(ids, "scsi-0%s", name);
	}
}

static void add_usb(const struct disk *d, struct strlist *ids)
{
	autofree char *text = xasprintf("%s %s", d->vendor, d->model);
	autofree char *name = udev_name(text);
	autofree char *serial = udev_name(d->serial);

	/* target and unit: a stick or a case with one disk has no others */
	strlist_addf(ids, "usb-%s%s%s-0:0", name, *serial ? "_" : "", serial);
}

void disk_ids(const struct disk *d, struct strlist *ids)
{
	autofree char *model = udev_name(d->model);
	autofree char *serial = udev_name(d->serial);
	const char *naa = wwn_digits(d->wwn, "naa.");

	if (!strcmp(d->bus, "scsi"))
		add_scsi(d, ids);
	else if (!strcmp(d->bus, "usb"))
		add_usb(d, ids);
	else if (!strcmp(d->bus, "virtio") && *serial)
		strlist_addf(ids, "virtio-%s", serial);
	else if (*d->bus && *model && *serial)
		strlist_addf(ids, "%s-%s_%s", d->bus, model, serial);
	if (!strcmp(d->bus, "nvme") && *d->wwn)
		strlist_addf(ids, "nvme-%s", d->wwn);
	if (naa)
		strlist_addf(ids, "wwn-0x%s", naa);
}
