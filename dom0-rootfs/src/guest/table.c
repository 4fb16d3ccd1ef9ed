/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.c: print tables. */
#include <string.h>
#include "../lib/size.h"
#include "table.h"

void table_add(struct table *table, const char *text)
{
	strlist_add(&table->cells, text && *text ? text : "-");
}

void table_add_size(struct table *table, uint64_t bytes)
{
	char buf[16];

	table_add(table, bytes ? size_print(bytes, buf) : NULL);
}

void table_add_cells(struct table *table, const char *const *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		table_add(table, cells[i]);
}

void table_print(const struct table *table, FILE *f)
{
	size_t n = table->n_columns;
	autofree size_t *width = xcalloc(n, sizeof(*width));

	for (size_t i = 0; i < table->cells.n; i++) {
		size_t len = strlen(table->cells.v[i]);

		if (len > width[i % n])
			width[i % n] = len;
	}
	for (size_t i = 0; i < table->cells.n; i++) {
		if (i % n == n - 1)
			fprintf(f, "%s\n", table->cells.v[i]);
		else
			fprintf(f, "%-*s  ", (int)width[i % n],
				table->cells.v[i]);
	}
}

void table_free(struct table *table)
{
	strlist_free(&table->cells);
}

char *uptime_print(int64_t seconds, char *buf)
{
	unsigned int s = (unsigned int)(seconds % 60);
	unsigned int m = (unsigned int)(seconds / 60 % 60);
	unsigned int h = (unsigned int)(seconds / 3600 % 24);
	unsigned int d = (unsigned int)(seconds / 86400 % 1000000);

	if (seconds < 0)
		snprintf(buf, 16, "-");
	else if (d)
		snprintf(buf, 16, "%ud%02uh", d, h);
	else if (h)
		snprintf(buf, 16, "%uh%02um", h, m);
	else if (m)
		snprintf(buf, 16, "%um%02us", m, s);
	else
		snprintf(buf, 16, "%us", s);
	return buf;
}
