/* SPDX-License-Identifier: GPL-2.0-or-later */
/* choose.h: which disks the answers mean. Pure. */
#ifndef PVN_CHOOSE_H
#define PVN_CHOOSE_H

#include "answers.h"
#include "facts.h"

/* The @want disks that match [disk], into @chosen, in the order of the facts; as many must match, no
 * more and no fewer, and Paravane must be installable on each. Optical drives, drives without medium and the
 * boot medium count only where they are all that matches, to say why they can't be meant.
 * Returns 0, or -EPERM with the reason of the refusal. */
int disks_choose(const struct facts *facts, const struct answers *answers,
		 size_t want, const struct disk **chosen, struct pvn_err *err);

/* Is something on the @n disks on another disk, too, which would be left with a part of it?
 * Returns 0, or -EPERM with both disks' names. */
int disks_check_spans(const struct disk *const *disks, size_t n,
		      struct pvn_err *err);

/* After a refusal: where no disk matches, a line for each on which key it is that says so. */
void disks_print_mismatches(const struct facts *facts,
			    const struct answers *answers, FILE *f);

#endif
