/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create.c: plan the making of a guest. No I/O happens here. */
#include <errno.h>
#include <string.h>
#include "../lib/size.h"
#include "create.h"
#include "guesttype.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define MAX_NAME 30
#define SEED_BYTES (4 * MIB)
/* What must stay free in the pool for the guest to write its first data. */
#define POOL_RESERVE (64 * MIB)
/* Xen's own cost of a guest: fixed (domain, vCPUs, grant tables) and per byte of
 * its memory. */
#define GUEST_OVERHEAD (4 * MIB)
#define GUEST_OVERHEAD_SHARE 128

int guest_name_check(const char *name, struct pvn_err *err)
{
	size_t len = strlen(name);

	if (len < 1 || len > MAX_NAME || strspn(name, NAME_CHARS) != len ||
	    name[0] == '-' || name[len - 1] == '-')
		return pvn_err(
			err, -EINVAL,
			"'%.40s' is no name for a guest: 1 to %d of a-z, 0-9 and '-', which neither begins nor ends it",
			name, MAX_NAME);
	return 0;
}

int create_check(const struct create_request *req, struct pvn_err *err)
{
	auto_strlist struct strlist keys = { 0 };
	int rc;

	rc = guest_name_check(req->name, err);
	if (rc)
		return rc;
	if (req->memory % MIB || req->grow.maxmem % MIB)
		return pvn_err(err, -EINVAL,
			       "'--%s' is not a whole number of MiB",
			       req->memory % MIB ? "memory" : "maxmem");
	if (req->type && !guesttype_known(req->type))
		return pvn_err(err, -EINVAL,
			       "'--type %.40s': expected 'auto', 'pv' or 'pvh'",
			       req->type);
	rc = nic_check(&req->nic, err);
	if (!rc)
		rc = seed_net_check(&req->net, err);
	if (!rc)
		rc = seed_files_check(&req->files, &req->net, req->user,
				      req->keys != NULL, err);
	if (rc || !req->keys)
		return rc;
	return seed_keys_parse(req->keys, req->keys_name, &keys, err);
}

static int check_name_free(const char *name, const struct create_facts *facts,
			   struct pvn_err *err)
{
	if (strlist_has(&facts->guests, name))
		return pvn_err(err, -EEXIST, "there is a guest '%s' already",
			       name);
	return volumes_check_free(&facts->volumes, name, err);
}

uint64_t guest_memory_need(uint64_t memory)
{
	return memory + memory / GUEST_OVERHEAD_SHARE + GUEST_OVERHEAD;
}

static int check_memory(const struct create *create,
			const struct create_facts *facts, struct pvn_err *err)
{
	uint64_t need = guest_memory_need(create->conf.memory_bytes);
	char want[16], have[16];

	if (need <= facts->memory_free)
		return 0;
	return pvn_err(
		err, -ENOMEM,
		"not enough memory to start '%s': it needs %s, the host has %s free",
		create->name, size_print(need, want),
		size_print(facts->memory_free, have));
}

/* Thin volumes may promise more than the pool has; what must be there is room
 * for what is written now. */
int create_check_room(struct create *create, const struct volume_list *volumes,
		      bool make_origin, struct pvn_err *err)
{
	const struct volume *pool = volumes_find(volumes, create->pool);
	uint64_t need = POOL_RESERVE;
	uint64_t left;
	char want[16], have[16];

	if (!pool)
		return pvn_err(err, -ENOENT,
			       "no pool '%s' in volume group '%s'",
			       create->pool, create->vg);
	create->chunk = pool->chunk;
	left = pool->size - volume_used(pool);
	if (make_origin)
		need += create->template->disk_bytes;
	if (create->disk_bytes > pool->size)
		return pvn_err(
			err, -ENOSPC,
			"a disk of %s is larger than the whole pool (%s)",
			size_print(create->disk_bytes, want),
			size_print(pool->size, have));
	if (left < need)
		return pvn_err(
			err, -ENOSPC,
			"not enough space in the pool: %s needed, %s free",
			size_print(need, want), size_print(left, have));
	return 0;
}

static int check_pool(struct create *create, const struct create_facts *facts,
		      bool make_origin, struct pvn_err *err)
{
	const struct volume *pool = volumes_find(&facts->volumes, facts->pool);
	int rc = create_check_room(create, &facts->volumes, make_origin, err);

	if (rc)
		return rc;
	return pool_admit(&facts->limits, pool, pool_committed(&facts->volumes),
			  create->disk_bytes, err);
}

