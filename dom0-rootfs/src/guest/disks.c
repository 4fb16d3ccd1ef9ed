/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks.c: the disks that this installation is on, as sysfs knows them. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/kv.h"
#include "disks.h"
#include "host.h"

#define BLOCK "/sys/class/block"
static const char *const mirrors[] = { "state", "guests" };
#define N_MIRRORS (sizeof(mirrors) / sizeof(*mirrors))

static char *attribute(const char *dev, const char *file)
{
	autofree char *path = xasprintf(BLOCK "/%s/%s", dev, file);
	char *line = file_read_line(path);
	size_t len = line ? strlen(line) : 0;

	while (len && line[len - 1] == ' ')
		line[--len] = '\0';
	return line ? line : xstrdup("");
}

/* The disk that the partition @dev is on. Caller frees; NULL: it is gone. */
static char *disk_of(const char *dev)
{
	autofree char *path = xasprintf(BLOCK "/%s", dev);
	autofree char *real = realpath(path, NULL);

	if (!real)
		return NULL;
	*strrchr(real, '/') = '\0';
	return xstrdup(strrchr(real, '/') + 1);
}

/* The kernel's names of the partitions that are called @wanted; with @disk only of those on it. */
static void find_parts(const char *wanted, const char *disk,
		       struct strlist *found)
{
	autofree char *line = xasprintf("\nPARTNAME=%s\n", wanted);
	struct dirent **e;
	int n = scandir(BLOCK, &e, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		autofree char *path =
			xasprintf(BLOCK "/%s/uevent", e[i]->d_name);
		autofree char *text = NULL;
		autofree char *on = NULL;
		struct pvn_err ignored;

		if (e[i]->d_name[0] != '.' &&
		    !file_read(path, &text, &ignored) && strstr(text, line))
			on = disk_of(e[i]->d_name);
		if (on && (!disk || !strcmp(on, disk)))
			strlist_add(found, e[i]->d_name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

/* "md127" of the mirror for @role; NULL: it does not run. Caller frees. */
static char *array_of(const char *role, const char *id)
{
	autofree char *path = xasprintf("/dev/md/pvn-%s-%s", role, id);
	autofree char *real = realpath(path, NULL);

	return real ? xstrdup(strrchr(real, '/') + 1) : NULL;
}

/* Does the array have all the disks that it wants? */
static bool is_full(const char *array)
{
	autofree char *missing = attribute(array, "md/degraded");

	return !strcmp(missing, "0");
}

/* Of the half of the mirror @role that is on @disk. */
static enum disk_state half_state(const char *disk, const char *role,
				  const char *id)
{
	autofree char *name = xasprintf("pvn-md-%s-%s", role, id);
	autofree char *array = array_of(role, id);
	auto_strlist struct strlist parts = { 0 };
	autofree char *file = NULL;
	autofree char *state = NULL;

	if (!array)
		return DISK_WELL;
	find_parts(name, disk, &parts);
	if (!parts.n)
		return DISK_OUT;
	file = xasprintf("md/dev-%s/state", parts.v[0]);
	state = attribute(array, file);
	/* md lets go of a disk in the same way when another one has all of it */
	if (!*state || strstr(state, "faulty"))
		return is_full(array) ? DISK_REPLACED
		       : *state	      ? DISK_FAILED
				      : DISK_OUT;
	return strstr(state, "in_sync") ? DISK_WELL : DISK_REBUILDING;
}

static enum disk_state state_of(const char *disk, const char *id)
{
	enum disk_state worst = DISK_WELL;

	for (size_t i = 0; i < N_MIRRORS; i++) {
		enum disk_state state = half_state(disk, mirrors[i], id);

		worst = state > worst ? state : worst;
	}
	return worst;
}

static bool is_mirrored(const char *id)
{
	autofree char *name = xasprintf("pvn-md-state-%s", id);
	auto_strlist struct strlist parts = { 0 };

	find_parts(name, NULL, &parts);
	return parts.n != 0;
}

static void add_disk(struct host_disks *disks, const char *name, const char *id)
{
	autofree char *size = attribute(name, "size");
	struct host_disk *d;

	disks->v = xrealloc(disks->v, (disks->n + 1) * sizeof(*disks->v));
	d = &disks->v[disks->n++];
	*d = (struct host_disk){
		.name = xstrdup(name),
		.model = attribute(name, "device/model"),
		.serial = attribute(name, "serial"),
		.size = strtoull(size, NULL, 10) * 512,
		.state = disks->mirrored ? state_of(name, id) : DISK_WELL,
	};
	if (!*d->serial) {
		free(d->serial);
		d->serial = attribute(name, "device/serial");
	}
}

/* Sectors that are the same on both disks by now, of all: an array that is not at work has all or waits. */
static void measure(struct host_disks *disks, const char *id)
{
	unsigned long long done = 0, all = 0;

	for (size_t i = 0; i < N_MIRRORS; i++) {
		autofree char *array = array_of(mirrors[i], id);
		autofree char *at = NULL;
		autofree char *size = NULL;
		unsigned long long have, whole;

		if (!array)
			continue;
		at = attribute(array, "md/sync_completed");
		size = attribute(array, "size");
		whole = strtoull(size, NULL, 10);
		if (sscanf(at, "%llu / %*u", &have) != 1)
			have = is_full(array) ? whole : 0;
		done += have < whole ? have : whole;
		all += whole;
	}
	disks->rebuilt_percent = all ? 100.0 * (double)done / (double)all : 0;
}

int disks_read(struct host_disks *disks, struct pvn_err *err)
{
	autofree char *id = host_boot_fact("install");
	autofree char *name = xasprintf("pvn-esp-%s", id ? id : "");
	auto_strlist struct strlist parts = { 0 };

	if (id)
		find_parts(name, NULL, &parts);
	if (!parts.n)
		return pvn_err(err, -ENOENT, "there is no partition '%s'",
			       name);
	disks->mirrored = is_mirrored(id);
	for (size_t i = 0; i < parts.n; i++) {
		autofree char *disk = disk_of(parts.v[i]);

		if (disk)
			add_disk(disks, disk, id);
	}
	if (disks->mirrored)
		measure(disks, id);
	return 0;
}

void disks_free(struct host_disks *disks)
{
	for (size_t i = 0; i < disks->n; i++) {
		free(disks->v[i].name);
		free(disks->v[i].model);
		free(disks->v[i].serial);
	}
	free(disks->v);
	*disks = (struct host_disks){ 0 };
}

const char *disk_state_name(enum disk_state state)
{
	static const char *const names[] = {
		[DISK_WELL] = "well",	    [DISK_REBUILDING] = "rebuilding",
		[DISK_OUT] = "out of date", [DISK_REPLACED] = "replaced",
		[DISK_FAILED] = "failed",
	};

	return names[state];
}

static const struct host_disk *in_state(const struct host_disks *disks,
					enum disk_state state)
{
	for (size_t i = 0; i < disks->n; i++) {
		if (disks->v[i].state == state)
			return &disks->v[i];
	}
	return NULL;
}

char *disks_problem(const struct host_disks *disks)
{
	const struct host_disk *d;

	if (!disks->mirrored)
		return NULL;
	if ((d = in_state(disks, DISK_REBUILDING)))
		return xasprintf("'/dev/%s' is being rebuilt, %.1f%%", d->name,
				 disks->rebuilt_percent);
	if ((d = in_state(disks, DISK_FAILED)) ||
	    (d = in_state(disks, DISK_OUT)))
		return xasprintf("'/dev/%s' %s%s: 'host disk replace' takes it "
				 "back or another one",
				 d->name, d->state == DISK_OUT ? "is " : "has ",
				 disk_state_name(d->state));
	if ((d = in_state(disks, DISK_REPLACED)))
		return xasprintf("'/dev/%s' was replaced, but a machine may "
				 "start from it: 'host disk replace %s NEW', "
				 "with the one that has its place, ends that",
				 d->name, d->name);
	if (disks->n >= DISKS_WANTED)
		return NULL;
	d = in_state(disks, DISK_WELL);
	return xasprintf("only '/dev/%s' is there, the other disk is missing: "
			 "'host disk replace' takes a new one",
			 d ? d->name : "?");
}

int disks_partitions(const char *role, struct strlist *devices,
		     struct pvn_err *err)
{
	autofree char *id = host_boot_fact("install");
	autofree char *name = xasprintf("pvn-%s-%s", role, id ? id : "");
	auto_strlist struct strlist parts = { 0 };
	bool mirrored = id && is_mirrored(id);

	if (id)
		find_parts(name, NULL, &parts);
	for (size_t i = 0; i < parts.n; i++) {
		autofree char *disk = disk_of(parts.v[i]);

		if (disk && (!mirrored || state_of(disk, id) < DISK_OUT))
			strlist_addf(devices, "/dev/%s", parts.v[i]);
	}
	if (!devices->n)
		return pvn_err(err, -ENOENT, "there is no partition '%s'",
			       name);
	return 0;
}
