/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.c: domains by libxl: which there are, and what they do. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "../lib/mem.h"
#include "domain.h"
#include "spare.h"
#include "supervisor.h"
#include "xlctx.h"
#include "xlmsg.h"

/* libxl's log goes nowhere but into our error messages: the first error of a
 * call is the cause, those after it are consequences. */
struct keeper {
	xentoollog_logger vtable;
	char first[256];
};

libxl_ctx *xlctx;

static void keep_message(xentoollog_logger *logger, xentoollog_level level,
			 int errnoval, const char *context, const char *format,
			 va_list ap)
{
	struct keeper *keeper = (struct keeper *)logger;

	(void)context;
	if (level < XTL_ERROR || *keeper->first)
		return;
	xlmsg_write(keeper->first, sizeof(keeper->first), errnoval, format, ap);
}

static struct keeper keeper = {
	.vtable = XLMSG_LOGGER(keep_message),
};

int xlctx_failed(struct pvn_err *err, const char *what)
{
	return pvn_err(err, -EIO, "cannot %s%s%s", what,
		       *keeper.first ? ": " : "", xlmsg_text(keeper.first));
}

int xlctx_open(struct pvn_err *err)
{
	keeper.first[0] = '\0';
	if (xlctx)
		return 0;
	if (libxl_ctx_alloc(&xlctx, LIBXL_VERSION, 0, &keeper.vtable)) {
		xlctx = NULL;
		return xlctx_failed(err, "talk to Xen");
	}
	return 0;
}

void domain_close(void)
{
	if (xlctx)
		libxl_ctx_free(xlctx);
	xlctx = NULL;
}

const char *domain_state_name(enum domain_state state)
{
	switch (state) {
	case DOMAIN_RUNNING:
		return "running";
	case DOMAIN_PAUSED:
		return "paused";
	case DOMAIN_STOPPING:
		return "stopping";
	case DOMAIN_CRASHED:
		return "crashed";
	}
	return "?";
}

static enum domain_state state_of(const libxl_dominfo *info)
{
	if (info->dying)
		return DOMAIN_STOPPING;
	if (info->shutdown)
		return info->shutdown_reason == LIBXL_SHUTDOWN_REASON_CRASH
			       ? DOMAIN_CRASHED
			       : DOMAIN_STOPPING;
	return info->paused ? DOMAIN_PAUSED : DOMAIN_RUNNING;
}

static const char *type_of(const libxl_dominfo *info)
{
	switch (info->domain_type) {
	case LIBXL_DOMAIN_TYPE_PV:
		return "pv";
	/* libxl lists both as HVM, and a list need not read xenstore for each: there is
	 * no device model, so that PVH is all that runs. */
	case LIBXL_DOMAIN_TYPE_HVM:
	case LIBXL_DOMAIN_TYPE_PVH:
		return "pvh";
	case LIBXL_DOMAIN_TYPE_INVALID:
		break;
	}
	return "?";
}

/* Names of domains that are known already. */
struct names {
	struct {
		uint32_t domid;
		char *name;
	} *v;
	size_t n;
};

static void names_add(void *arg, uint32_t domid, const char *name)
{
	struct names *names = arg;

	names->v = xrealloc(names->v, (names->n + 1) * sizeof(*names->v));
	names->v[names->n].domid = domid;
	names->v[names->n++].name = xstrdup(name);
}

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i].name);
	free(names->v);
}

/* Returns NULL for one that has none. Caller frees. */
static char *name_of(const struct names *names, uint32_t domid)
{
	for (size_t i = 0; i < names->n; i++) {
		if (names->v[i].domid == domid)
			return xstrdup(names->v[i].name);
	}
	return libxl_domid_to_name(xlctx, domid);
}

/* One without a name is being made: its builder gives it one in a moment, and may be guestd, which
 * makes a spare. Returns false for that. */
static bool take_domain(struct domain *d, const libxl_dominfo *info,
			const struct names *names)
{
	autofree char *name = name_of(names, info->domid);

	if (!name && !info->dying)
		return false;
	d->id = info->domid;
	d->name = name ? steal_ptr(&name) : xasprintf("domain-%u", info->domid);
	snprintf(d->uuid, sizeof(d->uuid), LIBXL_UUID_FMT,
		 LIBXL_UUID_BYTES(info->uuid));
	d->state = state_of(info);
	d->type = type_of(info);
	d->memory_bytes =
		(info->current_memkb + info->outstanding_memkb) * 1024;
	d->vcpus = info->vcpu_online;
	d->cpu_ns = info->cpu_time;
	return true;
}

static int read_domains(struct domain_list *list, const struct names *names,
			struct pvn_err *err)
{
	libxl_dominfo *info;
	int n = 0;
	int rc;

	rc = xlctx_open(err);
	if (rc)
		return rc;
	info = libxl_list_domain(xlctx, &n);
	if (!info)
		return xlctx_failed(err, "list the domains");
	list->v = xcalloc((size_t)n, sizeof(*list->v));
	for (int i = 0; i < n; i++) {
		struct domain *d = &list->v[list->n];

		if (!info[i].domid || !take_domain(d, &info[i], names))
			continue;
		list->n++;
		if (strncmp(d->name, SPARE_DOMAIN, strlen(SPARE_DOMAIN)))
			continue;
		list->spare_memory += d->memory_bytes;
		free(d->name);
		list->n--;
	}
	libxl_dominfo_list_free(info, n);
	return 0;
}

int domains_read(struct domain_list *list, struct pvn_err *err)
{
	struct names none = { 0 };

	return read_domains(list, &none, err);
}

int domains_read_by_guestd(struct domain_list *list, struct pvn_err *err)
{
	struct names names = { 0 };
	int rc;

	supervisor_names(names_add, &names);
	rc = read_domains(list, &names, err);
	names_free(&names);
	return rc;
}

void domains_free(struct domain_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].name);
	free(list->v);
	*list = (struct domain_list){ 0 };
}

const struct domain *domains_find(const struct domain_list *list,
				  const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->v[i].name, name))
			return &list->v[i];
	}
	return NULL;
}

int domain_host_read(struct domain_host *host, struct pvn_err *err)
{
	libxl_physinfo info;
	uint64_t free_kb = 0;
	int rc;

	rc = xlctx_open(err);
	if (rc)
		return rc;
	libxl_physinfo_init(&info);
	if (libxl_get_physinfo(xlctx, &info) ||
	    libxl_get_free_memory(xlctx, &free_kb)) {
		libxl_physinfo_dispose(&info);
		return xlctx_failed(err, "ask Xen about the machine");
	}
	host->memory_total = info.total_pages * 4096;
	host->memory_free = free_kb * 1024;
	host->cpus = info.nr_cpus;
	host->pvh = info.cap_hvm && info.cap_hap;
	host->iommu = info.cap_hvm_directio;
	libxl_physinfo_dispose(&info);
	return 0;
}

time_t domain_started(uint32_t id)
{
	struct pvn_err ignored;
	uint32_t started;

	if (xlctx_open(&ignored))
		return 0;
	started = libxl_vm_get_start_time(xlctx, id);
	return started == (uint32_t)-1 ? 0 : (time_t)started;
}

bool domain_runs(uint32_t id)
{
	struct pvn_err ignored;
	libxl_dominfo info;
	bool runs;

	if (xlctx_open(&ignored))
		return false;
	libxl_dominfo_init(&info);
	runs = !libxl_domain_info(xlctx, &info, id) && !info.shutdown &&
	       !info.dying;
	libxl_dominfo_dispose(&info);
	return runs;
}
