/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repair.h: mend what an installed host starts from: its boot loader, and the state partition. */
#ifndef PVN_REPAIR_H
#define PVN_REPAIR_H

#include <stdbool.h>
#include "install.h"

/* What is wrong with the boot loader's parts, and whether the state partition can be looked at. */
struct repair {
	struct install
		in; /* the installation as far as it is known; its steps are not used */
	struct disk disk;
	struct repair *second; /* the same on the other disk of a RAID1; owned */
	bool esp_lost; /* the EFI system partition can't be read: it is made anew */
	bool env_lost; /* grubenv is not there, or another installation's */
	bool files_differ; /* its menu or BOOTX64.EFI are not those of the system that runs */
	bool bios_differs; /* the same of the boot sector and the core image */
	bool without_copy; /* of the state partition, before it is mended */
	bool broken; /* nobody watches: the state partition is not made anew */
	uint64_t state_size; /* of what the state's file system is on */
	bool state_free; /* the state partition is not in use: it can be checked */
	int lock; /* nobody else mounts the EFI system partition */
	struct pvn_err
		loader; /* why its parts can't be looked at or written; code 0: they can */
	bool changed; /* by a step: something was mended */
	struct pvn_plan steps; /* their context is this struct */
};

/* Look at the installation @id; NULL: the one that was started, or the only one that there is.
 * @broken: what starts as it is, is let alone even if it differs. Nothing is changed.
 * repair_free() it whatever is returned. Returns 0, or -ENOENT and others with the reason. */
int repair_look(struct repair *r, const char *id, const char *slot_dir,
		bool broken, struct pvn_err *err);
/* Make the steps of what was found; there may be none. */
void repair_plan(struct repair *r);
/* repair_state.c: what the state partition says of the boot loader, and a step that mends it. */
void repair_look_at_state(struct repair *r);
int repair_state(void *ctx, struct pvn_err *err);
void repair_free(struct repair *r);

#endif
