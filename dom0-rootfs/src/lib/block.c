/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block.c: the kernel's names of block devices. */
#include <ctype.h>
#include <string.h>
#include "block.h"

bool block_is_disk(const char *name)
{
	static const char *const others[] = { "ram", "loop", "zram", "dm-",
					      "md",  "fd",   "nbd",  NULL };

	for (const char *const *o = others; *o; o++) {
		size_t len = strlen(*o);

		if (!strncmp(name, *o, len) &&
		    (!name[len] || isdigit((unsigned char)name[len])))
			return false;
	}
	return name[0] != '.' && !strstr(name, "boot") && !strstr(name, "rpmb");
}
