/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slot.c: copies the booted ISO, byte for byte, from the device it is mounted from. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "file.h"
#include "install.h"
#include "iso.h"
#include "run.h"

#define STEP_SIZE WRITE_BEHIND_PART
#define SOURCE "the boot medium" /* in messages */

/* The device number ("8:1") of what is mounted on @dir. Caller frees; NULL
 * when nothing is. */
static char *mounted_from(const char *mountinfo, const char *dir)
{
	char *found = NULL;

	for (const char *line = mountinfo; *line;) {
		size_t len = strcspn(line, "\n");
		autofree char *copy = xasprintf("%.*s", (int)len, line);
		char no[32];
		char on[1024];

		line += len + (line[len] == '\n');
		if (sscanf(copy, "%*d %*d %31s %*s %1023s", no, on) != 2 ||
		    strcmp(on, dir))
			continue;
		/* the last one hides those before it */
		free(found);
		found = xstrdup(no);
	}
	return found;
}

static char *device_of(const char *devno)
{
	static const char key[] = "\nDEVNAME=";
	autofree char *path = xasprintf("/sys/dev/block/%s/uevent", devno);
	autofree char *text = NULL;
	struct pvn_err err;
	char *name;

	if (file_read(path, &text, &err))
		return NULL;
	name = strstr(text, key);
	if (!name)
		return NULL;
	name += sizeof(key) - 1;
	name[strcspn(name, "\n")] = '\0';
	return xasprintf("/dev/%s", name);
}

int slot_iso_size(int fd, const char *name, uint64_t *size_r,
		  struct pvn_err *err)
{
	uint8_t descriptor[ISO_BLOCK];
	struct iso_volume volume;
	int rc = read_at(fd, descriptor, sizeof(descriptor), ISO_DESCRIPTOR_AT,
			 name, err);

	if (rc)
		return rc;
	if (!iso_parse(descriptor, &volume))
		return pvn_err(err, -EINVAL, "no ISO9660 on '%s'", name);
	*size_r = volume.bytes;
	return 0;
}

int slot_open_source(struct install *in, struct pvn_err *err)
{
	autofree char *mounts = NULL;
	autofree char *devno = NULL;
	autofree char *dev = NULL;
	char size[16];
	int rc = in->iso ? 0 : file_read("/proc/self/mountinfo", &mounts, err);

	if (rc)
		return rc;
	devno = in->iso ? NULL : mounted_from(mounts, in->slot_dir);
	dev = in->iso ? xstrdup(in->iso) : devno ? device_of(devno) : NULL;
	if (!dev)
		return pvn_err(err, -ENODEV, "no device is mounted on '%s'",
			       in->slot_dir);
	in->source_fd = open(dev, O_RDONLY | O_CLOEXEC);
	if (in->source_fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", dev);
	rc = slot_iso_size(in->source_fd, dev, &in->iso_size, err);
	if (rc)
		return rc;
	pvn_log("source: %s, %" PRIu64 " bytes", dev, in->iso_size);
	if (in->iso_size > in->layout.part[PART_SLOT_A].size)
		return pvn_err(
			err, PVN_REFUSED,
			"the system on '%s' (%s) is too large for a slot", dev,
			size_print(in->iso_size, size));
	return 0;
}

static size_t step_size(uint64_t left)
{
	return left < STEP_SIZE ? (size_t)left : STEP_SIZE;
}

int slot_copy(int from, int to, uint64_t start, uint64_t end, const char *name,
	      struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, STEP_SIZE);

	for (uint64_t at = start; at < end;) {
		size_t n = step_size(end - at);
		int rc = read_at(from, buf, n, (off_t)at, SOURCE, err);

		if (!rc)
			rc = write_behind_at(to, buf, n, (off_t)at, name, err);
		if (rc)
			return rc;
		at += n;
	}
	return 0;
}

int slot_compare(int from, int to, uint64_t start, uint64_t end,
		 const char *name, struct pvn_err *err)
{
	autofree char *want = xcalloc(1, STEP_SIZE);
	autofree char *have = xcalloc(1, STEP_SIZE);

	for (uint64_t at = start; at < end;) {
		size_t n = step_size(end - at);
		int rc = read_at(from, want, n, (off_t)at, SOURCE, err);

		if (!rc)
			rc = read_at(to, have, n, (off_t)at, name, err);
		if (!rc && memcmp(want, have, n))
			rc = pvn_err(err, -EIO,
				     "'%s' does not hold what was written "
				     "(between byte %" PRIu64 " and %" PRIu64
				     ")",
				     name, at, at + n);
		if (rc)
			return rc;
		at += n;
	}
	return 0;
}
