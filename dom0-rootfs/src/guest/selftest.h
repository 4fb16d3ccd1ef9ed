/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest.h: can this machine be a host? What is looked at needs no installation, and changes nothing
 * on its disks. */
#ifndef PVN_SELFTEST_H
#define PVN_SELFTEST_H

#include <stdbool.h>

enum selftest_verdict {
	SELFTEST_GOOD,
	SELFTEST_NOTE, /* works, but somebody should know */
	SELFTEST_BAD, /* guests or the host will suffer from it */
};

struct selftest_finding {
	enum selftest_verdict verdict;
	char text[256]; /* one line: what was found, and what to do */
};

struct selftest {
	const char *name; /* "memory" */
	void (*look)(struct selftest_finding *finding);
	bool slow; /* it takes seconds */
};

/* Up to one without a name. The last starts a guest. */
extern const struct selftest selftests[];

/* "good", "note", "bad" */
const char *selftest_verdict_name(enum selftest_verdict verdict);

#endif
