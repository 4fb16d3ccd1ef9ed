/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_raw.c: read a disk, and write it as it is. */
#include <errno.h>
#include <fcntl.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "export.h"
#include "image_out.h"
#include "progress.h"

#define PIECE (256 * 1024)

int export_disk_open(const struct export_disk *disk, int *fd_r,
		     struct pvn_err *err)
{
	int fd = open(disk->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'",
				     disk->path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*fd_r = fd;
	return 0;
}

int export_read(struct export_disk *disk, int fd, void *buf, size_t len,
		uint64_t at, struct pvn_err *err)
{
	int rc = read_at(fd, buf, len, (off_t)at, disk->path, err);

	disk->read += len;
	if (!rc)
		progress_bytes(disk->read);
	return rc;
}

int export_raw(struct export_disk *disk, struct export_out *out,
	       struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, PIECE);
	autoclose int fd = -1;
	int rc = export_disk_open(disk, &fd, err);

	for (uint64_t at = 0; !rc && at < disk->bytes;) {
		uint64_t left = disk->bytes - at;
		size_t len = left < PIECE ? (size_t)left : PIECE;

		rc = export_read(disk, fd, buf, len, at, err);
		if (rc)
			break;
		rc = image_is_zero(buf, len) ? export_zero(out, len, err)
					     : export_write(out, buf, len, err);
		at += len;
	}
	return rc;
}
