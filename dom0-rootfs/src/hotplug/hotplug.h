/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug.h: what libxl's hotplug calls of block and vif devices share. */
#ifndef PVN_HOTPLUG_H
#define PVN_HOTPLUG_H

#include <stdbool.h>
#include <xenstore.h>
#include "../lib/err.h"

struct hotplug {
	struct xs_handle *xs;
	const char *path; /* XENBUS_PATH: the back end's node; libxl's is relative
			       ("backend/vbd/1/51712"), which xenstored resolves for dom0 */
	const char *action; /* add, remove, online, offline */
	const char *type; /* "vif" or "tap" in a call for a network device */
	bool open; /* what the guest sends there is not looked at */
};

/* The value of @path/@key (caller frees), or NULL when there is none. */
char *hp_read(const struct hotplug *hp, const char *path, const char *key);

/* Write below the back end's node. */
int hp_write(const struct hotplug *hp, const char *key, const char *value,
	     struct pvn_err *err);

/* Tell libxl and the back end that the device may be connected. */
int hp_connected(const struct hotplug *hp, struct pvn_err *err);

/* Take the lock that serialises all calls for devices of @kind, waiting at most
 * 30 s. Returns its descriptor (the lock ends with it), or a negative errno. */
int hp_lock(const char *kind, struct pvn_err *err);

/* Put @port of @bridge into @vlan, and only there. */
int vlan_join(const char *bridge, const char *port, unsigned int vlan,
	      struct pvn_err *err);

/* Handle a call. Return 0 or a negative errno. */
int block_run(const struct hotplug *hp, struct pvn_err *err);
int vif_run(const struct hotplug *hp, struct pvn_err *err);

#endif
