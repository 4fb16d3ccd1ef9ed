/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spares.c: the domains of guests that are made ahead of need; see ../guest/spare.h.
 *
 * A guestd that was killed has left domains of which its successor knows nothing but
 * the name: it removes them. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include "../guest/consolelog.h"
#include "../guest/guests.h"
#include "../guest/spare.h"
#include "../lib/file.h"
#include "../lib/kv.h"
#include "../lib/run.h"
#include "guestd.h"
#include "xlcfg.h"

#define CONF "/etc/paravane/spares"
#define VIF_SCRIPT "/etc/xen/scripts/vif-bridge"
#define COUNT 2
#define MOST 16
/* When memory was needed for something else. */
#define PAUSE_MS 60000
/* A guest that boots has the processors to itself for so long. */
#define BOOT_MS 30000
/* Of the machine's memory, this part stays free of them. */
#define FREE_SHARE 8
/* What Xen needs for a domain besides its memory is little; see guest_memory_need(). */
#define OVERHEAD_KIB (8 * 1024)

enum state { BUILDING, BUILT, FAILED, READY };

struct spare_domain {
	struct spare_domain *next;
	char id[SPARE_ID_MAX];
	enum state state;
	bool unwanted; /* BUILDING: to be destroyed when it is there */
	char uuid[37];
	uint32_t domid;
	struct recipe recipe;
	libxl_domain_config *config; /* while BUILDING */
};

static void remove_files(const char *id)
{
	static const char *const kinds[][2] = {
		{ ".", "" }, { "", "" }, { "", ".taken" }, { "", ".cfg" }
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		autofree char *path = spare_path(kinds[i][0], id, kinds[i][1]);

		unlink(path);
	}
}

static void forget_config(struct spare_domain *spare)
{
	if (!spare->config)
		return;
	libxl_domain_config_dispose(spare->config);
	free(spare->config);
	spare->config = NULL;
}

/* No longer among them; its domain and its volumes are somebody else's business. */
static void forget(struct guestd *g, struct spare_domain *spare)
{
	struct spare_domain **link = &g->spares;

	while (*link != spare)
		link = &(*link)->next;
	*link = spare->next;
	remove_files(spare->id);
	recipe_free(&spare->recipe);
	forget_config(spare);
	free(spare);
}

static void drop(struct guestd *g, struct spare_domain *spare)
{
	if (spare->state == BUILDING) {
		spare->unwanted = true;
		return;
	}
	if (libxl_domain_destroy(g->ctx, spare->domid, NULL))
		say(LOG_ERR, "domain %u, made ahead of need, can't be removed",
		    spare->domid);
	forget(g, spare);
}

bool spares_drop(struct guestd *g, const char *id)
{
	struct spare_domain *next;

	for (struct spare_domain *s = g->spares; s; s = next) {
		next = s->next;
		if (!id || !strcmp(s->id, id))
			drop(g, s);
	}
	g->spares_pause = now_ms() + PAUSE_MS;
	return !g->spares;
}

/* What a guestd before this one has left. A guest that was being made of one has a
 * record, and is looked after by that. */
void spares_begin(struct guestd *g)
{
	int n = 0;
	libxl_dominfo *info = libxl_list_domain(g->ctx, &n);
	DIR *dir = opendir(SPARES);
	struct dirent *entry;

	for (int i = 0; info && i < n; i++) {
		autofree char *name =
			libxl_domid_to_name(g->ctx, info[i].domid);

		if (name && !ward_find_domain(g, info[i].domid) &&
		    !strncmp(name, SPARE_DOMAIN, strlen(SPARE_DOMAIN)))
			libxl_domain_destroy(g->ctx, info[i].domid, NULL);
	}
	libxl_dominfo_list_free(info, n);
	while (dir && (entry = readdir(dir))) {
		autofree char *path = xasprintf(SPARES "/%s", entry->d_name);

		unlink(path);
	}
	if (dir)
		closedir(dir);
	upkeep_ask(g);
}

static unsigned int how_many(void)
{
	auto_kv struct kv_list conf = { 0 };
	struct pvn_err err = { 0 };
	const char *count;
	unsigned long n;

	if (!file_exists(CONF))
		return COUNT;
	if (kv_read(&conf, CONF, &err)) {
		say(LOG_ERR, "%s", err.msg);
		return COUNT;
	}
	count = kv_get(&conf, "count");
	n = count ? strtoul(count, NULL, 10) : COUNT;
	return n > MOST ? MOST : (unsigned int)n;
}

