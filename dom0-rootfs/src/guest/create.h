/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create.h: how a guest comes to be: request + facts -> plan. */
#ifndef PVN_CREATE_H
#define PVN_CREATE_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/mem.h"
#include "../lib/plan.h"
#include "guestconf.h"
#include "nic.h"
#include "pool.h"
#include "seed.h"
#include "spare.h"
#include "template.h"
#include "volume.h"

struct create;

/* Where the disk comes from when it is from no template. */
struct create_source {
	struct template template; /* what the guest is to be like; 'disk_bytes' is its disk */
	/* The steps that make the guest's disk. */
	void (*add_steps)(struct pvn_plan *plan, struct create *create);
};

/* Up to which memory and vCPUs may grow while it runs; 0: what it starts with. */
struct grow_opts {
	uint64_t maxmem;
	unsigned int maxvcpus;
};

/* A member 'struct grow_opts grow' of a command's 'struct opts', and this in its table. */
#define GROW_OPTS                                                             \
	OPT("maxmem", OPT_SIZE, grow.maxmem, "SIZE",                          \
	    "up to which its memory may grow while it runs",                  \
	    .min = GUEST_MEMORY_MIN, .max = GUEST_MEMORY_MAX),                \
		OPT("maxvcpus", OPT_UINT, grow.maxvcpus, "N",                 \
		    "the most vCPUs that it may get while it runs", .min = 1, \
		    .max = GUEST_VCPUS_MAX)

/* What the user asks for; strings are borrowed. */
struct create_request {
	const char *name;
	const struct create_source *source; /* NULL: made from a template */
	const char *template;
	uint64_t memory; /* 0: the template's */
	unsigned int vcpus; /* 0: the template's */
	struct grow_opts grow;
	const char *type; /* NULL: the template's */
	uint64_t disk; /* 0: 1 GiB, or the template's if that is larger */
	struct nic_opts nic; /* its interface */
	struct seed_net net;
	struct seed_files files;
	const char *user; /* who logs in; NULL: the template's */
	const char *keys; /* text of a file with public keys; NULL: the host's */
	const char *keys_name; /* that file's name, for messages */
	bool start;
	const char *
		spare; /* make no guest but the spare of that ID; see spare.h */
};

/* What is, before anything is done. */
struct create_facts {
	char *vg;
	char *pool;
	uint64_t memory_free;
	bool pvh; /* the host can run PVH guests */
	struct pool_limits limits;
	struct template_list templates;
	struct volume_list volumes; /* the pool is one of them */
	struct strlist guests; /* names that are taken */
	struct strlist bridges;
	struct strlist macs; /* of all guests; only an import asks for them */
	struct strlist logs; /* names of guests whose console log is kept */
	struct spare_list spares;
	char *host_keys; /* the host's authorized_keys; NULL: none */
	char uuid[37]; /* random, for the guest to be */
	char mac[18];
};

/* Everything that the steps need; made by create_plan(). */
struct create {
	const struct template *template; /* one of the facts' */
	char *name;
	char *vg;
	char *pool;
	char *origin; /* the template's volume */
	char *origin_tag; /* says from which image it was made */
	uint64_t origin_bytes; /* what it has, or will have */
	uint64_t chunk; /* of the pool */
	bool origin_made; /* it is complete and stays, even if a step fails */
	struct recipe recipe; /* what else would have to be alike in a spare */
	char *spare; /* ID of the one that is taken, or NULL */
	const char *uuid, *mac; /* borrowed from the facts */
	char *disk; /* names of the guest's volumes */
	char *seed_volume;
	uint64_t disk_bytes;
	struct seed seed;
	struct guestconf conf;
	char *conf_text;
};

/* Check what can be checked without facts: these are usage errors. */
int create_check(const struct create_request *req, struct pvn_err *err);

/* The plan, or why it can't be (a state error). A pure function. */
int create_plan(const struct create_request *req,
		const struct create_facts *facts, struct create *create,
		struct pvn_plan *plan, struct pvn_err *err);

/* The part of it that is the template's volume, for those who need only that: fill it in, and return
 * whether the volume must be made, as it isn't there or was made from another image. */
bool create_origin(struct create *create, const struct template *template,
		   const char *vg, const char *pool,
		   const struct volume_list *volumes);
/* Is there room in the pool for what is written now? Fills in the pool's chunk. */
int create_check_room(struct create *create, const struct volume_list *volumes,
		      bool make_origin, struct pvn_err *err);
/* Add the step that makes it; @run and @undo are step_origin() and undo_origin(), or call them. */
void create_add_origin(struct pvn_plan *plan, const struct create *create,
		       int (*run)(void *ctx, struct pvn_err *err),
		       int (*undo)(void *ctx, struct pvn_err *err));

void create_free(struct create *create);
void create_facts_free(struct create_facts *facts);

#define auto_create __attribute__((cleanup(create_free)))
#define auto_create_facts __attribute__((cleanup(create_facts_free)))
#define auto_plan __attribute__((cleanup(plan_free)))

/* Gather the facts from this host, or from a file (for tests): key=value with
 * vg, pool, memory-free, pvh (yes or no), template (path of a template.ini, beside the file),
 * log (name of a guest that a console log is kept of), volume ("name|bytes|data%|metadata%|chunk|tags"), guest, bridge, key, uuid, mac,
 * spare ("ID|type|bridge|memory|disk|vcpus", of the last template). */
int create_facts_read(struct create_facts *facts, struct pvn_err *err);
int create_facts_load(struct create_facts *facts, const char *path,
		      struct pvn_err *err);

/* A random UUID (37 bytes, or NULL) and MAC address (18 bytes). */
int create_random(char *uuid, char *mac, struct pvn_err *err);

/* Is it a guest's name, [a-z0-9]([a-z0-9-]{0,28}[a-z0-9])? */
int guest_name_check(const char *name, struct pvn_err *err);

/* What Xen needs free for a guest with so much memory. */
uint64_t guest_memory_need(uint64_t memory);

/* The steps; the context is a struct create. */
int step_log_aside(void *ctx, struct pvn_err *err);
int undo_log_aside(void *ctx, struct pvn_err *err);
int step_origin(void *ctx, struct pvn_err *err);
int undo_origin(void *ctx, struct pvn_err *err);
int step_take(void *ctx, struct pvn_err *err);
int undo_take(void *ctx, struct pvn_err *err);
int step_disk(void *ctx, struct pvn_err *err);
int undo_disk(void *ctx, struct pvn_err *err);
int step_resize(void *ctx, struct pvn_err *err);
int step_seed_volume(void *ctx, struct pvn_err *err);
int undo_seed_volume(void *ctx, struct pvn_err *err);
int step_seed(void *ctx, struct pvn_err *err);
int step_config(void *ctx, struct pvn_err *err);
int undo_config(void *ctx, struct pvn_err *err);
int step_start(void *ctx, struct pvn_err *err);
int undo_start(void *ctx, struct pvn_err *err);

#endif
