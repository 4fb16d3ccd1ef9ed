/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing.c: how long each part of a command takes. */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "../lib/mem.h"
#include "timing.h"

#define MAX_PARTS 32

static struct {
	const char *name;
	int64_t begun;
	int64_t ended;
	char *parts; /* what it consisted of, or NULL */
} noted[MAX_PARTS];

static size_t n_noted;
static bool enabled;

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

void timing_begin(void)
{
	enabled = true;
}

static void end_last(int64_t now)
{
	if (n_noted && !noted[n_noted - 1].ended)
		noted[n_noted - 1].ended = now;
}

void timing_next(const char *name)
{
	int64_t now = enabled ? now_us() : 0;

	if (!enabled)
		return;
	end_last(now);
	if (n_noted < MAX_PARTS) {
		noted[n_noted].name = name;
		noted[n_noted++].begun = now;
	}
}

void timing_parts(const char *text)
{
	if (!enabled || !n_noted)
		return;
	free(noted[n_noted - 1].parts);
	noted[n_noted - 1].parts = xstrdup(text);
}

void timing_print(FILE *f)
{
	int64_t sum = 0;

	if (!enabled)
		return;
	end_last(now_us());
	for (size_t i = 0; i < n_noted; i++) {
		int64_t us = noted[i].ended - noted[i].begun;

		sum += us;
		fprintf(f, "%9.1f ms  %s", (double)us / 1000, noted[i].name);
		if (noted[i].parts)
			fprintf(f, " (ms: %s)", noted[i].parts);
		fputc('\n', f);
	}
	fprintf(f, "%9.1f ms  in all\n", (double)sum / 1000);
}
