/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestconf.h: a guest's xl.cfg. Users may edit it, so it is read by Xen's own
 * parser; what it doesn't know of is kept in keys that begin with paravane_. */
#ifndef PVN_GUESTCONF_H
#define PVN_GUESTCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/size.h"

#define GUEST_MEMORY_MIN (16 * MIB)
#define GUEST_MEMORY_MAX (1024 * GIB)
#define GUEST_VCPUS_MAX 128

struct conf_disk {
	char *path; /* "/dev/<vg>/guest-web-xvda" */
	char *vdev; /* "xvda" */
	bool writable;
};

/* A member that is NULL or 0 was not given. */
struct conf_vif {
	char *mac;
	char *bridge;
	char *ip; /* addresses it may send from, separated by blanks */
	char *rate; /* "10Mb/s" or "10Mb/s@50ms", see xl-network-configuration(5) */
	char *vlan; /* tag on the bridge's port, "1" to "4094" */
	char *vifname;
	char *script; /* hotplug program, "vif-open": no guard against forged addresses */
	unsigned int mtu;
};

/* What becomes of a guest that has stopped. */
enum conf_action { ACTION_DESTROY, ACTION_RESTART, ACTION_PRESERVE };

/* A string is NULL where the file doesn't have the key. */
struct guestconf {
	char *path; /* of the file */
	char *name;
	char *uuid;
	char *type; /* "pv" or "pvh" */
	char *type_choice; /* "auto": 'type' was what the host could; or NULL */
	char *kernel;
	char *ramdisk;
	char *cmdline;
	uint64_t memory_bytes;
	uint64_t maxmem_bytes; /* up to which it may balloon; 0: memory_bytes */
	unsigned int vcpus;
	unsigned int maxvcpus; /* 0: vcpus */
	unsigned int cpu_weight; /* of credit2; 0: Xen's default, 256 */
	struct conf_disk *disks;
	size_t n_disks;
	struct conf_vif *vifs;
	size_t n_vifs;
	char *on_poweroff; /* an action's name; NULL: destroy */
	char *on_reboot; /* NULL: restart */
	char *on_crash; /* NULL: destroy */
	char *template; /* NULL when it wasn't made from one */
	char *version; /* of the template */
	char *user; /* who logs in; NULL: root */
	char *description;
	bool autostart; /* with the host */
	unsigned int order; /* of autostart: lower is earlier */
};

/* The text of an xl.cfg. Strings must have no quotes, backslashes or control
 * characters. Caller frees. */
char *guestconf_text(const struct guestconf *conf);

/* One of its vifs: "mac=00:16:3e:..,bridge=br0". Caller frees. */
char *guestconf_vif_text(const struct conf_vif *vif);
/* Add to @vif what @spec, such a text, says: its words alone are judged. Returns 0 or -EINVAL. */
int guestconf_vif_parse(struct conf_vif *vif, const char *spec,
			struct pvn_err *err);
/* Are its addresses and its VLAN what the start of a guest can use? Returns 0 or -EINVAL. */
int guestconf_vif_check(const struct conf_vif *vif, struct pvn_err *err);
/* Free what is in it. */
void guestconf_vif_free(struct conf_vif *vif);

/* Read an xl.cfg. A key or an attribute that we don't support is an error which names
 * file and line: what is written there is either honoured or refused. */
int guestconf_read(const char *path, struct guestconf *conf,
		   struct pvn_err *err);
/* The same with the text of one; @path is for messages. */
int guestconf_parse(const char *text, const char *path, struct guestconf *conf,
		    struct pvn_err *err);
void guestconf_free(struct guestconf *conf);

#define auto_guestconf __attribute__((cleanup(guestconf_free)))

/* "destroy", "restart" or "preserve". Returns 0 or -EINVAL. */
int guestconf_action(const char *text, enum conf_action *action_r);

/* The bytes of "00:16:3e:12:34:56". Returns 0 or -EINVAL. */
int guestconf_mac(const char *text, uint8_t mac[6]);

/* Path of a guest's file. Caller frees. */
char *guestconf_path(const char *name);

#endif
