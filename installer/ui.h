/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui.h: what a page shows and asks, whoever shows it: plain text, which any terminal can show and have
 * read aloud, or windows (newt) on one of 80 columns and 24 lines. One at a time, for the whole process. */
#ifndef PVN_UI_H
#define PVN_UI_H

#include <stdbool.h>
#include <stddef.h>

/* What may be returned instead of an answer. */
enum {
	UI_BACK = -1, /* the person wants the page before */
	UI_END = -2, /* nobody is there any more */
	UI_AGAIN =
		-3, /* the page is to be shown anew: in plain text, or looked at again */
};

/* Begin, in windows where the terminal can show them and not @plain. */
void ui_begin(bool plain);
/* Give the terminal back; nothing where none began. */
void ui_end(void);
bool ui_began(void);

/* The head of a page: its title, and @at of @of where it is one of several. Of a page that is none
 * of them (0 of 0) nobody can go back. */
void ui_page(const char *title, unsigned int at, unsigned int of);
/* Above what is asked next: a paragraph, filled; a name and what is to say of it, filled behind it; or a line,
 * as it is. */
void ui_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ui_entry(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void ui_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Why it does not go on like this; read before anything else is asked. */
void ui_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What is done now and may take a while. */
void ui_busy(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Step @i (from 0) of @n begins. */
void ui_progress(size_t i, size_t n, const char *what);

/* Have one of @n lines chosen; @preset is the one that Enter alone takes, or @n for none. Returns its
 * index, UI_BACK, UI_END or, on a page that nobody can go back of, UI_AGAIN. */
int ui_choose(const char *const *items, size_t n, size_t preset);

/* Have any number of @n lines chosen; picked[] says which are, and which were. Returns 0, UI_BACK or
 * UI_END. */
int ui_pick(const char *const *items, size_t n, bool *picked);

/* A line that is typed. */
struct ui_field {
	const char *what;
	const char *preset; /* what Enter alone takes, "" for none */
	bool optional; /* nothing at all may be said */
	bool secret; /* not shown */
	char *text; /* what was typed, without blanks at its ends; caller frees */
};

/* Why field @i's @text can't be taken, caller frees; NULL: it can. It may tidy it up. */
typedef char *(*ui_check)(void *arg, size_t i, char *text);

/* Have the fields filled in until @check (NULL: none) has nothing against any. Returns 0, UI_BACK or UI_END. */
int ui_ask(struct ui_field *fields, size_t n, ui_check check, void *arg);

/* Wait for Enter; @what says so. Returns 0, UI_BACK or UI_END. */
int ui_wait(const char *what);

#endif
