/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle.h: what may be done a moment after a command has ended.
 *
 * A guest that was made of a spare has volumes of the spare's name, until they get its
 * own. A guest that was destroyed has volumes, listed in a file beside the guests'
 * files, until they are removed. Both are finished by 'paravane upkeep', which guestd
 * starts, and by the next command that would be in the way; also after a power cut.
 * Whoever calls holds the commands' lock. */
#ifndef PVN_SETTLE_H
#define PVN_SETTLE_H

#include <stdbool.h>
#include "../lib/err.h"
#include "../lib/mem.h"

/* Note that @volumes, which @guest had, are to be removed. */
int settle_remove_later(const char *guest, const struct strlist *volumes,
			struct pvn_err *err);

/* Remove the volumes that an earlier guest of the name @guest had. */
int settle_removal(const char *vg, const char *guest, struct pvn_err *err);

/* Finish what concerns @guest. Costs next to nothing when that is nothing. */
int settle_guest(const char *vg, const char *guest, struct pvn_err *err);

/* Removals that failed, and why the first did: as of a volume that is in use in dom0. */
struct settle_stuck {
	struct strlist paths;
	struct pvn_err first;
};

/* Finish one thing, of whatever guest; *more_r: there was one. A removal that fails is
 * in nobody's way: it is added to @stuck, whose .paths the caller frees, and passed over,
 * at once where a volume is in use. */
int settle_one(const char *vg, struct settle_stuck *stuck, bool *more_r,
	       struct pvn_err *err);

/* Finish all, but removals that fail: upkeep tells of those. And a rollback that was cut off,
 * see rollback.h. */
int settle_all(const char *vg, struct pvn_err *err);

/* Remove the volumes of spares that are gone, and tell guestd of those that became
 * guests without its knowing. */
int settle_spares(const char *vg, struct pvn_err *err);

/* Remove all spares, and have none made until a guest is created. */
int settle_forget_spares(const char *vg, struct pvn_err *err);

#endif
