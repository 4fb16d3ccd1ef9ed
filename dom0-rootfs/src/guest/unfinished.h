/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unfinished.h: what long commands leave when they are killed or power goes, and how it is
 * known that nobody works at it any more. */
#ifndef PVN_UNFINISHED_H
#define PVN_UNFINISHED_H

#include <stdbool.h>
#include "../lib/err.h"
#include "../lib/mem.h"
#include "template.h"
#include "volume.h"

/* An import makes guest @name: note that down, for as long as it isn't complete. -EBUSY when
 * another does so. */
int unfinished_begin(const char *guest, struct pvn_err *err);
/* It is complete, or nothing is left of it. */
void unfinished_end(const char *guest);

/* -EBUSY when an import makes that guest at this moment. */
int unfinished_check(const char *guest, struct pvn_err *err);

/* Before the names of volumes that a command needs only while it runs. */
#define UNFINISHED_VOLUME "pvn.tmp-"

/* By its name: is it one of these? */
bool unfinished_is_temporary(const char *volume);

/* Was it left where a template was made or replaced? Those that are, @templates, keep theirs. */
bool unfinished_is_templates(const struct volume *volume,
			     const struct template_list *templates);

/* Guests whose import was cut off: a part of them may be there; and forget about one. */
void unfinished_guests(struct strlist *guests);
void unfinished_forget(const char *guest);

/* Those of @all that nobody needs any more. */
void unfinished_volumes(const struct volume_list *all, struct strlist *names);

#endif
