/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts_sys.c: reads the facts from sysfs and proc. Opens no device. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "block.h"
#include "facts.h"
#include "file.h"
#include "kv.h"

/* Where we read, and what is mounted or swapped on. */
struct reading {
	const char *root;
	const char *slot_dir;
	char *mounts; /* /proc/self/mountinfo */
	char *swaps; /* /proc/swaps */
};

static char *trim(char *s)
{
	size_t len = strlen(s);

	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s + strspn(s, " \t");
}

/* The trimmed first line of <root>/sys/block/@disk/@file, "" without one. */
static char *attr(const struct reading *r, const char *dev, const char *file)
{
	autofree char *path =
		xasprintf("%s/sys/class/block/%s/%s", r->root, dev, file);
	autofree char *line = file_read_line(path);

	return xstrdup(line ? trim(line) : "");
}

static uint64_t attr_number(const struct reading *r, const char *dev,
			    const char *file)
{
	autofree char *text = attr(r, dev, file);

	return strtoull(text, NULL, 10);
}

/* The first of @files that has something in it. */
static char *attr_first(const struct reading *r, const char *dev,
			const char *const *files)
{
	for (; *files; files++) {
		char *text = attr(r, dev, *files);

		if (*text)
			return text;
		free(text);
	}
	return xstrdup("");
}

/* One of SCSI's pages of vital product data: how many bytes there are of it. */
static size_t vpd_page(const struct reading *r, const char *dev,
		       const char *page, unsigned char *buf, size_t size)
{
	autofree char *path = xasprintf("%s/sys/class/block/%s/device/vpd_%s",
					r->root, dev, page);
	autofclose FILE *f = fopen(path, "re");

	return f ? fread(buf, 1, size, f) : 0;
}

static char *printable(char *text)
{
	for (size_t i = 0; text[i]; i++) {
		if (!isprint((unsigned char)text[i]))
			text[i] = ' ';
	}
	return xstrdup(trim(text));
}

/* The unit serial number: a head of four bytes, then text. */
static char *vpd_serial(const struct reading *r, const char *dev)
{
	unsigned char page[256] = { 0 };
	size_t len = vpd_page(r, dev, "pg80", page, sizeof(page) - 1);
	size_t want = (size_t)page[2] << 8 | page[3];

	if (len < 4)
		return xstrdup("");
	if (want < len - 4)
		page[4 + want] = '\0';
	return printable((char *)page + 4);
}

/* SCSI's names have room for 16 characters; what an ATA disk says of itself is in a page of its
 * own, 40 of them with each two bytes swapped. */
static char *ata_model(const struct reading *r, const char *dev)
{
	enum { IDENTIFY = 60, MODEL = IDENTIFY + 2 * 27, LENGTH = 40 };
	unsigned char page[IDENTIFY + 512] = { 0 };
	char text[LENGTH + 1] = { 0 };

	if (vpd_page(r, dev, "pg89", page, sizeof(page)) < sizeof(page))
		return xstrdup("");
	for (size_t i = 0; i < LENGTH; i++)
		text[i] = (char)page[MODEL + (i ^ 1)];
	return printable(text);
}

static const char *bus_of(const struct reading *r, const char *dev)
{
	static const struct {
		const char *part;
		const char *bus;
	} buses[] = {
		{ "/usb", "usb" },   { "/nvme", "nvme" },
		{ "/mmc", "mmc" },   { "/ata", "ata" },
		{ "/host", "scsi" }, { "/virtio", "virtio" },
		{ "/vbd-", "xen" },
	};
	autofree char *link = xasprintf("%s/sys/class/block/%s", r->root, dev);
	char real[PATH_MAX];
	const char *below;

	if (!realpath(link, real))
		return "";
	/* what tests put before /sys must not count */
	below = strstr(real, "/sys/");
	for (size_t i = 0; below && i < sizeof(buses) / sizeof(*buses); i++) {
		if (strstr(below, buses[i].part))
			return buses[i].bus;
	}
	return "";
}

/* The serial number of the USB device that the disk is, or that it is behind. */
static char *usb_serial(const struct reading *r, const char *dev)
{
	autofree char *link = xasprintf("%s/sys/class/block/%s", r->root, dev);
	char dir[PATH_MAX];
	char *slash;

	if (!realpath(link, dir))
		return xstrdup("");
	while ((slash = strrchr(dir, '/')) && slash != dir) {
		autofree char *vendor = xasprintf("%s/idVendor", dir);
		autofree char *serial = xasprintf("%s/serial", dir);

		if (file_exists(vendor)) {
			autofree char *line = file_read_line(serial);

			return xstrdup(line ? trim(line) : "");
		}
		*slash = '\0';
	}
	return xstrdup("");
}

