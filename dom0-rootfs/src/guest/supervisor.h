/* SPDX-License-Identifier: GPL-2.0-or-later */
/* supervisor.h: ask guestd, which starts and stops all guests. */
#ifndef PVN_SUPERVISOR_H
#define PVN_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"

/* Send a request (see guestd/request.h) and wait for its end. A guestd that is just
 * being started again is waited for, and asked anew: each request may be repeated, but
 * not for ever.
 * @say gets what guestd tells meanwhile; it may be NULL.
 * Returns 0, or guestd's error. */
int supervisor_ask(struct pvn_err *err, void (*say)(const char *text),
		   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Ask for the names of the domains, and call @take with each. One that guestd does not know, or any where
 * guestd is not there, is left out: nobody waits for it. */
void supervisor_names(void (*take)(void *arg, uint32_t domid, const char *name),
		      void *arg);

/* Start a guest; done when it runs. guestd's own times go to timing.h. */
int supervisor_start(const char *name, struct pvn_err *err);

/* Have a running guest stand still, until supervisor_release() or the end of this process, however it
 * ends. Returns a descriptor for the former, or a negative errno. */
int supervisor_hold(const char *name, struct pvn_err *err);

/* Let it go on, and close @fd. Returns false when guestd ended meanwhile, and has left it paused. */
bool supervisor_release(int fd);

/* What guestd is to do with a guest that has no domain. */
enum supervisor_plan {
	SUPERVISOR_NOTHING,
	SUPERVISOR_STARTS, /* it starts it again, now or after a while */
	SUPERVISOR_GAVE_UP, /* it crashed too often */
};

enum supervisor_plan supervisor_plan(const char *name);
/* The same from the line of its record. */
enum supervisor_plan supervisor_plan_of(const char *record);

#endif
