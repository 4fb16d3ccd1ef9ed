/* SPDX-License-Identifier: GPL-2.0-or-later */
/* livedev.c: attach devices to a running domain and detach them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>
#include "../lib/mem.h"
#include "live.h"
#include "xlctx.h"

int live_disk_attach(uint32_t id, const struct conf_disk *disk,
		     struct pvn_err *err)
{
	libxl_device_disk d;
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	libxl_device_disk_init(&d);
	d.pdev_path = xstrdup(disk->path);
	d.vdev = xstrdup(disk->vdev);
	d.backend = LIBXL_DISK_BACKEND_PHY;
	d.format = LIBXL_DISK_FORMAT_RAW;
	d.readwrite = disk->writable;
	d.removable = 1;
	if (libxl_device_disk_add(xlctx, id, &d, NULL))
		rc = xlctx_failed(err, "attach the disk");
	libxl_device_disk_dispose(&d);
	return rc;
}

int live_disk_detach(uint32_t id, const char *vdev, struct pvn_err *err)
{
	libxl_device_disk d;
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	libxl_device_disk_init(&d);
	/* one that isn't there is what we want */
	if (!libxl_vdev_to_device_disk(xlctx, id, vdev, &d) &&
	    libxl_device_disk_remove(xlctx, id, &d, NULL))
		rc = xlctx_failed(
			err, "detach the disk (does the guest still use it?)");
	libxl_device_disk_dispose(&d);
	return rc;
}

static int parse_rate(const char *rate, libxl_device_nic *nic,
		      struct pvn_err *err)
{
	autofree char *report = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&report, &len);
	XLU_Config *cfg = f ? xlu_cfg_init(f, "rate") : NULL;
	int r;

	if (!cfg)
		abort();
	r = xlu_vif_parse_rate(cfg, rate, nic);
	xlu_cfg_destroy(cfg);
	fclose(f);
	return r ? pvn_err(err, -EINVAL,
			   "'%.40s' is no rate, expected something like 10Mb/s",
			   rate)
		 : 0;
}

int live_nic_check(const char *rate, const char *vlan, struct pvn_err *err)
{
	libxl_device_nic nic;
	int rc;

	if (vlan && (strspn(vlan, "0123456789") != strlen(vlan) ||
		     strlen(vlan) > 4 || atoi(vlan) < 1 || atoi(vlan) > 4094))
		return pvn_err(err, -EINVAL,
			       "'--vlan %.40s' is not between 1 and 4094",
			       vlan);
	if (!rate)
		return 0;
	libxl_device_nic_init(&nic);
	rc = parse_rate(rate, &nic, err);
	libxl_device_nic_dispose(&nic);
	return rc;
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

/* A number that no interface of the domain has had. A guest that is told of one's end
 * and of the next one's begin under the same number may notice neither: libxl would
 * take the first that is free. */
static int fresh_devid(uint32_t id, int *devid_r, struct pvn_err *err)
{
	autofree char *node = xasprintf("/libxl/%u/paravane-next-vif", id);
	struct xs_handle *xs = xs_open(0);
	autofree char *text = xs ? xs_read(xs, XBT_NULL, node, NULL) : NULL;
	autofree char *next = NULL;
	libxl_device_nic *nics;
	int n = 0;
	bool ok;

	if (!xs)
		return pvn_err_errno(err, errno, "cannot connect to xenstored");
	*devid_r = text ? atoi(text) : 0;
	nics = libxl_device_nic_list(xlctx, id, &n);
	for (int i = 0; i < n; i++) {
		if (nics[i].devid >= *devid_r)
			*devid_r = nics[i].devid + 1;
	}
	libxl_device_nic_list_free(nics, n);
	next = xasprintf("%d", *devid_r + 1);
	ok = xs_write(xs, XBT_NULL, node, next, (unsigned int)strlen(next));
	xs_close(xs);
	return ok ? 0 : pvn_err(err, -EIO, "cannot write to xenstore");
}

int live_nic_attach(uint32_t id, const struct conf_vif *vif,
		    struct pvn_err *err)
{
	libxl_device_nic nic;
	int devid = 0;
	int rc = xlctx_open(err);

	if (!rc)
		rc = fresh_devid(id, &devid, err);
	if (rc)
		return rc;
	libxl_device_nic_init(&nic);
	nic.devid = devid;
	nic.nictype = LIBXL_NIC_TYPE_VIF;
	nic.bridge = copy(vif->bridge);
	nic.ip = copy(vif->ip);
	nic.vlan = copy(vif->vlan);
	nic.ifname = copy(vif->vifname);
	nic.script = copy(vif->script);
	if (vif->mtu)
		nic.mtu = (int)vif->mtu;
	if (vif->mac && guestconf_mac(vif->mac, nic.mac))
		rc = pvn_err(err, -EINVAL, "'%s' is no MAC address", vif->mac);
	if (!rc && vif->rate)
		rc = parse_rate(vif->rate, &nic, err);
	if (!rc && libxl_device_nic_add(xlctx, id, &nic, NULL))
		rc = xlctx_failed(err, "attach the network interface");
	libxl_device_nic_dispose(&nic);
	return rc;
}

int live_nic_detach(uint32_t id, const struct conf_vif *vif, size_t index,
		    struct pvn_err *err)
{
	libxl_device_nic nic;
	int r;
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	libxl_device_nic_init(&nic);
	r = vif->mac ? libxl_mac_to_device_nic(xlctx, id, vif->mac, &nic)
		     : libxl_devid_to_device_nic(xlctx, id, (int)index, &nic);
	if (!r && libxl_device_nic_remove(xlctx, id, &nic, NULL))
		rc = xlctx_failed(err, "detach the network interface");
	libxl_device_nic_dispose(&nic);
	return rc;
}
