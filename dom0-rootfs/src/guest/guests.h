/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guests.h: all guests of this host, brought together from their configuration
 * files, Xen's domains and LVM's volumes. */
#ifndef PVN_GUESTS_H
#define PVN_GUESTS_H

#include <stdbool.h>
#include "../lib/err.h"
#include "../lib/mem.h"
#include "domain.h"
#include "guestconf.h"
#include "host.h"
#include "volume.h"

struct guest {
	char *name; /* the file's name without .cfg, or the domain's */
	bool has_conf;
	struct guestconf conf;
	char *conf_error; /* why the file can't be used, or NULL */
	const struct domain *domain; /* NULL: it is not running */
};

struct guest_set {
	struct guest *v;
	size_t n;
	struct host host;
	struct domain_list domains;
	struct volume_list volumes;
	bool pvh; /* the host can run PVH guests */
	bool loaded; /* from a file, by guests_load() */
	uint64_t memory_free; /* only when it is */
	struct strlist bridges; /* the same */
	struct strlist logs; /* only when it is, see guests_has_log() */
};

/* Read everything; the set must be zero-initialised. Guests are sorted by name. */
int guests_read(struct guest_set *set, struct pvn_err *err);

/* How much of each volume is used is not known before. */
void guests_measure(struct guest_set *set);
/* The same from a file of facts (for tests), key=value with vg, pool, memory-free, pvh (yes or no), bridge, volume
 * ("name|bytes|data%|metadata%|chunk|tags"), config (path of an xl.cfg, beside
 * the file), log (name of a guest that a console log is kept of) and domain ("name|id|running|512|4", with the most MiB and vCPUs that it
 * may have). */
int guests_load(struct guest_set *set, const char *path, struct pvn_err *err);
void guests_free(struct guest_set *set);

#define auto_guests __attribute__((cleanup(guests_free)))

/* What the host has free for guests, with what spares have, see spare.h. */
int guests_memory_free(const struct guest_set *set, uint64_t *bytes_r,
		       struct pvn_err *err);

/* Names of the host's bridges. */
void guests_bridges(const struct guest_set *set, struct strlist *list);

/* Have spares removed if so much is not free without. */
int guests_make_room(uint64_t bytes, struct pvn_err *err);

/* The guest of that name, or NULL and "no guest '...'". */
struct guest *guests_find(const struct guest_set *set, const char *name,
			  struct pvn_err *err);

/* Append the names of all configuration files. */
void guests_conf_names(struct strlist *names);

/* Append the MAC addresses in all configuration files. */
void guests_conf_macs(struct strlist *macs);

/* Is a console log kept of a guest of that name, which may be gone? */
bool guests_has_log(const struct guest_set *set, const char *name);

/* The volume behind a disk, or NULL when it is none of our VG. */
const struct volume *guests_disk_volume(const struct guest_set *set,
					const struct conf_disk *disk);

/* Has the pool room for @more bytes of disks? */
int guests_admit(const struct guest_set *set, uint64_t more,
		 struct pvn_err *err);

/* Is it stopped, and will it stay so? A guest without a domain may be one that
 * guestd is about to start again. */
bool guest_is_off(const struct guest *guest);

/* Is the name free for a new guest: no guest, and no volume that one has left? */
int guests_check_free(const struct guest_set *set, const char *name,
		      struct pvn_err *err);

/* Is a disk of @guest's file there under the name that it had as one of a guest @to, and not under its own? */
bool guests_has_moved(const struct guest_set *set, const struct guest *guest,
		      const char *to);
/* Are the two one guest, of which a rename that was cut off has left both files? */
bool guests_is_renamed(const struct guest_set *set, const struct guest *from,
		       const struct guest *to);

/* What is behind "guest-<name>" in the name of a disk's volume ("-xvda"), which need not
 * be there; NULL: it is none of the guest's own. */
const char *guests_own_disk(const struct guest_set *set,
			    const struct guest *guest,
			    const struct conf_disk *disk);

/* In @text, the text of @guest's file, make disk @i that of guest @to, if it is
 * one of the guest's own volumes. */
int guests_move_disk(const struct guest_set *set, const struct guest *guest,
		     const char *to, size_t i, char **text,
		     struct pvn_err *err);

/* The object of one disk: name, path, writable, size_bytes, used_bytes. */
struct json;
void guests_json_disk(struct json *j, const struct guest_set *set,
		      const struct conf_disk *disk);

/* "running", "stopped" ...; what runs counts more than what is in the file. */
const char *guest_state(const struct guest *guest);
/* Why it is so, when it was not a person's wish; or NULL. */
const char *guest_reason(const struct guest *guest);
const char *guest_type(const struct guest *guest);
/* "pv", or "pv (auto)"; NULL: not known. Caller frees. */
char *guest_type_text(const struct guest *guest);
uint64_t guest_memory(const struct guest *guest);
unsigned int guest_vcpus(const struct guest *guest);
/* Size of its writable volumes together, and what of that is in use (at least: where it
 * isn't active, that is not known); 0: not known. */
uint64_t guest_disk_bytes(const struct guest_set *set,
			  const struct guest *guest, uint64_t *used_r);
/* Where it is reached while it runs as @domid: what it says itself, or else the
 * first address that its file gives to its first interface, or that nat0 gives it, or that it
 * was seen to use. NULL: not known. Caller frees. */
struct store;
char *guest_address(struct store *store, const struct guest *guest,
		    uint32_t domid);
/* Seconds since it started; negative: not running, or not known. */
int64_t guest_uptime(const struct guest *guest);

#endif