static bool memory_for(struct guestd *g, const struct recipe *recipe)
{
	libxl_physinfo info;
	uint64_t free_kib, keep_kib;
	uint64_t need_kib = recipe->memory_bytes / 1024 + OVERHEAD_KIB;

	libxl_physinfo_init(&info);
	if (libxl_get_physinfo(g->ctx, &info) ||
	    libxl_get_free_memory(g->ctx, &free_kib)) {
		libxl_physinfo_dispose(&info);
		return false;
	}
	keep_kib = info.total_pages * 4 / FREE_SHARE;
	libxl_physinfo_dispose(&info);
	if (keep_kib < need_kib)
		keep_kib = need_kib;
	return free_kib >= need_kib + keep_kib;
}

static void drop_unlike(struct guestd *g, const struct recipe *wanted)
{
	struct spare_domain *next;

	for (struct spare_domain *s = g->spares; s; s = next) {
		next = s->next;
		if (s->state == READY && !recipe_same(&s->recipe, wanted))
			drop(g, s);
	}
}

void spares_guest_boots(struct guestd *g)
{
	g->spares_one_until = now_ms() + BOOT_MS;
}

bool spares_wanted(struct guestd *g)
{
	auto_recipe struct recipe recipe = { 0 };
	struct pvn_err ignored = { 0 };
	unsigned int n = 0;

	if (g->halt_deadline || now_ms() < g->spares_pause ||
	    recipe_wanted(&recipe, &ignored))
		return false;
	drop_unlike(g, &recipe);
	for (const struct spare_domain *s = g->spares; s; s = s->next)
		n++;
	if (n && now_ms() < g->spares_one_until)
		return false;
	return n < how_many() && memory_for(g, &recipe);
}

/* Called by libxl, from wherever it is: what follows is done by spares_tick(). */
static void built(libxl_ctx *ctx, int result, void *for_callback)
{
	struct spare_domain *spare = for_callback;

	(void)ctx;
	spare->state = result ? FAILED : BUILT;
}

static int read_config(struct spare_domain *spare, struct pvn_err *err)
{
	auto_guestconf struct guestconf conf = { 0 };
	autofree char *path = spare_path("", spare->id, ".cfg");
	struct spare described = { 0 };
	int rc = spare_read(".", spare->id, &described, err);

	if (rc)
		return rc;
	spare->recipe = described.recipe;
	described.recipe = (struct recipe){ 0 };
	snprintf(spare->uuid, sizeof(spare->uuid), "%s", described.uuid);
	spare_free(&described);
	rc = guestconf_read(path, &conf, err);
	if (rc)
		return rc;
	spare->config = xcalloc(1, sizeof(*spare->config));
	return xlcfg_make(&conf, spare->config, err);
}

void spares_build(struct guestd *g, const char *id)
{
	struct spare_domain *spare;
	libxl_asyncop_how how = { .callback = built };
	struct pvn_err err = { 0 };
	int rc;

	/* while its volumes were made, their memory was wanted back; the next upkeep removes
	 * them */
	if (g->halt_deadline || now_ms() < g->spares_pause) {
		remove_files(id);
		upkeep_ask(g);
		return;
	}
	spare = xcalloc(1, sizeof(*spare));
	how.u.for_callback = spare;
	strcpy(spare->id, id);
	spare->next = g->spares;
	g->spares = spare;
	rc = read_config(spare, &err);
	if (!rc && libxl_domain_create_new(g->ctx, spare->config, &spare->domid,
					   &how, NULL))
		rc = pvn_err(&err, -EIO, "libxl refuses it");
	if (!rc)
		return;
	say(LOG_ERR, "no guest is made ahead of need: %s", err.msg);
	forget(g, spare);
	g->spares_pause = now_ms() + PAUSE_MS;
}

static void become_ready(struct guestd *g, struct spare_domain *spare)
{
	autofree char *from = spare_path(".", spare->id, "");
	autofree char *to = spare_path("", spare->id, "");

	spare->state = READY;
	if (spare->unwanted || rename(from, to))
		drop(g, spare);
}

void spares_tick(struct guestd *g)
{
	struct spare_domain *next;

	for (struct spare_domain *s = g->spares; s; s = next) {
		next = s->next;
		if (s->state == BUILT) {
			forget_config(s);
			become_ready(g, s);
		} else if (s->state == FAILED) {
			say(LOG_ERR,
			    "no guest is made ahead of need: its domain can't be built");
			forget(g, s);
			g->spares_pause = now_ms() + PAUSE_MS;
			upkeep_ask(g);
		}
	}
}

bool spares_have(const struct guestd *g, uint32_t domid)
{
	for (const struct spare_domain *s = g->spares; s; s = s->next) {
		if (s->domid == domid)
			return true;
	}
	return false;
}

