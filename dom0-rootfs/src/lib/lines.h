/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.h: texts of lines, such as authorized_keys. */
#ifndef PVN_LINES_H
#define PVN_LINES_H

#include <stdbool.h>

/* Is @line, as a whole, one of the lines of @text? */
bool lines_have(const char *text, const char *line);

/* Append @line to *text (malloc'd) unless it is there. */
void lines_add(char **text, const char *line);

#endif
