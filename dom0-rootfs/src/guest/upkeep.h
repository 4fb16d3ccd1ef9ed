/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upkeep.h: 'paravane upkeep [--spare]', which guestd runs when there is time: it
 * finishes what commands left to be done (settle.h), and makes the volumes of a spare
 * (spare.h), whose ID it prints. */
#ifndef PVN_UPKEEP_H
#define PVN_UPKEEP_H

/* Returns an exit code. */
int upkeep_run(int argc, char **argv);

#endif
