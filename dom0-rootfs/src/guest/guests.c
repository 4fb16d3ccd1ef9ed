/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guests.c: all guests of this host. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include "../lib/kv.h"
#include "../lib/size.h"
#include "consolelog.h"
#include "guestedit.h"
#include "guests.h"
#include "guesttype.h"
#include "pool.h"
#include "nat0.h"
#include "pool_paused.h"
#include "seen.h"
#include "store.h"
#include "supervisor.h"

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 &&
	       !strcmp(entry->d_name + len - 4, ".cfg");
}

void guests_conf_names(struct strlist *names)
{
	struct dirent **entries = NULL;
	int n = scandir(PATH_GUESTS, &entries, is_conf, alphasort);

	for (int i = 0; i < n; i++) {
		strlist_addf(names, "%.*s", (int)strlen(entries[i]->d_name) - 4,
			     entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

void guests_conf_macs(struct strlist *macs)
{
	auto_strlist struct strlist names = { 0 };

	guests_conf_names(&names);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = guestconf_path(names.v[i]);
		struct guestconf conf = { 0 };
		struct pvn_err ignored;

		if (guestconf_read(path, &conf, &ignored))
			continue;
		for (size_t j = 0; j < conf.n_vifs; j++) {
			if (conf.vifs[j].mac)
				strlist_add(macs, conf.vifs[j].mac);
		}
		guestconf_free(&conf);
	}
}

static struct guest *add_guest(struct guest_set *set, const char *name)
{
	set->v = xrealloc(set->v, (set->n + 1) * sizeof(*set->v));
	set->v[set->n] = (struct guest){ .name = xstrdup(name) };
	return &set->v[set->n++];
}

static void read_conf(struct guest *guest, const char *path)
{
	struct pvn_err err = { 0 };

	guest->has_conf = !guestconf_read(path, &guest->conf, &err);
	if (!guest->has_conf)
		guest->conf_error = xstrdup(err.msg);
}

static void add_configured(struct guest_set *set)
{
	auto_strlist struct strlist names = { 0 };

	guests_conf_names(&names);
	for (size_t i = 0; i < names.n; i++) {
		struct guest *guest = add_guest(set, names.v[i]);
		autofree char *path = guestconf_path(guest->name);

		read_conf(guest, path);
	}
}

static void find_domains(struct guest_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct guest *guest = &set->v[i];

		guest->domain = domains_find(&set->domains,
					     guest->has_conf ? guest->conf.name
							     : guest->name);
	}
}

/* What "auto" is on this host. */
static int settle_types(struct guest_set *set, struct pvn_err *err)
{
	struct domain_host host = { 0 };
	int rc = domain_host_read(&host, err);

	for (size_t i = 0; i < set->n && !rc; i++)
		guesttype_settle(&set->v[i].conf, host.pvh);
	set->pvh = host.pvh;
	return rc;
}

/* Domains that someone made with xl, and from other files. */
static void add_running(struct guest_set *set)
{
	size_t configured = set->n;

	for (size_t i = 0; i < set->domains.n; i++) {
		const struct domain *d = &set->domains.v[i];
		bool known = false;

		for (size_t j = 0; j < configured && !known; j++)
			known = set->v[j].domain == d;
		if (!known)
			add_guest(set, d->name)->domain = d;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct guest *guest_a = a;
	const struct guest *guest_b = b;

	return strcmp(guest_a->name, guest_b->name);
}

/* Find out which guests run; from then on they stay where they are. */
static void match(struct guest_set *set)
{
	find_domains(set);
	add_running(set);
	if (set->n)
		qsort(set->v, set->n, sizeof(*set->v), by_name);
}

int guests_read(struct guest_set *set, struct pvn_err *err)
{
	int rc;

	rc = host_read(&set->host, err);
	if (!rc)
		rc = domains_read(&set->domains, err);
	if (!rc)
		rc = volumes_read(set->host.vg, &set->volumes, err);
	if (rc)
		return rc;
	add_configured(set);
	rc = settle_types(set, err);
	match(set);
	return rc;
}

void guests_measure(struct guest_set *set)
{
	volumes_measure(set->host.vg, &set->volumes);
}

static int load_domain(struct guest_set *set, const char *value,
		       struct pvn_err *err)
{
	struct domain_list *list = &set->domains;
	struct domain *d;
	char name[32], state[16];
	unsigned int id, mib = 0, vcpus = 0;

	if (sscanf(value, "%31[^|]|%u|%15[^|]|%u|%u", name, &id, state, &mib,
		   &vcpus) < 3)
		return pvn_err(err, -EINVAL, "bad domain '%s'", value);
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	d = &list->v[list->n++];
	*d = (struct domain){ .id = id,
			      .name = xstrdup(name),
			      .state = DOMAIN_RUNNING,
			      .type = "pv",
			      .max_memory = mib * MIB,
			      .max_vcpus = vcpus };
	while (d->state < DOMAIN_CRASHED &&
	       strcmp(domain_state_name(d->state), state))
		d->state++;
	return 0;
}

static int load_pair(struct guest_set *set, const char *path,
		     const struct kv *pair, struct pvn_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *value = pair->value;
	int folder = slash ? (int)(slash - path) + 1 : 0;

	if (!strcmp(pair->key, "volume"))
		return volumes_parse(&set->volumes, value, err);
	if (!strcmp(pair->key, "memory-free"))
		return size_parse(value, &set->memory_free, err);
	if (!strcmp(pair->key, "pvh")) {
		set->pvh = !strcmp(value, "yes");
		return 0;
	}
	if (!strcmp(pair->key, "log")) {
		strlist_add(&set->logs, value);
		return 0;
	}
	if (!strcmp(pair->key, "bridge")) {
		strlist_add(&set->bridges, value);
		return 0;
	}
	if (!strcmp(pair->key, "domain"))
		return load_domain(set, value, err);
	if (!strcmp(pair->key, "config")) {
		autofree char *file = xasprintf("%.*s%s", folder, path, value);
		autofree char *name =
			xasprintf("%.*s", (int)strcspn(value, "."), value);

		read_conf(add_guest(set, name), file);
	} else if (!strcmp(pair->key, "vg") && !set->host.vg) {
		set->host.vg = xstrdup(value);
	} else if (!strcmp(pair->key, "pool") && !set->host.pool) {
		set->host.pool = xstrdup(value);
	} else {
		return pvn_err(err, -EINVAL, "unknown or repeated fact '%s'",
			       pair->key);
	}
	return 0;
}

int guests_load(struct guest_set *set, const char *path, struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };
	int rc = kv_read(&list, path, err);

	set->loaded = true;
	for (size_t i = 0; !rc && i < list.n; i++)
		rc = load_pair(set, path, &list.v[i], err);
	if (!rc && (!set->host.vg || !set->host.pool))
		rc = pvn_err(err, -EINVAL, "no 'vg' or no 'pool' in '%s'",
			     path);
	if (!rc)
		match(set);
	return rc;
}

int guests_memory_free(const struct guest_set *set, uint64_t *bytes_r,
		       struct pvn_err *err)
{
	struct domain_host host = { 0 };
	int rc = set->loaded ? 0 : domain_host_read(&host, err);

	*bytes_r = set->loaded ? set->memory_free
			       : host.memory_free + set->domains.spare_memory;
	return rc;
}

void guests_bridges(const struct guest_set *set, struct strlist *list)
{
	for (size_t i = 0; i < set->bridges.n; i++)
		strlist_add(list, set->bridges.v[i]);
	if (!set->loaded)
		host_bridges(list);
}

int guests_make_room(uint64_t bytes, struct pvn_err *err)
{
	struct domain_host host = { 0 };
	int rc = domain_host_read(&host, err);

	if (rc || host.memory_free >= bytes)
		return rc;
	return supervisor_ask(err, NULL, "drop-spares");
}

void guests_free(struct guest_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->v[i].name);
		free(set->v[i].conf_error);
		guestconf_free(&set->v[i].conf);
	}
	free(set->v);
	host_free(&set->host);
	domains_free(&set->domains);
	volumes_free(&set->volumes);
	strlist_free(&set->bridges);
	strlist_free(&set->logs);
	*set = (struct guest_set){ 0 };
}

