/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child.h: do something in a process of its own, with less rights. */
#ifndef PVN_CHILD_H
#define PVN_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include "../lib/err.h"
#include "host.h"

/* Where a child with mounts of its own has one. */
#define CHILD_MOUNT PATH_RUN

/* What is looked at while a child works; an error is the end of the child. */
struct child_watch {
	int (*look)(void *arg, struct pvn_err *err);
	void *arg;
};

/* Run @fn in a child and wait. It works on a shared copy of the @size bytes at @arg, so
 * that what it writes there comes back. @what is for the message when it is killed.
 * The child dies with us, however we end, and when @watch (or NULL) says so, and what it
 * started does, too. Returns what @fn returned, with its error. */
int child_run(const char *what, int (*fn)(void *arg, struct pvn_err *err),
	      void *arg, size_t size, const struct child_watch *watch,
	      struct pvn_err *err);

/* The following are for the child itself. */

/* Mounts that nobody else sees, so that one folder, CHILD_MOUNT, does for all; it is there. They end with
 * the child, whatever happens. */
int child_own_mounts(struct pvn_err *err);

/* That, no network, limits on memory and time; and the first to go when memory is short. */
int child_isolate(struct pvn_err *err);

/* Stay root, but with no more rights than unpacking a filesystem takes. For good. */
int child_keep_unpackers_rights(struct pvn_err *err);

struct child_device {
	const char *path; /* "/dev/vg/volume" */
	const char *name; /* "in": it is /dev/in for the child */
	bool writable;
};

/* Make a root, at CHILD_MOUNT: /usr, read-only, and the devices in /dev. Then become
 * the user for images there, for good, with only the system calls that a
 * converter needs. After child_isolate(). */
int child_confine(const struct child_device *devices, size_t n,
		  struct pvn_err *err);

#endif
