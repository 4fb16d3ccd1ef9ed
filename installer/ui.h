/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui.h: pages of plain text on a console: any terminal can show them, and be read aloud. */
#ifndef PVN_UI_H
#define PVN_UI_H

#include <stddef.h>

/* What may be returned instead of an answer. */
enum {
	UI_BACK = -1, /* the person wants the page before */
	UI_END = -2, /* nobody is there any more */
};

/* The head of a page: its title, and @at of @of where it is one of several. Of a page that is none
 * of them (0 of 0) nobody can go back. */
void ui_page(const char *title, unsigned int at, unsigned int of);
/* A paragraph, filled to 78 columns. */
void ui_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Have one of @n lines chosen by its number; @preset is the one that Enter alone takes, or @n for
 * none. Returns its index, UI_BACK or UI_END. */
int ui_choose(const char *const *items, size_t n, size_t preset);

/* Have a line typed; @preset ("" for none) is what Enter alone takes, '-' is for nothing at all. *text_r has
 * no blanks at its ends; caller frees. Returns 0, UI_BACK or UI_END. */
int ui_ask(const char *what, const char *preset, char **text_r);

/* Wait for Enter; @what says so. Returns 0, UI_BACK or UI_END. */
int ui_wait(const char *what);

#endif