struct guest *guests_find(const struct guest_set *set, const char *name,
			  struct pvn_err *err)
{
	for (size_t i = 0; i < set->n; i++) {
		if (!strcmp(set->v[i].name, name))
			return &set->v[i];
	}
	pvn_err(err, -ENOENT, "no guest '%s'", name);
	return NULL;
}

const struct volume *guests_disk_volume(const struct guest_set *set,
					const struct conf_disk *disk)
{
	autofree char *prefix = xasprintf("/dev/%s/", set->host.vg);
	size_t len = strlen(prefix);

	if (strncmp(disk->path, prefix, len))
		return NULL;
	return volumes_find(&set->volumes, disk->path + len);
}

int guests_admit(const struct guest_set *set, uint64_t more,
		 struct pvn_err *err)
{
	struct pool_limits limits = POOL_LIMITS_DEFAULT;
	const struct volume *pool = volumes_find(&set->volumes, set->host.pool);
	struct volume now;
	int rc = set->loaded ? 0 : pool_limits_read(&limits, err);

	if (rc)
		return rc;
	if (!pool)
		return pvn_err(err, -ENOENT,
			       "no pool '%s' in volume group '%s'",
			       set->host.pool, set->host.vg);
	now = *pool;
	if (!set->loaded)
		rc = pool_measure(set->host.vg, &now, err);
	return rc ? rc
		  : pool_admit(&limits, &now, pool_committed(&set->volumes),
			       more, err);
}

