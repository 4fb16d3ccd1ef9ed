/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.h: whole files, read and written so that power may go at any moment. */
#ifndef PVN_FILE_H
#define PVN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "err.h"

/* Read all of @path (at most 16 MiB). *text_r is NUL-terminated, caller frees. */
int file_read(const char *path, char **text_r, struct pvn_err *err);

/* The same for what is no text: *len_r bytes, caller frees. */
int file_read_bytes(const char *path, uint8_t **data_r, size_t *len_r,
		    struct pvn_err *err);

/* The same for the small one-line files of sysfs: no newline at the end, and
 * NULL when it can't be read. Caller frees. */
char *file_read_line(const char *path);

/* Write @text to @path with @mode: temporary file, fsync, rename, fsync of the folder.
 * After a power cut the file holds either the old text or the new one. */
int file_write(const char *path, const char *text, mode_t mode,
	       struct pvn_err *err);

bool file_exists(const char *path);

/* mkdir -p. Existing folders are fine. */
int mkdir_p(const char *path, mode_t mode, struct pvn_err *err);

/* Write all @len bytes at @offset of @fd, or read them; a short count is an error. @name is
 * for the message. */
int write_at(int fd, const void *buf, size_t len, off_t offset,
	     const char *name, struct pvn_err *err);
int read_at(int fd, void *buf, size_t len, off_t offset, const char *name,
	    struct pvn_err *err);

/* write_at() for a long copy to a device, from its start on in parts of at most this size:
 * begins to write the part out, and waits until the one before it is. A writer with much that is
 * not yet written is made to wait by the kernel, for ever when the disk was pulled out meanwhile. */
#define WRITE_BEHIND_PART ((size_t)1024 * 1024)
int write_behind_at(int fd, const void *buf, size_t len, off_t offset,
		    const char *name, struct pvn_err *err);

#endif
