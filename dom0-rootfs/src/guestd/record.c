/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record.c: what a guestd leaves of a guest for the next one, and what that one makes
 * of it. Pure functions.
 *
 * A record is one line: phase, UUID, domain number, the phase that comes next, when
 * it is due, and when the guest crashed. */
#include <inttypes.h>
#include <string.h>
#include "guestd.h"

static const char *const phase_names[] = {
	[PHASE_DOWN] = "down",	     [PHASE_BUILDING] = "building",
	[PHASE_UP] = "up",	     [PHASE_LEAVING] = "leaving",
	[PHASE_WAITING] = "waiting", [PHASE_CRASHED] = "crashed",
};

#define N_PHASES (sizeof(phase_names) / sizeof(phase_names[0]))

char *record_text(const struct ward *ward)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	if (ward->phase == PHASE_DOWN ||
	    (ward->phase == PHASE_UP && !ward->ours))
		return NULL;
	f = open_memstream(&text, &len);
	if (!f)
		abort();
	fprintf(f, "%s %s %u %s %" PRId64, phase_names[ward->phase],
		*ward->uuid ? ward->uuid : "-", ward->domid,
		phase_names[ward->after], ward->due);
	for (unsigned int i = 0; i < ward->crashes.n; i++)
		fprintf(f, " %" PRId64, ward->crashes.at[i]);
	fputc('\n', f);
	fclose(f);
	return text;
}

static int64_t next_number(char **rest)
{
	char *word = strsep(rest, " ");

	return word ? strtoll(word, NULL, 10) : 0;
}

static bool next_phase(char **rest, enum phase *phase_r)
{
	const char *word = strsep(rest, " ");

	for (size_t i = 0; word && i < N_PHASES; i++) {
		if (!strcmp(word, phase_names[i])) {
			*phase_r = (enum phase)i;
			return true;
		}
	}
	return false;
}

bool record_parse(const char *line, struct ward *ward)
{
	autofree char *copy = xstrdup(line);
	char *rest = copy;
	const char *uuid = NULL;
	enum phase phase = PHASE_DOWN;
	bool ok = next_phase(&rest, &phase);

	if (ok) {
		uuid = strsep(&rest, " ");
		ward->domid = (uint32_t)next_number(&rest);
		ok = next_phase(&rest, &ward->after);
	}
	if (!ok)
		return false;
	ward->phase = phase;
	snprintf(ward->uuid, sizeof(ward->uuid), "%.36s", uuid);
	ward->due = next_number(&rest);
	while (rest && ward->crashes.n < POLICY_CRASHES)
		ward->crashes.at[ward->crashes.n++] = next_number(&rest);
	ward->ours = true;
	return true;
}

struct recovery record_recovery(enum phase phase, enum phase after, bool there,
				bool paused)
{
	switch (phase) {
	case PHASE_BUILDING:
		/* It stays paused until it is complete. */
		if (there && !paused)
			return (struct recovery){ RECOVER_ADOPT, PHASE_UP };
		return (struct recovery){ there ? RECOVER_LEAVE : RECOVER_NONE,
					  PHASE_WAITING };
	case PHASE_LEAVING:
		return (struct recovery){ there ? RECOVER_LEAVE : RECOVER_NONE,
					  after };
	case PHASE_UP:
		return there ? (struct recovery){ RECOVER_ADOPT, PHASE_UP }
			     : (struct recovery){ RECOVER_NONE, PHASE_DOWN };
	case PHASE_DOWN:
	case PHASE_WAITING:
	case PHASE_CRASHED:
		break;
	}
	return there ? (struct recovery){ RECOVER_ADOPT_FOREIGN, PHASE_UP }
		     : (struct recovery){ RECOVER_NONE, phase };
}
