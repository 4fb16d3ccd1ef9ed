/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rollback.h: what a rollback that was cut off has left.
 *
 * For each disk a rollback makes guest-NAME+new-DISK, renames the present volume to
 * guest-NAME+old-DISK, gives the new one its place, and when that is done for all removes the old ones. So as long as
 * a new one is there, not all are in their places, and the old ones are put back; when
 * only old ones are there, it was done, and they are removed. The guest's file as it is to be is
 * .NAME.rollback beside it before that, and removed when it is the guest's. */
#ifndef PVN_ROLLBACK_H
#define PVN_ROLLBACK_H

#include "volume.h"

/* Is anything left of one of @guest's? And is it to be undone, not finished? */
bool rollback_is_left(const struct volume_list *volumes, const char *guest);
bool rollback_is_half(const struct volume_list *volumes, const char *guest);

/* The path of the file for the time between; caller frees. And remove that. */
char *rollback_config(const char *guest);
int rollback_drop_config(const char *guest, struct pvn_err *err);

/* Undo or finish @guest's, which must be off. Does nothing where nothing is left. -EBUSY:
 * what is to be removed is in use, see volumes_wait_unused(). Whoever calls holds the commands' lock. */
int rollback_recover(const char *vg, const char *guest, struct pvn_err *err);

/* The same for each guest that is off; one whose volumes are in use is passed over, and without a volume group
 * there is nothing to do. */
int rollback_recover_all(const char *vg, struct pvn_err *err);

#endif
