/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slot_verify.h: is what a slot holds still what was built? */
#ifndef PVN_SLOT_VERIFY_H
#define PVN_SLOT_VERIFY_H

#include <stdint.h>
#include <stdio.h>
#include "../lib/err.h"
#include "../lib/mem.h"
#include "slots.h"

/* A file as the manifest of a release names it; see images/make-iso. */
struct manifest_file {
	char sha256[65];
	uint64_t bytes;
	const char *path; /* "/boot/xen.gz", in the line */
};

/* Is this line of a manifest about a file? Its end is cut off. A line that is about one and
 * can't be understood is -EBADMSG; one about something else -ENOENT, without a message. */
int manifest_line_parse(char *line, struct manifest_file *file,
			struct pvn_err *err);

/* The text of the manifest of the release in @slot. Caller frees. Mounts as slot_verify(). */
int slot_manifest(const struct slot *slot, char **text_r, struct pvn_err *err);

/* Say to @f which of the parts that both manifests name ("hypervisor=4.20.4") have another version in
 * @new, and which only one of them has. Returns how many. */
size_t manifest_compare(const char *old, const char *new, FILE *f);

struct slot_check {
	size_t files; /* looked at */
	struct strlist damaged; /* paths; one that is not there is damaged, too */
};

/* Compare each file of the release in @slot, as the disk gives it now, with the release's own
 * manifest. Returns 0 also when some are damaged. Zero-initialise *check; free its list. Mounts the
 * slot in a mount namespace of the process' own. */
int slot_verify(const struct slot *slot, struct slot_check *check,
		struct pvn_err *err);

#endif
