/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool_paused.c: which guests are paused because the pool is nearly full. */
#include <stdlib.h>
#include <unistd.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "pool_paused.h"

static char *path_of(const char *guest)
{
	return xasprintf(POOL_PAUSED_DIR "/%s", guest);
}

bool pool_paused_is(const char *guest)
{
	autofree char *path = path_of(guest);

	return file_exists(path);
}

uint32_t pool_paused_domain(const char *guest)
{
	autofree char *path = path_of(guest);
	autofree char *text = file_read_line(path);

	return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

int pool_paused_set(const char *guest, uint32_t domid, struct pvn_err *err)
{
	autofree char *path = path_of(guest);
	autofree char *text = xasprintf("%u\n", domid);
	int rc = mkdir_p(POOL_PAUSED_DIR, 0755, err);

	return rc ? rc : file_write(path, text, 0644, err);
}

void pool_paused_clear(const char *guest)
{
	autofree char *path = path_of(guest);

	unlink(path);
	rmdir(POOL_PAUSED_DIR); /* when it was the last */
}
