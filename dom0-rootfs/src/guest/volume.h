/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.h: thin volumes, through LVM's own commands. */
#ifndef PVN_VOLUME_H
#define PVN_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/mem.h"

/* LVM's extent size in our VGs; sizes are rounded up to it. */
#define VOLUME_EXTENT (4 * 1024 * 1024ULL)

/* The tag of a template's volume while it is made, or replaced: without a template.ini that
 * names it, it is a leftover. */
#define VOLUME_UNFINISHED "unfinished"

struct volume {
	char *name;
	uint64_t size;
	double used_percent; /* of data; negative: not known, it is not active */
	double meta_percent; /* of the pool's metadata; negative: no pool */
	uint64_t chunk; /* of the pool; 0 for others */
	char *tags; /* comma separated */
};

struct volume_list {
	struct volume *v;
	size_t n;
};

/* All volumes of a VG; the list must be zero-initialised. LVM is asked only when its
 * metadata has changed since it was asked last; how much of a pool is used, the kernel tells. */
int volumes_read(const char *vg, struct volume_list *list, struct pvn_err *err);
/* And how much of each volume: one question more for each. */
void volumes_measure(const char *vg, struct volume_list *list);
/* The same from the text that 'lvs' printed. */
int volumes_parse(struct volume_list *list, const char *text,
		  struct pvn_err *err);
void volumes_free(struct volume_list *list);

#define auto_volumes __attribute__((cleanup(volumes_free)))

const struct volume *volumes_find(const struct volume_list *list,
				  const char *name);
uint64_t volume_used(const struct volume *v);
bool volume_has_tag(const struct volume *v, const char *tag);

/* Is @volume one of guest @guest's: its disks ("guest-<name>-xvda", "guest-<name>-seed"), its
 * snapshots ("guest-<name>.<snapshot>-xvda"), or what a rollback that was cut off
 * has left ("guest-<name>+...")? No guest's name has '.' or '+'. */
bool volume_is_guests(const char *volume, const char *guest);

/* Is it of that snapshot of the guest? */
bool volume_is_snapshot(const char *volume, const char *guest,
			const char *snapshot);

/* Has a guest of that name left no volume? */
int volumes_check_free(const struct volume_list *list, const char *guest,
		       struct pvn_err *err);

/* Each makes an active volume, with its node in /dev/<vg>/. @tag may be NULL. */
int volume_create(const char *vg, const char *pool, const char *name,
		  uint64_t size, const char *tag, struct pvn_err *err);
int volume_snapshot(const char *vg, const char *origin, const char *name,
		    struct pvn_err *err);
int volume_extend(const char *vg, const char *name, uint64_t size,
		  struct pvn_err *err);
/* Make it larger or smaller. What is cut off is lost. */
int volume_resize(const char *vg, const char *name, uint64_t size,
		  struct pvn_err *err);
int volume_rename(const char *vg, const char *from, const char *to,
		  struct pvn_err *err);
/* Names of the volumes that are snapshots of @origin. */
int volume_dependents(const char *vg, const char *origin, struct strlist *names,
		      struct pvn_err *err);
int volume_tag(const char *vg, const char *name, const char *tag,
	       struct pvn_err *err);
int volume_untag(const char *vg, const char *name, const char *tag,
		 struct pvn_err *err);
/* Make it read-only and inactive. */
int volume_freeze(const char *vg, const char *name, struct pvn_err *err);
/* @path is /dev/<vg>/<name> or <vg>/<name>. */
int volume_activate(const char *path, struct pvn_err *err);
/* -EBUSY if dom0's kernel has one of @names mounted or mapped; what blkback has open, and
 * one that isn't there, is no error. */
int volumes_check_unheld(const char *vg, const struct strlist *names,
			 struct pvn_err *err);
/* -EBUSY if anything has one of @names open now, blkback too. */
int volumes_check_unused(const char *vg, const struct strlist *names,
			 struct pvn_err *err);
/* The same once more and more, for 10 s; one that is held, see above, is refused at once. */
int volumes_wait_unused(const char *vg, const struct strlist *names,
			struct pvn_err *err);
/* Is one of @names there? */
int volumes_any_left(const char *vg, const struct strlist *names, bool *any_r,
		     struct pvn_err *err);
/* A volume that isn't there is no error. One that is held, see above, is refused at once; one
 * that is in use otherwise is waited for, 10 s. */
int volume_remove(const char *vg, const char *name, struct pvn_err *err);
int volumes_remove(const char *vg, const struct strlist *names,
		   struct pvn_err *err);

#endif
