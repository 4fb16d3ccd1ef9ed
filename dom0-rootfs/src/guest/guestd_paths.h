/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestd_paths.h: where guestd is found. */
#ifndef PVN_GUESTD_PATHS_H
#define PVN_GUESTD_PATHS_H

#define GUESTD_SOCKET "/run/guestd.sock"
/* What guestd knows of each guest; the file's first word is its phase. */
#define GUESTD_RECORDS "/run/guestd"
/* What runsv says of it: "run", or "down" also for a second before it is started again. */
#define GUESTD_STATE "/run/service/guestd/supervise/stat"

#endif
