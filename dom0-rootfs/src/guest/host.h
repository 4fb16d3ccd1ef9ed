/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.h: where things are on a host, and what the installer left there. */
#ifndef PVN_HOST_H
#define PVN_HOST_H

#include <stdbool.h>
#include "../lib/err.h"
#include "../lib/mem.h"

#define PATH_HOST "/etc/paravane/host"
#define PATH_VERSION "/etc/paravane/version"
#define PATH_KEYS "/etc/dropbear/authorized_keys"
#define PATH_GUESTS "/state/guests"
#define PATH_TEMPLATES "/slot/templates"
#define PATH_USER_TEMPLATES "/state/templates"
#define PATH_CONSOLE_LOGS "/var/log/xen/console"
#define PATH_RUN "/run/paravane"
#define DEFAULT_BRIDGE "br0"

struct host {
	char *vg;
	char *pool;
};

/* Read /etc/paravane/host. A host that isn't installed is an error which says
 * so. */
int host_read(struct host *host, struct pvn_err *err);
void host_free(struct host *host);

#define auto_host __attribute__((cleanup(host_free)))

/* Names of the host's bridges. */
void host_bridges(struct strlist *list);

/* The IPv4 address of interface @name with its length ("192.0.2.5/24"), or NULL.
 * Caller frees. */
char *host_address(const char *name);

/* The value of @key ("paravane.slot") on the kernel's command line, or NULL.
 * Caller frees. */
char *host_cmdline(const char *key);

/* What the boot found out about itself: "mode" (host, live, install), "install" (this installation's
 * id), "slot". NULL when it is not known or empty. Caller frees. */
char *host_boot_fact(const char *key);

/* Take the lock of all commands that change guests, waiting at most 60 s. It
 * ends with the process. Returns 0 or a negative errno. */
int host_lock(const char *what, struct pvn_err *err);
/* Give it back, for work that takes long and is in nobody's way ... */
void host_unlock(void);
/* ... and take it again: what was begun is ended or undone with it, so this waits for as long as
 * it takes. */
int host_relock(const char *what, struct pvn_err *err);
/* No other command works, with the lock or between host_unlock() and host_relock(). */
bool host_is_idle(void);

#endif