bool guests_has_log(const struct guest_set *set, const char *name)
{
	auto_strlist struct strlist now = { 0 };

	if (set->loaded)
		return strlist_has(&set->logs, name);
	consolelogs_names(&now);
	return strlist_has(&now, name);
}

bool guest_is_off(const struct guest *guest)
{
	return !guest->domain &&
	       supervisor_plan(guest->name) != SUPERVISOR_STARTS;
}

int guests_check_free(const struct guest_set *set, const char *name,
		      struct pvn_err *err)
{
	struct pvn_err ignored;

	if (guests_find(set, name, &ignored))
		return pvn_err(err, -EEXIST, "there is a guest '%s' already",
			       name);
	return volumes_check_free(&set->volumes, name, err);
}

const char *guests_own_disk(const struct guest_set *set,
			    const struct guest *guest,
			    const struct conf_disk *disk)
{
	autofree char *prefix = xasprintf("/dev/%s/", set->host.vg);
	size_t len = strlen(prefix);

	if (strncmp(disk->path, prefix, len) ||
	    !volume_is_guests(disk->path + len, guest->name))
		return NULL;
	return disk->path + len + strlen("guest-") + strlen(guest->name);
}

bool guests_has_moved(const struct guest_set *set, const struct guest *guest,
		      const char *to)
{
	for (size_t i = 0; i < guest->conf.n_disks; i++) {
		const struct conf_disk *disk = &guest->conf.disks[i];
		const char *rest = guests_own_disk(set, guest, disk);

		if (!rest || guests_disk_volume(set, disk))
			continue;
		autofree char *moved = xasprintf("guest-%s%s", to, rest);

		if (volumes_find(&set->volumes, moved))
			return true;
	}
	return false;
}