static uint64_t whole_extents(uint64_t bytes)
{
	return (bytes + VOLUME_EXTENT - 1) / VOLUME_EXTENT * VOLUME_EXTENT;
}

static int choose_disk(struct create *create, const struct create_request *req,
		       struct pvn_err *err)
{
	uint64_t least = create->template->disk_bytes;
	uint64_t bytes = req->disk;
	char want[16], have[16];

	if (!bytes && req->source)
		bytes = least;
	if (!bytes)
		bytes = template_volume_bytes(create->template);
	if (bytes < least && req->source)
		return pvn_err(
			err, -EINVAL,
			"a disk of %s is too small for the image, which has %s",
			size_print(bytes, want), size_print(least, have));
	if (bytes < least)
		return pvn_err(
			err, -EINVAL,
			"a disk of %s is too small for template '%s', which needs %s",
			size_print(bytes, want), create->template->name,
			size_print(least, have));
	create->disk_bytes = whole_extents(bytes);
	return 0;
}

static const char *login_user(const struct create *create,
			      const struct create_request *req)
{
	return req->user ? req->user : create->template->user;
}

static int make_seed(struct create *create, const struct create_request *req,
		     const struct create_facts *facts, struct pvn_err *err)
{
	auto_strlist struct strlist keys = { 0 };
	const char *text = req->keys ? req->keys : facts->host_keys;
	int rc = 0;

	/* user-data of the user's own has all that he wants in there */
	if (!text && !req->files.v[SEED_USER_DATA].path)
		return pvn_err(
			err, -ENOENT,
			"the host has no ssh keys to give to the guest, use '--ssh-key-file'");
	if (text)
		rc = seed_keys_parse(
			text, req->keys ? req->keys_name : "authorized_keys",
			&keys, err);
	if (rc)
		return rc;
	seed_make(&create->seed, create->name, create->uuid, create->mac,
		  login_user(create, req), &keys, &req->net, &req->files);
	return 0;
}

static const char *wanted_type(const struct create *create,
			       const struct create_request *req)
{
	return req->type ? req->type : create->template->type;
}

static uint64_t wanted_memory(const struct create *create,
			      const struct create_request *req)
{
	return req->memory ? req->memory
			   : create->template->memory_bytes / MIB * MIB;
}

static unsigned int wanted_vcpus(const struct create *create,
				 const struct create_request *req)
{
	return req->vcpus ? req->vcpus : create->template->vcpus;
}

/* A template or an image may name anything. */
static int check_wanted(const struct create *create,
			const struct create_request *req, struct pvn_err *err)
{
	const uint64_t memory = wanted_memory(create, req);
	const unsigned int vcpus = wanted_vcpus(create, req);
	char size[16];

	if (memory < GUEST_MEMORY_MIN || memory > GUEST_MEMORY_MAX)
		return pvn_err(
			err, -EINVAL,
			"what guest '%s' is made from has %s of memory, expected 16 MiB to 1 TiB: give it another with --memory",
			create->name, size_print(memory, size));
	if (!vcpus || vcpus > GUEST_VCPUS_MAX)
		return pvn_err(
			err, -EINVAL,
			"what guest '%s' is made from has %u vCPUs, expected 1 to %d: give it others with --vcpus",
			create->name, vcpus, GUEST_VCPUS_MAX);
	if (req->grow.maxmem && req->grow.maxmem < memory)
		return pvn_err(err, -EINVAL,
			       "'--maxmem' is less than its memory, %s",
			       size_print(memory, size));
	if (req->grow.maxvcpus && req->grow.maxvcpus < vcpus)
		return pvn_err(err, -EINVAL,
			       "'--maxvcpus' is less than its vCPUs, %u",
			       vcpus);
	return 0;
}

static void make_recipe(struct create *create, const struct create_request *req,
			const struct create_facts *facts)
{
	const struct template *t = create->template;
	struct guestconf conf = { 0 };
	char *type;

	guesttype_set(&conf, wanted_type(create, req), facts->pvh);
	type = steal_ptr(&conf.type);
	create->recipe = (struct recipe){
		.template = xstrdup(t->name),
		.version = xstrdup(t->version),
		.sha256 = xstrdup(t->sha256 ? t->sha256 : ""),
		.type = type,
		.bridge = xstrdup(req->nic.bridge),
		.memory_bytes = wanted_memory(create, req),
		.disk_bytes = create->disk_bytes,
		.vcpus = wanted_vcpus(create, req),
	};
	guestconf_free(&conf);
}

