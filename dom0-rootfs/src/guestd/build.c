/* SPDX-License-Identifier: GPL-2.0-or-later */
/* build.c: from a guest's file to what libxl is to build. */
#include <errno.h>
#include <string.h>
#include "../guest/guesttype.h"
#include "../guest/host.h"
#include "../guest/volume.h"
#include "../lib/file.h"
#include "build.h"
#include "xlcfg.h"

static int read_conf(const struct ward *ward, struct guestconf *conf,
		     struct pvn_err *err)
{
	autofree char *path = guestconf_path(ward->name);
	int rc;

	if (!file_exists(path))
		return pvn_err(err, -ENOENT, "no guest '%s'", ward->name);
	rc = guestconf_read(path, conf, err);
	if (rc)
		return rc;
	if (strcmp(conf->name, ward->name))
		return pvn_err(err, -EINVAL, "'%s' is of another guest, '%s'",
			       path, conf->name);
	return 0;
}

/* The file may have been written on another host, which could do more, or less. */
static int settle_type(struct guestd *g, struct guestconf *conf,
		       struct pvn_err *err)
{
	libxl_physinfo info;
	bool pvh;

	libxl_physinfo_init(&info);
	if (libxl_get_physinfo(g->ctx, &info)) {
		libxl_physinfo_dispose(&info);
		return pvn_err(err, -EIO, "cannot ask Xen about the machine");
	}
	pvh = info.cap_hvm && info.cap_hap;
	libxl_physinfo_dispose(&info);
	guesttype_settle(conf, pvh);
	return guesttype_check(conf->type, pvh, err);
}

/* Two domains with one UUID would share what xenstore keeps of a guest. */
static int check_uuid(struct guestd *g, const struct ward *ward,
		      const char *uuid, struct pvn_err *err)
{
	for (struct ward *other = g->wards; other; other = other->next) {
		if (other != ward && !strcmp(other->uuid, uuid) &&
		    (other->domid || other->phase == PHASE_BUILDING))
			return pvn_err(
				err, -EEXIST,
				"guest '%s' runs with the same uuid, '%s'",
				other->name, uuid);
	}
	return 0;
}

/* After the host's start its volumes are inactive; later they never are. */
static int activate(const struct guestconf *conf, struct pvn_err *err)
{
	auto_host struct host host = { 0 };
	autofree char *prefix = NULL;
	int rc = 0;

	for (size_t i = 0; i < conf->n_disks && !rc; i++) {
		const char *path = conf->disks[i].path;

		if (file_exists(path))
			continue;
		if (!prefix) {
			rc = host_read(&host, err);
			if (rc)
				return rc;
			prefix = xasprintf("/dev/%s/", host.vg);
		}
		if (!strncmp(path, prefix, strlen(prefix)))
			rc = volume_activate(path, err);
	}
	return rc;
}

/* Rather than that the kernel ends some process of dom0. */
static int check_dom0_memory(struct pvn_err *err)
{
	autofree char *meminfo = NULL;
	int rc = file_read("/proc/meminfo", &meminfo, err);

	return rc ? rc : policy_dom0_memory(meminfo, err);
}

int build_prepare(struct guestd *g, struct ward *ward, struct pvn_err *err)
{
	auto_guestconf struct guestconf conf = { 0 };
	char uuid[37];
	int rc;

	rc = check_dom0_memory(err);
	if (!rc)
		rc = read_conf(ward, &conf, err);
	if (!rc)
		rc = settle_type(g, &conf, err);
	if (rc)
		return rc;
	ward->config = xcalloc(1, sizeof(*ward->config));
	rc = xlcfg_make(&conf, ward->config, err);
	if (!rc) {
		snprintf(uuid, sizeof(uuid), LIBXL_UUID_FMT,
			 LIBXL_UUID_BYTES(ward->config->c_info.uuid));
		rc = check_uuid(g, ward, uuid, err);
	}
	if (!rc)
		rc = activate(&conf, err);
	if (rc) {
		build_forget(ward);
		return rc;
	}
	strcpy(ward->uuid, uuid);
	return 0;
}

void build_forget(struct ward *ward)
{
	if (!ward->config)
		return;
	libxl_domain_config_dispose(ward->config);
	free(ward->config);
	ward->config = NULL;
}