bool guests_is_renamed(const struct guest_set *set, const struct guest *from,
		       const struct guest *to)
{
	const char *uuid = from->conf.uuid;

	return uuid && to->conf.uuid && !strcmp(uuid, to->conf.uuid) &&
	       guests_has_moved(set, from, to->name);
}

int guests_move_disk(const struct guest_set *set, const struct guest *guest,
		     const char *to, size_t i, char **text, struct pvn_err *err)
{
	const struct conf_disk *disk = &guest->conf.disks[i];
	const char *rest = guests_own_disk(set, guest, disk);
	autofree char *item = NULL;

	if (!rest)
		return 0;
	item = xasprintf("phy:/dev/%s/guest-%s%s,%s,%s", set->host.vg, to, rest,
			 disk->vdev, disk->writable ? "w" : "r");
	return guestedit_set_item(text, "disk", i, item, err);
}

const char *guest_state(const struct guest *guest)
{
	if (guest->domain)
		return domain_state_name(guest->domain->state);
	switch (supervisor_plan(guest->name)) {
	case SUPERVISOR_STARTS:
		return "starting";
	case SUPERVISOR_GAVE_UP:
		return "crashed";
	case SUPERVISOR_NOTHING:
		break;
	}
	return "stopped";
}

const char *guest_reason(const struct guest *guest)
{
	return guest->domain && guest->domain->state == DOMAIN_PAUSED &&
			       pool_paused_is(guest->name)
		       ? POOL_PAUSED_WHY
		       : NULL;
}

const char *guest_type(const struct guest *guest)
{
	if (guest->domain)
		return guest->domain->type;
	return guest->has_conf ? guest->conf.type : NULL;
}

char *guest_type_text(const struct guest *guest)
{
	const char *type = guest_type(guest);

	if (!type)
		return NULL;
	return xasprintf("%s%s", type,
			 guesttype_is_auto(&guest->conf) ? " (auto)" : "");
}

uint64_t guest_memory(const struct guest *guest)
{
	return guest->domain ? guest->domain->memory_bytes
			     : guest->conf.memory_bytes;
}

unsigned int guest_vcpus(const struct guest *guest)
{
	return guest->domain ? guest->domain->vcpus : guest->conf.vcpus;
}

uint64_t guest_disk_bytes(const struct guest_set *set,
			  const struct guest *guest, uint64_t *used_r)
{
	uint64_t size = 0;

	*used_r = 0;
	for (size_t i = 0; i < guest->conf.n_disks; i++) {
		const struct conf_disk *disk = &guest->conf.disks[i];
		const struct volume *v = guests_disk_volume(set, disk);

		if (!v || !disk->writable)
			continue;
		size += v->size;
		*used_r += volume_used(v);
	}
	return size;
}

/* What its first interface was seen to have. */
static char *address_seen(const struct guest *guest, uint32_t domid)
{
	const struct conf_vif *vif = guest->conf.vifs;
	uint8_t mac[6];
	char *given = NULL;
	autofree char *name = guest->conf.n_vifs && vif->vifname
				      ? xstrdup(vif->vifname)
				      : xasprintf("vif%u.0", domid);

	if (guest->conf.n_vifs && vif->mac && !guestconf_mac(vif->mac, mac))
		given = seen_given(mac);
	return given ? given : seen_used(name);
}

char *guest_address(struct store *store, const struct guest *guest,
		    uint32_t domid)
{
	char *address = store_guest_address(store, domid);
	const char *given = guest->conf.n_vifs ? guest->conf.vifs[0].ip : NULL;

	if (!address && given)
		address = xasprintf("%.*s", (int)strcspn(given, " /"), given);
	if (!address) /* the host knows what it gave it on its own network */
		address = nat0_address(&guest->conf);
	return address ? address : address_seen(guest, domid);
}

int64_t guest_uptime(const struct guest *guest)
{
	time_t now = time(NULL);
	time_t started = guest->domain ? domain_started(guest->domain->id) : 0;

	return started && started <= now ? now - started : -1;
}
