/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create_facts.c: gather the facts that a guest is planned by. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "../lib/file.h"
#include "../lib/kv.h"
#include "../lib/size.h"
#include "consolelog.h"
#include "create.h"
#include "domain.h"
#include "guests.h"
#include "host.h"

int create_random(char *uuid, char *mac, struct pvn_err *err)
{
	unsigned char r[19];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return pvn_err_errno(err, errno, "no random numbers");
	r[6] = (r[6] & 0x0f) | 0x40; /* version 4 ... */
	r[8] = (r[8] & 0x3f) | 0x80; /* ... of RFC 4122's kind */
	if (uuid)
		snprintf(
			uuid, 37,
			"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8],
			r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
	/* Xen's own block of MAC addresses */
	snprintf(mac, 18, "00:16:3e:%02x:%02x:%02x", r[16] & 0x7f, r[17],
		 r[18]);
	return 0;
}

static int read_names(struct create_facts *facts, struct pvn_err *err)
{
	auto_domains struct domain_list domains = { 0 };
	int rc;

	rc = domains_read_by_guestd(&domains, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < domains.n; i++)
		strlist_add(&facts->guests, domains.v[i].name);
	guests_conf_names(&facts->guests);
	facts->memory_free += domains.spare_memory;
	return 0;
}

int create_facts_read(struct create_facts *facts, struct pvn_err *err)
{
	auto_host struct host host = { 0 };
	struct domain_host xen = { 0 };
	struct pvn_err ignored;
	int rc;

	rc = host_read(&host, err);
	if (!rc)
		rc = templates_read_host(&facts->templates, err);
	if (!rc)
		rc = volumes_read(host.vg, &facts->volumes, err);
	if (!rc)
		rc = pool_measure_in(&facts->volumes, host.vg, host.pool, err);
	if (!rc)
		rc = pool_limits_read(&facts->limits, err);
	if (!rc)
		rc = read_names(facts, err);
	if (!rc)
		rc = domain_host_read(&xen, err);
	if (!rc)
		rc = create_random(facts->uuid, facts->mac, err);
	if (rc)
		return rc;
	facts->vg = steal_ptr(&host.vg);
	facts->pool = steal_ptr(&host.pool);
	facts->memory_free += xen.memory_free;
	facts->pvh = xen.pvh;
	host_bridges(&facts->bridges);
	consolelogs_names(&facts->logs);
	spares_read(&facts->spares);
	if (file_exists(PATH_KEYS) &&
	    file_read(PATH_KEYS, &facts->host_keys, &ignored))
		facts->host_keys = NULL;
	return 0;
}

static int load_template(struct create_facts *facts, const char *path,
			 const char *value, struct pvn_err *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *ini =
		slash ? xasprintf("%.*s/%s", (int)(slash - path), path, value)
		      : xstrdup(value);
	struct template t;
	int rc = template_read(ini, &t, err);

	if (!rc)
		templates_add(&facts->templates, &t);
	return rc;
}

/* "ID|type|bridge|memory|disk|vcpus", of the last template */
static int load_spare(struct create_facts *facts, const char *value,
		      struct pvn_err *err)
{
	struct spare_list *list = &facts->spares;
	const struct template *t =
		facts->templates.n ? &facts->templates.v[facts->templates.n - 1]
				   : NULL;
	char id[20], type[8], bridge[16], memory[16], disk[16];
	struct recipe recipe = { 0 };

	if (!t ||
	    sscanf(value, "%19[^|]|%7[^|]|%15[^|]|%15[^|]|%15[^|]|%u", id, type,
		   bridge, memory, disk, &recipe.vcpus) != 6 ||
	    size_parse(memory, &recipe.memory_bytes, err) ||
	    size_parse(disk, &recipe.disk_bytes, err))
		return pvn_err(err, -EINVAL, "bad spare '%s'", value);
	recipe.template = xstrdup(t->name);
	recipe.version = xstrdup(t->version);
	recipe.sha256 = xstrdup(t->sha256);
	recipe.type = xstrdup(type);
	recipe.bridge = xstrdup(bridge);
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = (struct spare){ .id = xstrdup(id),
					     .recipe = recipe,
					     .uuid = xstrdup(facts->uuid),
					     .mac = xstrdup(facts->mac) };
	return 0;
}

/* "overcommit=200", as in the file */
static int load_limit(struct create_facts *facts, const char *value,
		      struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };
	int rc = kv_parse(&list, value, "limit", err);

	return rc ? rc : pool_limits_parse(&list, &facts->limits, err);
}

static int load_pair(struct create_facts *facts, const char *path,
		     const struct kv *pair, struct pvn_err *err)
{
	const char *key = pair->key;
	const char *value = pair->value;

	if (!strcmp(key, "template"))
		return load_template(facts, path, value, err);
	if (!strcmp(key, "volume"))
		return volumes_parse(&facts->volumes, value, err);
	if (!strcmp(key, "memory-free"))
		return size_parse(value, &facts->memory_free, err);
	if (!strcmp(key, "limit"))
		return load_limit(facts, value, err);
	if (!strcmp(key, "spare"))
		return load_spare(facts, value, err);
	if (!strcmp(key, "pvh"))
		facts->pvh = !strcmp(value, "yes");
	else if (!strcmp(key, "guest"))
		strlist_add(&facts->guests, value);
	else if (!strcmp(key, "bridge"))
		strlist_add(&facts->bridges, value);
	else if (!strcmp(key, "log"))
		strlist_add(&facts->logs, value);
	else if (!strcmp(key, "uuid"))
		snprintf(facts->uuid, sizeof(facts->uuid), "%s", value);
	else if (!strcmp(key, "mac"))
		snprintf(facts->mac, sizeof(facts->mac), "%s", value);
	else if (!strcmp(key, "vg") && !facts->vg)
		facts->vg = xstrdup(value);
	else if (!strcmp(key, "pool") && !facts->pool)
		facts->pool = xstrdup(value);
	else if (!strcmp(key, "key") && !facts->host_keys)
		facts->host_keys = xstrdup(value);
	else
		return pvn_err(err, -EINVAL, "unknown or repeated fact '%s'",
			       key);
	return 0;
}

int create_facts_load(struct create_facts *facts, const char *path,
		      struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };
	int rc;

	facts->limits = POOL_LIMITS_DEFAULT;
	rc = kv_read(&list, path, err);
	for (size_t i = 0; !rc && i < list.n; i++)
		rc = load_pair(facts, path, &list.v[i], err);
	if (!rc && (!facts->vg || !facts->pool))
		rc = pvn_err(err, -EINVAL, "no 'vg' or no 'pool' in '%s'",
			     path);
	return rc;
}

void create_facts_free(struct create_facts *facts)
{
	free(facts->vg);
	free(facts->pool);
	free(facts->host_keys);
	templates_free(&facts->templates);
	volumes_free(&facts->volumes);
	strlist_free(&facts->guests);
	strlist_free(&facts->bridges);
	strlist_free(&facts->macs);
	strlist_free(&facts->logs);
	spares_free(&facts->spares);
	*facts = (struct create_facts){ 0 };
}
