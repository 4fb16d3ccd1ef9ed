/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui_ops.h: the two ways of showing what ui.h has; see there for what each does. */
#ifndef PVN_UI_OPS_H
#define PVN_UI_OPS_H

#include "ui.h"

struct ui_ops {
	size_t columns; /* of a paragraph */
	/* Can this terminal show it? Then it has begun. */
	bool (*begin)(void);
	void (*end)(void);
	void (*page)(const char *title, bool first);
	void (*text)(const char *lines); /* each with its end of line */
	void (*refuse)(const char *why);
	void (*busy)(const char *what);
	void (*progress)(size_t i, size_t n, const char *what);
	int (*choose)(const char *const *items, size_t n, size_t preset);
	int (*pick)(const char *const *items, size_t n, bool *picked);
	int (*ask)(struct ui_field *fields, size_t n, ui_check check,
		   void *arg);
	int (*wait)(const char *what);
};

extern const struct ui_ops ui_plain, ui_newt;

/* What a newt page returns when plain text is wanted instead; ui.c changes over. */
#define UI_PLAIN -4

#endif
