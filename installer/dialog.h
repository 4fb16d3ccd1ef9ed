/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dialog.h: a person at a console is asked for what an answer file would say. */
#ifndef PVN_DIALOG_H
#define PVN_DIALOG_H

#include <stdbool.h>

/* What came of it. */
enum dialog_end {
	DIALOG_INSTALL, /* the answers are in the file, and were confirmed */
	DIALOG_SHELL, /* the person wants a shell instead, or is gone */
};

/* Ask, and write the answer file @path. Consoles may ask at the same time: the first that
 * begins has it, until its process ends. @slot_dir is where the booted ISO is mounted; @plain: no
 * windows. What is said and asked afterwards goes on there, until ui_end(). */
enum dialog_end dialog_run(const char *path, const char *slot_dir, bool plain);

/* After the installation: say how the host is reached, its key's @fingerprint and its @address (NULL: by
 * DHCP), how it goes on, and wait until somebody has read it. */
void dialog_done(const char *path, const char *fingerprint,
		 const char *address);

#endif
