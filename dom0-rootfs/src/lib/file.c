/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.c: whole files, read and written so that power may go at any moment. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "mem.h"
#include "size.h"

#define FILE_MAX (16 * MIB)

/* Read until the end; sysfs and /proc tell no true size beforehand. */
static int read_all(int fd, const char *path, char **text_r, size_t *len_r,
		    struct pvn_err *err)
{
	autofree char *text = NULL;
	size_t len = 0;
	size_t room = 0;

	for (;;) {
		ssize_t n;

		if (room - len < 2) {
			room = room ? room * 2 : 4096;
			text = xrealloc(text, room);
		}
		n = read(fd, text + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pvn_err_errno(err, errno, "cannot read '%s'",
					     path);
		if (!n)
			break;
		len += (size_t)n;
		if (len > FILE_MAX)
			return pvn_err(err, -EFBIG,
				       "'%s' is larger than 16 MiB", path);
	}
	text[len] = '\0';
	*text_r = steal_ptr(&text);
	*len_r = len;
	return 0;
}

static int open_and_read(const char *path, char **text_r, size_t *len_r,
			 struct pvn_err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", path);
	return read_all(fd, path, text_r, len_r, err);
}

int file_read_bytes(const char *path, uint8_t **data_r, size_t *len_r,
		    struct pvn_err *err)
{
	char *text;
	int rc = open_and_read(path, &text, len_r, err);

	if (!rc)
		*data_r = (uint8_t *)text;
	return rc;
}

int file_read(const char *path, char **text_r, struct pvn_err *err)
{
	size_t len;

	return open_and_read(path, text_r, &len, err);
}

char *file_read_line(const char *path)
{
	struct pvn_err err;
	char *text;

	if (file_read(path, &text, &err))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static int sync_folder_of(const char *path, struct pvn_err *err)
{
	autofree char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	autoclose int fd = -1;

	if (!slash)
		strcpy(dir, ".");
	else if (slash == dir)
		dir[1] = '\0';
	else
		*slash = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return pvn_err_errno(err, errno, "cannot sync '%s'", dir);
	return 0;
}

static int fill_temp(int fd, const char *temp, const char *text, mode_t mode,
		     struct pvn_err *err)
{
	int rc = write_at(fd, text, strlen(text), 0, temp, err);

	if (rc)
		return rc;
	if (fchmod(fd, mode) || fsync(fd))
		return pvn_err_errno(err, errno, "cannot write '%s'", temp);
	return 0;
}

int file_write(const char *path, const char *text, mode_t mode,
	       struct pvn_err *err)
{
	autofree char *temp = xasprintf("%s.XXXXXX", path);
	autoclose int fd = mkostemp(temp, O_CLOEXEC);
	int rc;

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot create '%s'", path);
	rc = fill_temp(fd, temp, text, mode, err);
	if (!rc && rename(temp, path))
		rc = pvn_err_errno(err, errno, "cannot rename '%s' to '%s'",
				   temp, path);
	if (rc) {
		unlink(temp);
		return rc;
	}
	return sync_folder_of(path, err);
}

bool file_exists(const char *path)
{
	return !access(path, F_OK);
}

int mkdir_p(const char *path, mode_t mode, struct pvn_err *err)
{
	autofree char *part = xstrdup(path);
	struct stat st;

	for (char *end = part + strspn(part, "/");; end++) {
		bool last;

		end += strcspn(end, "/");
		last = !*end;
		*end = '\0';
		/* only the last folder gets @mode: it may well be unreadable */
		if (*part && mkdir(part, last ? mode : 0755) && errno != EEXIST)
			return pvn_err_errno(err, errno, "cannot create '%s'",
					     part);
		if (last)
			break;
		*end = '/';
	}
	if (stat(path, &st))
		return pvn_err_errno(err, errno, "cannot create '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return pvn_err_errno(err, ENOTDIR, "cannot create '%s'", path);
	return 0;
}

int write_at(int fd, const void *buf, size_t len, off_t offset,
	     const char *name, struct pvn_err *err)
{
	const char *p = buf;

	while (len) {
		ssize_t n = pwrite(fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pvn_err_errno(err, errno, "cannot write '%s'",
					     name);
		if (!n)
			return pvn_err(err, -EIO,
				       "cannot write '%s': it is full", name);
		p += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

int write_behind_at(int fd, const void *buf, size_t len, off_t offset,
		    const char *name, struct pvn_err *err)
{
	off_t behind = (off_t)WRITE_BEHIND_PART < offset
			       ? (off_t)WRITE_BEHIND_PART
			       : offset;
	int rc = write_at(fd, buf, len, offset, name, err);

	if (rc)
		return rc;
	if (sync_file_range(fd, offset, (off_t)len, SYNC_FILE_RANGE_WRITE) ||
	    (behind && sync_file_range(fd, offset - behind, behind,
				       SYNC_FILE_RANGE_WAIT_BEFORE |
					       SYNC_FILE_RANGE_WRITE |
					       SYNC_FILE_RANGE_WAIT_AFTER)))
		return pvn_err_errno(err, errno, "cannot write '%s'", name);
	return 0;
}

int read_at(int fd, void *buf, size_t len, off_t offset, const char *name,
	    struct pvn_err *err)
{
	char *p = buf;

	while (len) {
		ssize_t n = pread(fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pvn_err_errno(err, errno, "cannot read '%s'",
					     name);
		if (!n)
			return pvn_err(err, -EIO,
				       "cannot read '%s': it ends too early",
				       name);
		p += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}
