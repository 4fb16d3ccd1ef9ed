/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.h: columns as wide as they need to be, and how we print values. */
#ifndef PVN_TABLE_H
#define PVN_TABLE_H

#include <stdint.h>
#include <stdio.h>
#include "../lib/mem.h"

/* Zero-initialise all but n_columns. The first row is the header. */
struct table {
	size_t n_columns;
	struct strlist cells;
};

/* Append a cell; NULL and "" print as '-'. */
void table_add(struct table *table, const char *text);
void table_add_size(struct table *table, uint64_t bytes); /* 0: '-' */
/* Append a whole row: as many strings as it has columns. */
#define table_add_row(table, ...)                                      \
	table_add_cells((table), (const char *const[]){ __VA_ARGS__ }, \
			sizeof((const char *const[]){ __VA_ARGS__ }) / \
				sizeof(char *))
void table_add_cells(struct table *table, const char *const *cells, size_t n);
void table_print(const struct table *table, FILE *f);
void table_free(struct table *table);

#define auto_table __attribute__((cleanup(table_free)))

/* "45s", "12m03s", "3h05m", "4d02h"; negative: "-". @buf has 16 bytes or more. */
char *uptime_print(int64_t seconds, char *buf);

#endif
