/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watches.c: what xenstore tells: which domains there are, and their names, which 'xl rename'
 * changes. */
#include <string.h>
#include <syslog.h>
#include "guestd.h"

/* What a watch is for comes back with each event. */
#define INTRODUCED "introduced"
#define NAMED "named"
#define NAME_NODE "/local/domain/%u/name"

int watches_begin(struct guestd *g, struct pvn_err *err)
{
	g->xs = xs_open(0);
	if (!g->xs)
		return pvn_err_errno(err, errno, "cannot connect to xenstored");
	if (!xs_watch(g->xs, "@introduceDomain", INTRODUCED))
		return pvn_err_errno(err, errno, "cannot watch xenstore");
	return 0;
}

void watches_add(struct guestd *g, const struct ward *ward)
{
	autofree char *node = xasprintf(NAME_NODE, ward->domid);

	if (!xs_watch(g->xs, node, NAMED))
		say(LOG_ERR, "cannot follow the name of guest '%s'",
		    ward->name);
}

void watches_remove(struct guestd *g, const struct ward *ward)
{
	autofree char *node = xasprintf(NAME_NODE, ward->domid);

	xs_unwatch(g->xs, node, NAMED);
}

/* Where another guest is remembered by that name, it is tried again. */
static void follow_name(struct guestd *g, struct ward *ward)
{
	autofree char *name = NULL;

	if (ward->phase != PHASE_UP)
		return;
	name = libxl_domid_to_name(g->ctx, ward->domid);
	ward->misnamed = name && *name && strcmp(name, ward->name) &&
			 !strchr(name, '/');
	if (!ward->misnamed || ward_find(g, name))
		return;
	ward_rename(ward, name);
	ward->misnamed = false;
}

/* Also called when the watch is new, and when the node is gone. */
static void named(struct guestd *g, const char *node)
{
	struct ward *ward = NULL;
	unsigned int domid;

	if (sscanf(node, NAME_NODE, &domid) == 1)
		ward = ward_find_domain(g, domid);
	if (ward)
		follow_name(g, ward);
}

void watches_handle(struct guestd *g)
{
	bool introduced = false;
	char **event;

	while ((event = xs_check_watch(g->xs))) {
		if (!strcmp(event[XS_WATCH_TOKEN], NAMED))
			named(g, event[XS_WATCH_PATH]);
		else
			introduced = true;
		free(event);
	}
	if (introduced)
		adopt_scan(g);
	for (struct ward *ward = g->wards; ward; ward = ward->next) {
		if (ward->misnamed)
			follow_name(g, ward);
	}
}

void watches_catch_up(struct guestd *g)
{
	/* any question will do: events come in order, so that those before its answer are here
	 * when that is */
	xs_is_domain_introduced(g->xs, 0);
	watches_handle(g);
}
