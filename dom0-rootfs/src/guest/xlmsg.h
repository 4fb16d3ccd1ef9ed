/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xlmsg.h: what a person wants to read of libxl's messages. */
#ifndef PVN_XLMSG_H
#define PVN_XLMSG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "xl.h"

/* What a libxl logger needs besides its vmessage(): XLMSG_LOGGER(keep_message). */
void xlmsg_no_progress(xentoollog_logger *logger, const char *context,
		       const char *doing_what, int percent, unsigned long done,
		       unsigned long total);
void xlmsg_no_destroy(xentoollog_logger *logger);

#define XLMSG_LOGGER(keep)               \
	{ .vmessage = (keep),            \
	  .progress = xlmsg_no_progress, \
	  .destroy = xlmsg_no_destroy }

/* Write a message as one line to @text, with the text of @errnoval where that is
 * positive. */
void xlmsg_write(char *text, size_t size, int errnoval, const char *format,
		 va_list ap);

/* The part of @line after libxl's prefixes ("libxl: error: libxl_device.c:1:
 * func: Domain 3:script: "); borrowed from @line. */
const char *xlmsg_text(const char *line);
/* Is it what a hotplug script said? */
bool xlmsg_is_script(const char *line);

#endif
