/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit.h: PVN_TEST(name) { ... } is a test; include it once, it brings main(). */
#ifndef PVN_UNIT_H
#define PVN_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>

#include "err.h"
#include "mem.h"

static struct CMUnitTest unit_tests[64];
static size_t unit_n;

#define PVN_TEST(name)                                                        \
	static void name(void **state);                                       \
	__attribute__((constructor)) static void add_##name(void)             \
	{                                                                     \
		unit_tests[unit_n++] =                                        \
			(struct CMUnitTest){ #name, name, NULL, NULL, NULL }; \
	}                                                                     \
	static void name(void **state __attribute__((unused)))

/* A sparse file that nobody else sees. Returns its descriptor. */
__attribute__((unused)) static int sparse_file(off_t size)
{
	char path[] = "/tmp/pvn-unit-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

/* A new folder. The caller frees the name. */
__attribute__((unused)) static char *temp_folder(void)
{
	char *path = xstrdup("/tmp/pvn-unit-XXXXXX");

	assert_non_null(mkdtemp(path));
	return path;
}

int main(void)
{
	return _cmocka_run_group_tests("unit", unit_tests, unit_n, NULL, NULL);
}

#endif
