/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adopt.c: domains that guestd did not make, or that a guestd before it made. */
#include <string.h>
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

/* Neither of the table nor made ahead of need. */
static bool is_unknown(struct guestd *g, const libxl_dominfo *info)
{
	return info->domid && !info->dying &&
	       !ward_find_domain(g, info->domid) &&
	       !spares_have(g, info->domid);
}

bool adopt_is_taken(struct guestd *g, const char *name)
{
	int n = 0;
	libxl_dominfo *info = libxl_list_domain(g->ctx, &n);
	bool taken = false;

	for (int i = 0; info && i < n && !taken; i++) {
		autofree char *other =
			is_unknown(g, &info[i])
				? libxl_domid_to_name(g->ctx, info[i].domid)
				: NULL;

		taken = other && !strcmp(other, name);
	}
	libxl_dominfo_list_free(info, n);
	return taken;
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
		if (is_unknown(g, &info[i]) && !is_building(g, &info[i]))
			adopt(g, &info[i]);
	}
	libxl_dominfo_list_free(info, n);
}

struct ward *adopt_find(struct guestd *g, const char *name)
{
	watches_catch_up(g);
	return ward_find(g, name);
}
