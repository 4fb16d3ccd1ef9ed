/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grubenv.h: GRUB's environment block, a file of fixed size that GRUB writes in place. */
#ifndef PVN_GRUBENV_H
#define PVN_GRUBENV_H

#include "err.h"
#include "kv.h"

#define GRUBENV_SIZE 1024

/* Fill a block in. -ENOSPC when the variables do not fit. */
int grubenv_make(char block[GRUBENV_SIZE], const struct kv_list *vars,
		 struct pvn_err *err);

/* Add the block's variables to @vars. -EINVAL for what is no such block. */
int grubenv_parse(const char block[GRUBENV_SIZE], struct kv_list *vars,
		  struct pvn_err *err);

/* The same with the block that is the file @path. */
int grubenv_read(const char *path, struct kv_list *vars, struct pvn_err *err);

/* Write @vars over the block that is the file @path, as GRUB does: its sectors stay where they are, so
 * that GRUB, which replays no journal, reads the new ones from this moment on. What stands in the first 512 bytes is
 * written as a whole or not at all. -ENOENT: there is no file. */
int grubenv_write_in_place(const char *path, const struct kv_list *vars,
			   struct pvn_err *err);

#endif