/* A guest that is to run, and in nothing but name, seed and address unlike a spare, is made of
 * that. How much its interface may send, and into which VLAN, is settled when a spare is made. */
static void find_spare(struct create *create, const struct create_request *req,
		       const struct create_facts *facts)
{
	const struct spare *spare = NULL;

	if (req->start && !req->spare && !req->nic.rate && !req->nic.vlan &&
	    !req->grow.maxmem && !req->grow.maxvcpus)
		spare = spares_find(&facts->spares, &create->recipe);
	if (!spare)
		return;
	create->spare = xstrdup(spare->id);
	create->uuid = spare->uuid;
	create->mac = spare->mac;
}

static void name_volumes(struct create *create,
			 const struct create_request *req)
{
	const char *spare = create->spare ? create->spare : req->spare;

	if (spare) {
		create->disk = spare_volume(spare, "xvda");
		create->seed_volume = spare_volume(spare, "seed");
	} else {
		create->disk = xasprintf("guest-%s-xvda", req->name);
		create->seed_volume = xasprintf("guest-%s-seed", req->name);
	}
}

static void make_conf(struct create *create, const struct create_request *req,
		      const struct create_facts *facts)
{
	const struct template *t = create->template;
	struct guestconf *conf = &create->conf;

	conf->path = req->spare ? spare_path("", req->spare, ".cfg")
				: guestconf_path(req->name);
	conf->name = req->spare ? xasprintf(SPARE_DOMAIN "%s", req->spare)
				: xstrdup(req->name);
	conf->uuid = xstrdup(create->uuid);
	conf->kernel = xstrdup(t->kernel);
	guesttype_set(conf, wanted_type(create, req), facts->pvh);
	conf->cmdline = xstrdup(t->cmdline);
	if (!req->source) {
		conf->template = xstrdup(t->name);
		conf->version = xstrdup(t->version);
	}
	conf->memory_bytes = wanted_memory(create, req);
	conf->vcpus = wanted_vcpus(create, req);
	conf->maxmem_bytes = req->grow.maxmem;
	conf->maxvcpus = req->grow.maxvcpus;
	conf->disks = xcalloc(2, sizeof(*conf->disks));
	conf->n_disks = 2;
	conf->disks[0] = (struct conf_disk){
		.path = xasprintf("/dev/%s/%s", create->vg, create->disk),
		.vdev = xstrdup("xvda"),
		.writable = true,
	};
	conf->disks[1] = (struct conf_disk){
		.path = xasprintf("/dev/%s/%s", create->vg,
				  create->seed_volume),
		.vdev = xstrdup("xvdb"),
	};
	conf->vifs = xcalloc(1, sizeof(*conf->vifs));
	conf->n_vifs = 1;
	conf->vifs[0] = (struct conf_vif){
		.mac = xstrdup(create->mac),
		.bridge = xstrdup(req->nic.bridge),
		.rate = req->nic.rate ? xstrdup(req->nic.rate) : NULL,
		.vlan = req->nic.vlan ? xstrdup(req->nic.vlan) : NULL,
	};
	if (req->net.address) /* and from no other will it be heard */
		conf->vifs[0].ip =
			xasprintf("%.*s", (int)strcspn(req->net.address, "/"),
				  req->net.address);
	conf->user = xstrdup(login_user(create, req));
	create->conf_text = guestconf_text(conf);
}

void create_add_origin(struct pvn_plan *plan, const struct create *create,
		       int (*run)(void *ctx, struct pvn_err *err),
		       int (*undo)(void *ctx, struct pvn_err *err))
{
	const struct template *t = create->template;
	char size[16];

	plan_add(plan, "template", run, undo,
		 "make volume '%s' (%s) from '%s/%s'", create->origin,
		 size_print(create->origin_bytes, size), t->dir, t->disk);
}

static void add_disk_steps(struct pvn_plan *plan, const struct create *create,
			   bool make_origin)
{
	char size[16];

	if (make_origin)
		create_add_origin(plan, create, step_origin, undo_origin);
	plan_add(plan, "disk", step_disk, undo_disk,
		 "make volume '%s' as a snapshot of '%s'", create->disk,
		 create->origin);
	if (create->disk_bytes != create->origin_bytes)
		plan_add(plan, "resize", step_resize, NULL,
			 "resize volume '%s' to %s", create->disk,
			 size_print(create->disk_bytes, size));
}

