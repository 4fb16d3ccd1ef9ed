/* SPDX-License-Identifier: GPL-2.0-or-later */
/* targets.h: what reads text or bytes that others wrote, each as a function to be fuzzed. */
#ifndef PVN_FUZZ_TARGETS_H
#define PVN_FUZZ_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Its name is also that of its folder in corpus/. It aborts where something must not be. */
struct fuzz_target {
	const char *name;
	void (*run)(const uint8_t *data, size_t size);
};

static inline void must(bool ok)
{
	if (!ok)
		abort();
}

/* What comes before the first zero byte. Caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Those of guests' images. */
void fuzz_image(const uint8_t *data, size_t size);
void fuzz_template(const uint8_t *data, size_t size);
void fuzz_xva(const uint8_t *data, size_t size);

/* NULL: there is no such target. */
const struct fuzz_target *fuzz_find(const char *name);

#endif
