/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shadow.c: root's line of a shadow file. */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "mem.h"
#include "shadow.h"

#define ROOT "root:"

/* Where root's line starts in @text, or NULL. */
static char *root_line(char *text)
{
	char *at = text;

	while (at && strncmp(at, ROOT, strlen(ROOT)) != 0) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at;
}

int shadow_set(const char *path, const char *from, const char *hash,
	       struct pvn_err *err)
{
	autofree char *old = NULL;
	autofree char *new = NULL;
	char *password;
	int rc = file_read(from, &old, err);

	if (rc)
		return rc;
	password = root_line(old);
	if (!password)
		return pvn_err(err, -ENOENT, "'%s' has no line for root", from);
	password += strlen(ROOT);
	new = xasprintf("%.*s%s%s", (int)(password - old), old, hash,
			password + strcspn(password, ":\n"));
	return file_write(path, new, 0600, err);
}
