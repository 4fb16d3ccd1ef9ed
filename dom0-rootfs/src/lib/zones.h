/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zones.h: the time zones by name, each with the rule by which it goes today. */
#ifndef PVN_ZONES_H
#define PVN_ZONES_H

#include <stddef.h>
#include <stdint.h>

/* The rule of the zone @name as POSIX writes it: "CET-1CEST,M3.5.0,M10.5.0/3". NULL: there is none
 * of that name. */
const char *zone_rule(const char *name);

/* The @i-th name in their order, NULL behind the last. */
const char *zone_name(size_t i);

#define ZONE_FILE_MAX 256

/* Fill @buf with the file for /etc/localtime that says @rule. Returns its length. */
size_t zone_file(const char *rule, uint8_t buf[ZONE_FILE_MAX]);

#endif
