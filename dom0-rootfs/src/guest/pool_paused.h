/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_paused.h: which guests are paused because the pool is nearly full. */
#ifndef PVN_POOL_PAUSED_H
#define PVN_POOL_PAUSED_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"

#define POOL_PAUSED_DIR "/run/paravane/pool-paused"
#define POOL_PAUSED_WHY "the pool is nearly full"

/* One file for each, with the number of its domain. */
bool pool_paused_is(const char *guest);
/* The domain that was paused; 0: none. */
uint32_t pool_paused_domain(const char *guest);
int pool_paused_set(const char *guest, uint32_t domid, struct pvn_err *err);
void pool_paused_clear(const char *guest);

#endif
