/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grubenv.c: GRUB's environment block: a line that says what it is, then 'name=value' lines in
 * which a backslash stands before a backslash or a newline of the value, then '#'. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "grubenv.h"
#include "mem.h"

static const char head[] = "# GRUB Environment Block\n";
#define HEAD_LEN (sizeof(head) - 1)

int grubenv_make(char block[GRUBENV_SIZE], const struct kv_list *vars,
		 struct pvn_err *err)
{
	size_t at = HEAD_LEN;

	memset(block, '#', GRUBENV_SIZE);
	memcpy(block, head, at);
	for (size_t i = 0; i < vars->n; i++) {
		autofree char *line = xasprintf("%s=", vars->v[i].key);
		size_t len = strlen(line);

		line = xrealloc(line, len + 2 * strlen(vars->v[i].value) + 2);
		for (const char *p = vars->v[i].value; *p; p++) {
			if (*p == '\\' || *p == '\n')
				line[len++] = '\\';
			line[len++] = *p;
		}
		line[len++] = '\n';
		if (len > GRUBENV_SIZE - at)
			return pvn_err(err, -ENOSPC,
				       "xen-args and kernel-args together are "
				       "too long for grubenv");
		memcpy(block + at, line, len);
		at += len;
	}
	return 0;
}

/* One variable, from @at to the end of its line; returns where the next one begins, or 0. */
static size_t take_line(const char *block, size_t at, struct kv_list *vars)
{
	const char *sep = memchr(block + at, '=', GRUBENV_SIZE - at);
	autofree char *key = NULL;
	autofree char *value = xcalloc(1, GRUBENV_SIZE);
	size_t len = 0;

	if (!sep || sep == block + at)
		return 0;
	key = xasprintf("%.*s", (int)(sep - block - (long)at), block + at);
	if (strchr(key, '\n'))
		return 0;
	for (at = (size_t)(sep - block) + 1; at < GRUBENV_SIZE; at++) {
		if (block[at] == '\n') {
			kv_set(vars, key, value);
			return at + 1;
		}
		if (block[at] == '\\' && ++at == GRUBENV_SIZE)
			break;
		value[len++] = block[at];
	}
	return 0;
}

int grubenv_parse(const char block[GRUBENV_SIZE], struct kv_list *vars,
		  struct pvn_err *err)
{
	size_t at = HEAD_LEN;

	if (memcmp(block, head, HEAD_LEN))
		return pvn_err(err, -EINVAL, "no GRUB environment block");
	/* a name or a value would end there */
	if (memchr(block, '\0', GRUBENV_SIZE))
		at = 0;
	while (at && at < GRUBENV_SIZE && block[at] != '#')
		at = take_line(block, at, vars);
	return at ? 0
		  : pvn_err(err, -EINVAL,
			    "the GRUB environment block is damaged");
}

int grubenv_read(const char *path, struct kv_list *vars, struct pvn_err *err)
{
	autofree uint8_t *block = NULL;
	size_t len;
	int rc = file_read_bytes(path, &block, &len, err);

	if (rc)
		return rc;
	if (len != GRUBENV_SIZE)
		return pvn_err(err, -EINVAL, "'%s' has %zu bytes, expected %d",
			       path, len, GRUBENV_SIZE);
	rc = grubenv_parse((const char *)block, vars, err);
	return rc ? pvn_err_wrap(err, "'%s'", path) : 0;
}

int grubenv_write_in_place(const char *path, const struct kv_list *vars,
			   struct pvn_err *err)
{
	char block[GRUBENV_SIZE];
	int rc = grubenv_make(block, vars, err);

	if (rc)
		return rc;
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", path);
	rc = write_at(fd, block, sizeof(block), 0, path, err);
	if (!rc && fsync(fd))
		rc = pvn_err_errno(err, errno, "cannot write '%s'", path);
	return rc;
}
