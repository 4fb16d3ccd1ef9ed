/* SPDX-License-Identifier: GPL-2.0-or-later */
/* release.c: lets go of the volume groups and arrays left over on a disk. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "install.h"
#include "run.h"

/* Is @path ("/dev/sda2") the disk, a partition of it or built on one? */
static bool is_on_disk(const struct disk *disk, const char *path)
{
	const char *name = strrchr(path, '/');

	if (!name)
		return false;
	name++;
	if (!strcmp(name, disk->name))
		return true;
	for (size_t i = 0; i < disk->parts.n; i++) {
		if (!strcmp(name, disk->parts.v[i]))
			return true;
	}
	for (size_t i = 0; i < disk->holders.n; i++) {
		if (!strcmp(name, disk->holders.v[i]))
			return true;
	}
	return false;
}

/* By UUID: two groups may have the same name, and the other is none of ours. */
static int stop_groups(const struct disk *disk, struct pvn_err *err)
{
	autofree char *out = NULL;
	char *save;
	int rc = pvn_run_output(PVN_ARGV("lvm", "pvs", "--noheadings",
					 "--separator", "|", "-o",
					 "pv_name,vg_uuid"),
				&out, err);

	if (rc)
		return rc;
	for (char *line = strtok_r(out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *pv = line + strspn(line, " \t");
		char *uuid = strchr(pv, '|');
		autofree char *select = NULL;

		if (!uuid)
			continue;
		*uuid++ = '\0';
		uuid[strcspn(uuid, " \t")] = '\0';
		if (!*uuid || !is_on_disk(disk, pv))
			continue;
		select = xasprintf("vg_uuid=%s", uuid);
		rc = PVN_RUN(err, "lvm", "vgchange", "-an", "--select", select);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_free(const char *dev, struct pvn_err *err)
{
	autofree char *path = xasprintf("/sys/class/block/%s/holders", dev);
	DIR *dir = opendir(path);
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return 0;
	while (!rc && (e = readdir(dir))) {
		if (e->d_name[0] != '.')
			rc = pvn_err(err, -EBUSY, "'%s' is still used by '%s'",
				     dev, e->d_name);
	}
	closedir(dir);
	return rc;
}

int release_disk(const struct disk *disk, struct pvn_err *err)
{
	bool has_volumes = false;
	int rc;

	for (size_t i = 0; i < disk->holders.n; i++) {
		if (!strncmp(disk->holders.v[i], "dm-", 3))
			has_volumes = true;
	}
	rc = has_volumes ? stop_groups(disk, err) : 0;
	/* what lies on top was found last */
	for (size_t i = disk->holders.n; !rc && i-- > 0;) {
		autofree char *path = xasprintf("/dev/%s", disk->holders.v[i]);

		/* the same array may be on two of its partitions */
		if (!strncmp(disk->holders.v[i], "md", 2) &&
		    !access(path, F_OK))
			rc = PVN_RUN(err, "mdadm", "--stop", path);
	}
	if (!rc)
		rc = check_free(disk->name, err);
	for (size_t i = 0; !rc && i < disk->parts.n; i++)
		rc = check_free(disk->parts.v[i], err);
	return rc;
}
