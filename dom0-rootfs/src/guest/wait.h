/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wait.h: wait until something is true of a guest, on xenstore's events. */
#ifndef PVN_WAIT_H
#define PVN_WAIT_H

#include <stdbool.h>
#include "../lib/err.h"
#include "guests.h"

enum wait_for {
	WAIT_SSH, /* its port 22 answers as an ssh server does */
	WAIT_IP, /* its address is known */
	WAIT_OFF, /* there is no domain of it */
	WAIT_REBOOT, /* another domain than before runs */
};

struct sockaddr_storage;

struct wait {
	const struct guest *guest;
	enum wait_for what;
	unsigned int seconds; /* at most */
	uint32_t old; /* WAIT_REBOOT: the domain before */
	char *address; /* found; the caller frees */
};

/* Returns 0, or -ETIMEDOUT with a message that says what it waited for. A guest
 * that goes away and comes again meanwhile (a reboot) is waited for. */
int wait_until(struct wait *w, struct pvn_err *err);

/* Where ssh may answer: at @first, which may be NULL, or else at one of those that @ip has, separated by
 * blanks; NULL: none. */
void wait_addresses(const char *first, const char *ip, struct strlist *list);

/* Port 22 at that IPv4 or IPv6 address. Returns its size, or 0: it is no address. */
size_t wait_ssh_port(const char *address, struct sockaddr_storage *to);

#endif