static struct spare_domain *find(struct guestd *g, const char *uuid)
{
	for (struct spare_domain *s = g->spares; s; s = s->next) {
		if (s->state == READY && !strcmp(s->uuid, uuid))
			return s;
	}
	return NULL;
}

/* Since when it runs; it is asked of xenstore. */
static void set_start_time(struct guestd *g, const char *uuid)
{
	autofree char *path = xasprintf("/vm/%s/start_time", uuid);
	autofree char *text = NULL;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	text = xasprintf("%lld.%02ld", (long long)now.tv_sec,
			 now.tv_nsec / 10000000);
	xs_write(g->xs, XBT_NULL, path, text, (unsigned int)strlen(text));
}

/* xenconsoled has it open under the old name. */
static void rename_log(const char *from, const char *to)
{
	autofree char *old = consolelog_path(from);
	autofree char *new = consolelog_path(to);

	rename(old, new);
}

static int write_node(struct guestd *g, const char *folder, const char *key,
		      const char *value, struct pvn_err *err)
{
	autofree char *node = xasprintf("%s/%s", folder, key);

	if (!xs_write(g->xs, XBT_NULL, node, value,
		      (unsigned int)strlen(value)))
		return pvn_err_errno(err, errno, "cannot write xenstore's '%s'",
				     node);
	return 0;
}

/* Its name is in two places; both change at once, if it is @from now. */
static bool write_name(struct guestd *g, xs_transaction_t t,
		       const struct ward *ward, const char *from)
{
	autofree char *node = xasprintf("/local/domain/%u/name", ward->domid);
	autofree char *vm_node = xasprintf("/vm/%s/name", ward->uuid);
	autofree char *now = xs_read(g->xs, t, node, NULL);
	unsigned int len = (unsigned int)strlen(ward->name);

	return now && !strcmp(now, from) &&
	       xs_write(g->xs, t, node, ward->name, len) &&
	       xs_write(g->xs, t, vm_node, ward->name, len);
}

/* As libxl_domain_rename() does. That asks xenstore for the name of each domain, which takes longer
 * with each; ours are known. */
static int rename_domain(struct guestd *g, const struct ward *ward,
			 const char *from, struct pvn_err *err)
{
	xs_transaction_t t;
	bool written, ended;

	if (adopt_is_taken(g, ward->name))
		return pvn_err(err, -EEXIST, "there is a domain '%s' already",
			       ward->name);
	do {
		t = xs_transaction_start(g->xs);
		written = t && write_name(g, t, ward, from);
		ended = t && xs_transaction_end(g->xs, t, !written);
	} while (t && !ended && errno == EAGAIN);
	if (written && ended)
		return 0;
	return pvn_err(err, -EIO,
		       "the domain made for it ahead of need is gone");
}

/* Its interface was made when nobody knew its address, and has sent nothing since. It is
 * bound to the address now, by the call of hotplug that libxl made for it then. */
static int set_address(struct guestd *g, uint32_t domid,
		       const libxl_domain_config *config, struct pvn_err *err)
{
	const char *ip = config->num_nics ? config->nics[0].ip : NULL;
	autofree char *backend = xasprintf("backend/vif/%u/0", domid);
	autofree char *kept = xasprintf("/libxl/%u/device/vif/0", domid);
	autofree char *path = xasprintf("XENBUS_PATH=%s", backend);
	autofree char *vif = xasprintf("vif=vif%u.0", domid);
	int rc;

	if (!ip)
		return 0;
	rc = write_node(g, backend, "ip", ip, err);
	if (!rc)
		rc = write_node(g, kept, "ip", ip, err);
	return rc ? rc
		  : PVN_RUN(err, "env", path, vif, VIF_SCRIPT, "online",
			    "type_if=vif");
}

int spares_take(struct guestd *g, struct ward *ward, struct pvn_err *err)
{
	struct spare_domain *spare = find(g, ward->uuid);
	autofree char *name = NULL;
	int rc;

	if (!spare)
		return -ENOENT;
	rc = set_address(g, spare->domid, ward->config, err);
	if (rc) {
		drop(g, spare);
		return rc;
	}
	name = xasprintf(SPARE_DOMAIN "%s", spare->id);
	ward->domid = spare->domid;
	rc = rename_domain(g, ward, name, err);
	if (rc) {
		ward->domid = 0;
		drop(g, spare);
		return rc;
	}
	rename_log(name, ward->name);
	set_start_time(g, ward->uuid);
	forget(g, spare);
	return 0;
}