static bool is_dir_name(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Names in <root>/sys/class/block/@dev/@dir which start with @prefix. */
static void list_names(const struct reading *r, const char *dev,
		       const char *dir, const char *prefix,
		       struct strlist *names)
{
	autofree char *path = xasprintf("%s/sys/class/block/%s%s%s", r->root,
					dev, *dir ? "/" : "", dir);
	struct dirent **e;
	int n = scandir(path, &e, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (is_dir_name(e[i]) &&
		    !strncmp(e[i]->d_name, prefix, strlen(prefix)))
			strlist_add(names, e[i]->d_name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

/* Where @devno ("8:1") is mounted, last mount first in no order that matters;
 * caller frees. NULL: nowhere. Prefers @want where it is among them. */
static char *mounted_on(const struct reading *r, const char *devno,
			const char *want)
{
	char *found = NULL;

	if (!*devno)
		return NULL;
	for (const char *line = r->mounts; *line;) {
		size_t len = strcspn(line, "\n");
		autofree char *copy = xasprintf("%.*s", (int)len, line);
		char no[32];
		char dir[1024];

		line += len + (line[len] == '\n');
		if (sscanf(copy, "%*d %*d %31s %*s %1023s", no, dir) != 2 ||
		    strcmp(no, devno))
			continue;
		if (!found || !strcmp(dir, want)) {
			free(found);
			found = xstrdup(dir);
		}
	}
	return found;
}

static bool is_swap(const struct reading *r, const char *dev)
{
	for (const char *line = r->swaps; *line;) {
		size_t len = strcspn(line, "\n");
		autofree char *path =
			xasprintf("%.*s", (int)strcspn(line, " \t\n"), line);
		const char *slash = strrchr(path, '/');

		if (slash && !strcmp(slash + 1, dev))
			return true;
		line += len + (line[len] == '\n');
	}
	return false;
}

/* The disk that the block device @dev is or is a partition of; caller frees. */
static char *whole_disk(const struct reading *r, const char *dev)
{
	autofree char *link = xasprintf("%s/sys/class/block/%s", r->root, dev);
	autofree char *number = xasprintf("%s/partition", link);
	char real[PATH_MAX];
	char *slash;

	if (!file_exists(number) || !realpath(link, real))
		return xstrdup(dev);
	*strrchr(real, '/') = '\0';
	slash = strrchr(real, '/');
	return xstrdup(slash ? slash + 1 : dev);
}

/* What @holder, an array or a volume on @d, is built on beside @d. */
static void look_for_spans(const struct reading *r, const char *holder,
			   struct disk *d)
{
	auto_strlist struct strlist slaves = { 0 };
	autofree char *name = attr(r, holder, "dm/name");
	autofree char *what =
		xasprintf("'%s', which runs", *name ? name : holder);

	list_names(r, holder, "slaves", "", &slaves);
	for (size_t i = 0; i < slaves.n; i++) {
		autofree char *disk = whole_disk(r, slaves.v[i]);

		/* volumes on volumes are looked at by themselves */
		if (strcmp(disk, d->name) && strncmp(disk, "dm-", 3) &&
		    strncmp(disk, "md", 2))
			disk_add_span(d, disk, what);
	}
}

/* Look at block device @dev and, through its partitions and its holders, at all that is on it. */
static void look_for_use(const struct reading *r, const char *dev,
			 struct disk *d)
{
	auto_strlist struct strlist parts = { 0 };
	auto_strlist struct strlist holders = { 0 };
	autofree char *devno = attr(r, dev, "dev");
	autofree char *dir = mounted_on(r, devno, r->slot_dir);

	if (dir && !strcmp(dir, r->slot_dir))
		d->is_boot_medium = true;
	if (dir && !d->in_use)
		d->in_use = xasprintf("'%s' is mounted on '%s'", dev, dir);
	if (!d->in_use && is_swap(r, dev))
		d->in_use = xasprintf("'%s' is swapped on", dev);
	/* an array may have partitions, too */
	list_names(r, dev, "", dev, &parts);
	for (size_t i = 0; i < parts.n; i++)
		look_for_use(r, parts.v[i], d);
	list_names(r, dev, "holders", "", &holders);
	for (size_t i = 0; i < holders.n; i++) {
		if (strlist_has(&d->holders, holders.v[i]))
			continue;
		strlist_add(&d->holders, holders.v[i]);
		look_for_spans(r, holders.v[i], d);
		look_for_use(r, holders.v[i], d);
	}
}

/* "pvn-esp-0a1b2c3d 2097152 67108864" of a partition with such a name. */
static void take_named(const struct reading *r, const char *part,
		       struct strlist *named)
{
	autofree char *path =
		xasprintf("%s/sys/class/block/%s/uevent", r->root, part);
	auto_kv struct kv_list uevent = { 0 };
	struct pvn_err ignored;
	const char *name;

	if (kv_read(&uevent, path, &ignored))
		return;
	name = kv_get(&uevent, "PARTNAME");
	if (name && !strncmp(name, "pvn-", 4) && !strpbrk(name, " \t"))
		strlist_addf(named, "%s %" PRIu64 " %" PRIu64, name,
			     attr_number(r, part, "start") * 512,
			     attr_number(r, part, "size") * 512);
}

static void replace(char **field, char *value)
{
	free(*field);
	*field = value;
}

/* Who made it and which one it is. */
static void read_identity(const struct reading *r, const char *name,
			  struct disk *d)
{
	static const char *const models[] = { "device/model", "device/name",
					      NULL };
	static const char *const serials[] = { "serial", "device/serial",
					       NULL };
	static const char *const wwns[] = { "wwid", "device/wwid", NULL };
	bool usb;

	replace(&d->bus, xstrdup(bus_of(r, name)));
	usb = !strcmp(d->bus, "usb");
	if (usb || !strcmp(d->bus, "scsi"))
		replace(&d->vendor, attr(r, name, "device/vendor"));
	if (!strcmp(d->bus, "ata"))
		replace(&d->model, ata_model(r, name));
	if (!*d->model)
		replace(&d->model, attr_first(r, name, models));
	if (usb)
		replace(&d->serial, usb_serial(r, name));
	if (!*d->serial)
		replace(&d->serial, attr_first(r, name, serials));
	if (!*d->serial)
		replace(&d->serial, vpd_serial(r, name));
	replace(&d->wwn, attr_first(r, name, wwns));
}

static void read_disk(const struct reading *r, const char *name,
		      struct facts *facts)
{
	struct disk *d = facts_add(facts, name);

	read_identity(r, name, d);
	/* sysfs counts in 512 bytes, whatever the disk's sectors */
	d->size = attr_number(r, name, "size") * 512;
	d->sector_size =
		(unsigned int)attr_number(r, name, "queue/logical_block_size");
	d->read_only = attr_number(r, name, "ro") != 0;
	d->removable = attr_number(r, name, "removable") != 0;
	d->optical = !strncmp(name, "sr", 2);
	list_names(r, name, "", name, &d->parts);
	look_for_use(r, name, d);
	for (size_t i = 0; i < d->parts.n; i++)
		take_named(r, d->parts.v[i], &d->paravane);
}

static char *proc_file(const char *root, const char *name)
{
	autofree char *path = xasprintf("%s/proc/%s", root, name);
	struct pvn_err err;
	char *text;

	return file_read(path, &text, &err) ? xstrdup("") : text;
}

int facts_read(struct facts *facts, const char *root, const char *slot_dir,
	       struct pvn_err *err)
{
	autofree char *mounts = proc_file(root, "self/mountinfo");
	autofree char *swaps = proc_file(root, "swaps");
	autofree char *path = xasprintf("%s/sys/block", root);
	autofree char *efi = xasprintf("%s/sys/firmware/efi", root);
	struct reading r = {
		.root = root,
		.slot_dir = slot_dir,
		.mounts = mounts,
		.swaps = swaps,
	};
	struct dirent **e;
	int n = scandir(path, &e, NULL, alphasort);

	if (n < 0)
		return pvn_err_errno(err, errno, "cannot list '%s'", path);
	for (int i = 0; i < n; i++) {
		if (block_is_disk(e[i]->d_name))
			read_disk(&r, e[i]->d_name, facts);
		free(e[i]);
	}
	free(e);
	facts->uefi = file_exists(efi);
	facts_sort(facts);
	return 0;
}
