/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hardware.h: the machine as a server sees it that has an answer file for each. */
#ifndef PVN_HARDWARE_H
#define PVN_HARDWARE_H

#include "facts.h"

/* One JSON object: what the machine is called and numbered by its maker, its interfaces and @facts' disks. Caller
 * frees. */
char *hardware_json(const struct facts *facts);

/* The disks alone: {"disks":[...]}. */
void hardware_print_disks(const struct facts *facts, FILE *f);

#endif
