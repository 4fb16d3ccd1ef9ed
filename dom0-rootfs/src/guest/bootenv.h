/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootenv.h: grubenv on the EFI system partition, or on those of both disks of a host with mirrors.
 *
 * GRUB reads and changes the one of the disk that it started from. What differs then is read as one: a try and a
 * rescue that one of them knows no more were taken, starts count where they are most, and which slot is kept
 * the state partition knows. */
#ifndef PVN_BOOTENV_H
#define PVN_BOOTENV_H

#include <stdbool.h>
#include "../lib/err.h"
#include "../lib/kv.h"

struct env_change {
	const char *variable, *value;
};

/* Add the variables to @vars; *uneven_r (may be NULL): they are not the same everywhere. */
int bootenv_read(struct kv_list *vars, bool *uneven_r, struct pvn_err *err);

/* On the disks when it returns; what is not in @changes stays as it is. All get the same where they differed. Not
 * to be written on one of two disks is logged and no failure: md will say the same of it. */
int bootenv_change(const struct env_change *changes, size_t n,
		   struct pvn_err *err);

/* PVN_REFUSED, with the reason, when a GRUB menu on the disks knows no @word. */
int bootenv_check_menu(const char *word, struct pvn_err *err);

/* The one of two variables' lists that holds; see above. For tests. */
void bootenv_merge(struct kv_list *vars, const struct kv_list *other,
		   const char *noted_slot, bool *uneven);

#endif
