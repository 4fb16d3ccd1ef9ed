/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adopt.c: domains that guestd did not make, or that a guestd before it made. */
#include <string.h>
#include "../lib/file.h"
#include "guestd.h"

static const libxl_dominfo *find_uuid(const libxl_dominfo *info, int n,
				      const char *uuid)
{
	char text[37];

	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), LIBXL_UUID_FMT,
			 LIBXL_UUID_BYTES(info[i].uuid));
		if (info[i].domid && !info[i].dying && !strcmp(text, uuid))
			return &info[i];
	}
	return NULL;
}

/* Go on where the last guestd was when it ended. */
static void recover(struct guestd *g, struct ward *ward,
		    const libxl_dominfo *info)
{
	struct recovery r = record_recovery(ward->phase, ward->after, info,
					    info && info->paused);

	if (ward->phase == PHASE_BUILDING)
		ward->due = 0;
	ward->domid = info ? info->domid : 0;
	switch (r.act) {
	case RECOVER_NONE:
		ward->phase = r.phase;
		record_write(ward);
		return;
	case RECOVER_LEAVE:
		ward_leave(g, ward, r.phase);
		return;
	case RECOVER_ADOPT:
	case RECOVER_ADOPT_FOREIGN:
		ward_adopt(g, ward, info, r.act == RECOVER_ADOPT);
		return;
	}
}

void adopt_recover(struct guestd *g)
{
	int n = 0;
	libxl_dominfo *info = libxl_list_domain(g->ctx, &n);

	records_read(g);
	for (struct ward *ward = g->wards; ward; ward = ward->next)
		recover(g, ward, find_uuid(info, info ? n : 0, ward->uuid));
	libxl_dominfo_list_free(info, n);
	adopt_scan(g);
}

static bool is_building(struct guestd *g, const libxl_dominfo *info)
{
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		if (ward->phase == PHASE_BUILDING &&
		    find_uuid(info, 1, ward->uuid))
			return true;
	}
	return false;
}

static void adopt(struct guestd *g, const libxl_dominfo *info)
{
	autofree char *name = libxl_domid_to_name(g->ctx, info->domid);
	struct ward *ward;

	if (!name || !*name || strchr(name, '/') || *name == '.')
		return; /* not complete, or nothing that we could name */
	ward = ward_get(g, name);
	if (ward->phase == PHASE_BUILDING || ward->phase == PHASE_LEAVING ||
	    ward->phase == PHASE_UP)
		return;
	ward_adopt(g, ward, info, false);
}

void adopt_scan(struct guestd *g)
{
	int n = 0;
	libxl_dominfo *info = libxl_list_domain(g->ctx, &n);

	for (int i = 0; info && i < n; i++) {
		if (info[i].domid && !info[i].dying &&
		    !ward_find_domain(g, info[i].domid) &&
		    !is_building(g, &info[i]))
			adopt(g, &info[i]);
	}
	libxl_dominfo_list_free(info, n);
}

/* Does the domain still have the name that we know it by? */
static void follow_rename(struct guestd *g, struct ward *ward)
{
	autofree char *name = NULL;

	if (ward->phase != PHASE_UP)
		return;
	name = libxl_domid_to_name(g->ctx, ward->domid);
	if (name && *name && strcmp(name, ward->name) && !strchr(name, '/') &&
	    !ward_find(g, name))
		ward_rename(ward, name);
}

/* The UUID in the guest's file; NULL: it has none, or not a good one. Caller frees. */
static char *uuid_of_file(const char *name)
{
	auto_guestconf struct guestconf conf = { 0 };
	autofree char *path = guestconf_path(name);
	struct pvn_err ignored = { 0 };

	if (!file_exists(path) || guestconf_read(path, &conf, &ignored))
		return NULL;
	return steal_ptr(&conf.uuid);
}

struct ward *adopt_find(struct guestd *g, const char *name)
{
	struct ward *ward = ward_find(g, name);
	autofree char *uuid = NULL;

	if (ward) {
		follow_rename(g, ward);
		return ward_find(g, name);
	}
	/* It may run under another name: as the one with its UUID, so that xenstore need not be
	 * asked for the name of each. */
	uuid = uuid_of_file(name);
	for (ward = g->wards; ward; ward = ward->next) {
		if (!uuid || !strcasecmp(uuid, ward->uuid))
			follow_rename(g, ward);
	}
	return ward_find(g, name);
}
