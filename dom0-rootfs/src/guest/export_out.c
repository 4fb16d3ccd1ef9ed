/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_out.c: where an image goes to: a file or a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "export_out.h"
#include "progress.h"
#include "signals.h"

#define PIECE (64 * 1024)

int export_open(struct export_out *out, const char *path, struct pvn_err *err)
{
	*out = (struct export_out){ .name = path, .path = path, .fd = -1 };
	if (!strcmp(path, "-")) {
		out->name = "standard output";
		if (isatty(STDOUT_FILENO))
			return pvn_err(
				err, -EINVAL,
				"standard output is a terminal: send it to a file or a pipe");
		out->fd = dup(STDOUT_FILENO);
		if (out->fd < 0)
			return pvn_err_errno(err, errno, "no standard output");
		return 0;
	}
	if (file_exists(path))
		return pvn_err(err, -EEXIST, "'%s' exists already", path);
	out->temp = xasprintf("%s.part", path);
	out->fd =
		open(out->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out->fd < 0)
		return pvn_err_errno(err, errno, "cannot write '%s'",
				     out->temp);
	out->holes = true;
	return 0;
}

int export_write(struct export_out *out, const void *data, size_t len,
		 struct pvn_err *err)
{
	const char *p = data;
	int rc = signals_check(err);

	while (!rc && len) {
		ssize_t n = write(out->fd, p, len);

		if (n < 0 && errno == EINTR) {
			rc = signals_check(err);
			continue;
		}
		if (n < 0)
			return pvn_err_errno(err, errno, "cannot write '%s'",
					     out->name);
		p += n;
		len -= (size_t)n;
		out->written += (uint64_t)n;
	}
	return rc;
}

int export_zero(struct export_out *out, uint64_t len, struct pvn_err *err)
{
	static const char zero[PIECE];
	int rc = 0;

	if (out->holes) {
		out->written += len;
		if (lseek(out->fd, (off_t)len, SEEK_CUR) < 0)
			return pvn_err_errno(err, errno, "cannot write '%s'",
					     out->name);
		return 0;
	}
	while (!rc && len) {
		size_t n = len < PIECE ? (size_t)len : PIECE;

		rc = export_write(out, zero, n, err);
		len -= n;
	}
	return rc;
}

int export_finish(struct export_out *out, struct pvn_err *err)
{
	if (!out->temp)
		return 0;
	if (ftruncate(out->fd, (off_t)out->written) || fsync(out->fd) ||
	    rename(out->temp, out->path))
		return pvn_err_errno(err, errno, "cannot write '%s'",
				     out->name);
	free(out->temp);
	out->temp = NULL;
	return 0;
}

void export_close(struct export_out *out)
{
	if (out->temp && out->fd >= 0)
		unlink(out->temp);
	if (out->fd >= 0)
		close(out->fd);
	free(out->temp);
	*out = (struct export_out){ .fd = -1 };
}
