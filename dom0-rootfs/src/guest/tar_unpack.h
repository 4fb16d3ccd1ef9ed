/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tar_unpack.h: unpack a root filesystem that a stranger made. */
#ifndef PVN_TAR_UNPACK_H
#define PVN_TAR_UNPACK_H

#include "tar.h"

/* Unpack all members below the folder @root. A name with '..' in it, and one that goes through
 * a symbolic link, are refused (PVN_REFUSED): an archive of a root filesystem has
 * neither, and both are how archives get out of where they are unpacked. Owners are set
 * where we are root. More than @room bytes of data are -ENOSPC, and a full disk is. */
int tar_unpack(struct tar *tar, int root, uint64_t room, struct pvn_err *err);

#endif
