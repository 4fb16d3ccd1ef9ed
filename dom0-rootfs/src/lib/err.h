/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.h: errors as values; library code fills one in, only main() prints it. */
#ifndef PVN_ERR_H
#define PVN_ERR_H

/* A function that can fail takes 'struct pvn_err *err' last and returns 0, or
 * a negative errno after filling *err in. The message is one line: lower case,
 * no full stop, cause first, its subject in single quotes. */
struct pvn_err {
	int code; /* negative errno; 0 while nothing failed */
	char msg[512];
};

/* Exit codes of every program; part of the interface, never changed. */
enum {
	PVN_EXIT_OK = 0,
	PVN_EXIT_FAILED = 1,
	PVN_EXIT_USAGE = 2,
	PVN_EXIT_REFUSED = 3, /* a safety check said no */
};

/* A code of ours beside the errnos: a safety check said no. */
#define PVN_REFUSED (-4096)

/* Fill *err in. Returns @code, so that 'return pvn_err(err, -EIO, ...)' is one
 * line. The text of errno is not added; see pvn_err_errno(). */
int pvn_err(struct pvn_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of @errnum (a positive errno) at the end.
 * Returns -@errnum. */
int pvn_err_errno(struct pvn_err *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put context before the message that is there: "context: message".
 * Returns err->code. */
int pvn_err_wrap(struct pvn_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
