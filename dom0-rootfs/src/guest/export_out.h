/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_out.h: where an image goes to: a file, which appears when it is complete, or a pipe. */
#ifndef PVN_EXPORT_OUT_H
#define PVN_EXPORT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/err.h"

struct export_out {
	const char *name; /* for messages, borrowed */
	char *temp; /* the file until it is complete; NULL: a pipe */
	const char *path; /* the file in the end, borrowed */
	int fd;
	bool holes; /* empty parts need not be written */
	uint64_t written;
};

/* @path "-" is standard output. A file that exists is -EEXIST. */
int export_open(struct export_out *out, const char *path, struct pvn_err *err);
/* Notices Ctrl-C, too. */
int export_write(struct export_out *out, const void *data, size_t len,
		 struct pvn_err *err);
/* So many zeroes. */
int export_zero(struct export_out *out, uint64_t len, struct pvn_err *err);
/* It is complete. */
int export_finish(struct export_out *out, struct pvn_err *err);
/* Without export_finish() the file is gone. */
void export_close(struct export_out *out);

#endif