static void add_seed_volume(struct pvn_plan *plan, const struct create *create)
{
	char size[16];

	plan_add(plan, "seed-volume", step_seed_volume, undo_seed_volume,
		 "make volume '%s' (%s)", create->seed_volume,
		 size_print(SEED_BYTES, size));
}

static void add_config(struct pvn_plan *plan, const struct create *create)
{
	plan_add(plan, "config", step_config, undo_config,
		 "write '%s' for a %s guest", create->conf.path,
		 create->conf.type);
}

static void add_steps(struct pvn_plan *plan, const struct create *create,
		      bool start)
{
	char size[16];

	plan_add(plan, "seed", step_seed, NULL,
		 "write the guest's name, keys and network to '%s'",
		 create->seed_volume);
	add_config(plan, create);
	if (start)
		plan_add(plan, "start", step_start, undo_start,
			 "start guest '%s' with %s and %u vCPU%s", create->name,
			 size_print(create->conf.memory_bytes, size),
			 create->conf.vcpus,
			 create->conf.vcpus == 1 ? "" : "s");
}

/* A volume made from another image of the same version is replaced. */
bool create_origin(struct create *create, const struct template *template,
		   const char *vg, const char *pool,
		   const struct volume_list *volumes)
{
	const struct volume *v;
	bool missing;

	create->template = template;
	create->vg = xstrdup(vg);
	create->pool = xstrdup(pool);
	create->origin = template_volume(template);
	create->origin_tag = xasprintf("sha256_%.16s", template->sha256);
	v = volumes_find(volumes, create->origin);
	missing = !v || !volume_has_tag(v, create->origin_tag);
	create->origin_bytes =
		missing ? whole_extents(template_volume_bytes(template))
			: v->size;
	return missing;
}

static void make_steps(struct pvn_plan *plan, struct create *create,
		       const struct create_request *req,
		       const struct create_facts *facts, bool make_origin)
{
	if (!req->spare && strlist_has(&facts->logs, req->name))
		plan_add(plan, "log", step_log_aside, undo_log_aside,
			 "set the console log of an earlier '%s' aside",
			 req->name);
	if (req->source)
		req->source->add_steps(plan, create);
	else if (create->spare)
		plan_add(
			plan, "take", step_take, undo_take,
			"take volume '%s' and its domain, which are made already",
			create->disk);
	else
		add_disk_steps(plan, create, make_origin);
	if (!create->spare)
		add_seed_volume(plan, create);
	if (req->spare)
		add_config(plan, create);
	else
		add_steps(plan, create, req->start);
}

int create_plan(const struct create_request *req,
		const struct create_facts *facts, struct create *create,
		struct pvn_plan *plan, struct pvn_err *err)
{
	bool make_origin;
	int rc = 0;

	*create = (struct create){ 0 };
	create->template = req->source ? &req->source->template
				       : templates_find(&facts->templates,
							req->template, err);
	if (!create->template)
		return err->code;
	create->name = xstrdup(req->name);
	make_origin = create_origin(create, create->template, facts->vg,
				    facts->pool, &facts->volumes) &&
		      !req->source;
	create->uuid = facts->uuid;
	create->mac = facts->mac;
	if (!req->spare)
		rc = check_name_free(req->name, facts, err);
	if (!rc)
		rc = nic_bridge_check(req->nic.bridge, &facts->bridges, err);
	if (!rc && req->net.address)
		rc = nic_fixed_check(req->nic.bridge, err);
	if (!rc)
		rc = check_wanted(create, req, err);
	if (!rc)
		rc = guesttype_check(wanted_type(create, req), facts->pvh, err);
	if (!rc)
		rc = choose_disk(create, req, err);
	if (!rc)
		rc = check_pool(create, facts, make_origin, err);
	if (rc)
		return rc;
	if (!req->source) {
		make_recipe(create, req, facts);
		find_spare(create, req, facts);
	}
	name_volumes(create, req);
	if (!req->spare)
		rc = make_seed(create, req, facts, err);
	if (rc)
		return rc;
	make_conf(create, req, facts);
	if (req->start && !create->spare)
		rc = check_memory(create, facts, err);
	if (!rc)
		make_steps(plan, create, req, facts, make_origin);
	return rc;
}

void create_free(struct create *create)
{
	free(create->name);
	free(create->vg);
	free(create->pool);
	free(create->origin);
	free(create->origin_tag);
	free(create->disk);
	free(create->seed_volume);
	free(create->spare);
	recipe_free(&create->recipe);
	free(create->conf_text);
	seed_free(&create->seed);
	guestconf_free(&create->conf);
	*create = (struct create){ 0 };
}
