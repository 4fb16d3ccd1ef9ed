/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm.c: ask device-mapper, without another program. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include "../lib/mem.h"
#include "dm.h"

#define CONTROL "/dev/mapper/control"
#define ANSWER_BYTES 4096

static char *doubled(const char *s)
{
	char *text = xcalloc(2, strlen(s) + 1);
	char *to = text;

	for (; *s; s++) {
		if (*s == '-')
			*to++ = '-';
		*to++ = *s;
	}
	return text;
}

char *dm_name(const char *vg, const char *volume, const char *suffix)
{
	autofree char *a = doubled(vg);
	autofree char *b = doubled(volume);

	return xasprintf("%s-%s%s", a, b, suffix);
}

int dm_target(const char *name, bool status, char **params_r,
	      struct pvn_err *err)
{
	autoclose int fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	autofree struct dm_ioctl *io = xcalloc(1, ANSWER_BYTES);
	const struct dm_target_spec *target;
	unsigned int major, minor;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", CONTROL);
	io->version[0] = DM_VERSION_MAJOR;
	io->data_size = ANSWER_BYTES;
	io->data_start = sizeof(*io);
	/* not to be flushed for it, which would wait for a full pool */
	io->flags = DM_NOFLUSH_FLAG | (status ? 0 : DM_STATUS_TABLE_FLAG);
	if (sscanf(name, "%u:%u", &major, &minor) == 2)
		io->dev = makedev(major, minor);
	else
		snprintf(io->name, sizeof(io->name), "%s", name);
	if (ioctl(fd, DM_TABLE_STATUS, io))
		return pvn_err_errno(err, errno,
				     "cannot ask device-mapper for '%s'", name);
	if (io->flags & DM_BUFFER_FULL_FLAG || io->target_count != 1)
		return pvn_err(err, -EBADMSG,
			       "mapping '%s' is not what LVM makes", name);
	target = (const void *)((const char *)io + io->data_start);
	*params_r = xstrdup((const char *)(target + 1));
	return 0;
}

bool dm_is_open(const char *name)
{
	autoclose int fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	struct dm_ioctl io = {
		.version = { DM_VERSION_MAJOR },
		.data_size = sizeof(io),
		.data_start = sizeof(io),
	};

	snprintf(io.name, sizeof(io.name), "%s", name);
	return fd >= 0 && !ioctl(fd, DM_DEV_STATUS, &io) && io.open_count > 0;
}
