/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ini_lines.h: inih with line numbers, long lines and every error told. */
#ifndef PVN_INI_LINES_H
#define PVN_INI_LINES_H

#include "mem.h"

/* One "key = value"; valid during the call. */
struct ini_item {
	const char *section;
	const char *key;
	const char *value;
	int line;
};

/* Parse @text. @item is called for each key in the file's order. A line that
 * is neither key = value, [section], comment nor blank is added to @errors as
 * "NAME:LINE: message". Lines may have any length; a comment starts with '#' or ';' at
 * the start of a line, or with ';' after a blank. Leading blanks mean nothing.
 * What stands below a bad [section] is not judged. Returns the number of lines, at
 * least 1. */
int ini_lines(const char *text, const char *name,
	      void (*item)(void *arg, const struct ini_item *item), void *arg,
	      struct strlist *errors);

#endif
