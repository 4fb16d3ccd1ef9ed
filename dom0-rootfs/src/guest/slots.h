/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots.h: the two slots of an installed host, what is in them, and which one starts.
 *
 * Two places say it. grubenv on the EFI system partition decides what starts: 'slot' is kept
 * until it is changed, 'try' is started once and forgotten by GRUB before it starts, and 'starts'
 * has an x for each start since the kept one last came up, or 'o' when it is the other one's turn
 * for that. The notes on the state partition remember what became of it. */
#ifndef PVN_SLOTS_H
#define PVN_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/kv.h"
#include "../lib/mem.h"

#define N_SLOTS 2
/* The notes, key=value: try=SLOT while it is not known what becomes of it, network=yes when there
 * was one before, failed-VERSION=why. */
#define PATH_SLOT_NOTES "/state/slots"

struct slot {
	char name; /* 'a' or 'b' */
	char *device; /* "/dev/vda3" */
	struct strlist
		copies; /* the same on the host's other disk, if there is one */
	uint64_t size; /* of the partition, bytes */
	uint64_t iso_bytes;
	char *version; /* NULL: there is no release in it */
	int64_t verified; /* when all of it was last read (s since 1970); 0: not known */
	bool damaged; /* and was not what was built */
};

struct slots {
	struct slot v[N_SLOTS];
	struct slot *booted; /* in v */
	struct slot *other; /* in v */
	bool trying; /* this boot is the try of 'booted', which is not kept yet */
	char kept; /* what starts when nothing is tried */
	char next_try; /* what the next start tries, or 0 */
	bool counted; /* starts of the one that is kept, since it last came up */
	bool uneven; /* this is not said the same on both disks */
	bool fallen; /* it did not, and this is the other one's turn */
	struct kv_list notes;
};

#define auto_slots __attribute__((cleanup(slots_free)))

/* Read all of it; zero-initialise *slots. A host that was not started from a slot is an error. */
int slots_read(struct slots *slots, struct pvn_err *err);
void slots_free(struct slots *slots);

/* Why a release of this version was given up; NULL: it was not. */
const char *slots_failed(const struct slots *slots, const char *version);

/* Note on the state partition what came of reading all of a slot; see 'verified'. */
int slot_note_verified(const struct slot *slot, const char *version,
		       bool damaged, struct pvn_err *err);
/* Nothing is known of what is in it. */
void slot_forget_verified(const struct slot *slot);

/* Write the notes as they are now. */
int slots_write_notes(struct slots *slots, struct pvn_err *err);
void slots_note_failure(struct slots *slots, const char *version,
			const char *why);
void slots_forget_failure(struct slots *slots, const char *version);

/* The next start tries slot @name; 0: none. In grubenv, on the disk when it returns. */
int slots_set_try(char name, struct pvn_err *err);
/* So many starts without coming up, and the other slot has its turn; see images/boot/esp.cfg. */
#define SLOT_STARTS 3
/* The one that is kept has come up. */
int slots_came_up(struct pvn_err *err);
/* Slot @name is the one that starts from now on. */
int slots_keep(char name, struct pvn_err *err);

/* The next start is into the rescue system, or not. PVN_REFUSED where GRUB's menu does not know how. */
int slots_set_rescue(bool wanted, struct pvn_err *err);
/* Note on the state partition what grubenv says for longer than one start, in its own form: should that
 * be lost, GRUB reads this, and 'host repair' writes it anew. */
#define PATH_BOOT_NOTES "/state/boot"
int slots_back_up(struct pvn_err *err);

/* The start of an ISO, as much as slot_head_parse() needs. */
#define SLOT_HEAD_BYTES ((size_t)64 * 1024)

/* What a release says of itself in the volume descriptor: its version (caller frees) and size.
 * -EINVAL for what is no release. */
int slot_head_parse(const unsigned char *head, char **version_r,
		    uint64_t *bytes_r, struct pvn_err *err);

/* < 0, 0 or > 0, as strcmp(): numbers with dots between them. */
int version_compare(const char *a, const char *b);

#endif
