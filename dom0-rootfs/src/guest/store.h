/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.h: what guests tell through xenstore. All of it is written by the guest,
 * so that nothing is passed on as it is. */
#ifndef PVN_STORE_H
#define PVN_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "../lib/err.h"

struct store;

int store_open(struct store **store_r, struct pvn_err *err);
void store_close(struct store **store);

#define auto_store __attribute__((cleanup(store_close)))

/* The IPv4 address that the guest says it has, checked; or NULL. Caller frees. */
char *store_guest_address(struct store *store, uint32_t domid);

/* The memory that the domain may balloon to; 0: not known. */
uint64_t store_memory_limit(struct store *store, uint32_t domid);

/* Did the guest say that its ssh answers? */
bool store_guest_ready(struct store *store, uint32_t domid);

/* From now on notice changes of a path, or "@releaseDomain" (a domain stopped or
 * went away) and "@introduceDomain" (one came) ... */
int store_watch(struct store *store, const char *path, struct pvn_err *err);
/* ... or when a domain's address or what it says of its ssh changes ... */
int store_watch_guest(struct store *store, uint32_t domid, struct pvn_err *err);
/* ... and wait for any of them, at most so long. */
void store_wait(struct store *store, int milliseconds);

/* Seconds of a clock that only goes forward. */
time_t store_now(void);

#endif
