/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.h: texts of lines, such as authorized_keys, and strings for others to read. */
#ifndef PVN_LINES_H
#define PVN_LINES_H

#include <stdbool.h>
#include <stdio.h>

/* Is @line, as a whole, one of the lines of @text? */
bool lines_have(const char *text, const char *line);

/* Append @line to *text (malloc'd) unless it is there. */
void lines_add(char **text, const char *line);

/* Print @s as JSON does, quotes and all; what is not ASCII becomes '?'. */
void json_quote(FILE *f, const char *s);

/* Print @text into a manual page as it is: a '.' or ''' that begins a line and '\' mean nothing, '-' is
 * one that can be copied into a shell. */
void roff_put(const char *text, FILE *f);

#endif
