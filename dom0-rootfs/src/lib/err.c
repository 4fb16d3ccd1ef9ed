/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.c: errors as values. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

/* Callers may give the old message as an argument, so the new one is made aside. */
static void fill(struct pvn_err *err, int code, const char *fmt, va_list ap)
{
	char msg[sizeof(err->msg)];

	vsnprintf(msg, sizeof(msg), fmt, ap);
	memcpy(err->msg, msg, sizeof(msg));
	err->code = code;
}

int pvn_err(struct pvn_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int pvn_err_errno(struct pvn_err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	fill(err, -errnum, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
		 strerror(errnum));
	return -errnum;
}

int pvn_err_wrap(struct pvn_err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	size_t len;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	fill(err, err->code, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", old);
	return err->code;
}
