/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing.h: how long each part of a command takes, for '--timing'. Nothing is noted
 * before timing_begin(). */
#ifndef PVN_TIMING_H
#define PVN_TIMING_H

#include <stdio.h>

/* Note times from now on. */
void timing_begin(void);

/* What ran until now has ended, @name begins (borrowed until the end). */
void timing_next(const char *name);

/* The part that runs consisted of these, "prepare=3 build=140" in ms. */
void timing_parts(const char *text);

/* End the part that runs, and print a line for each: "   12.3 ms  disk". */
void timing_print(FILE *f);

#endif
