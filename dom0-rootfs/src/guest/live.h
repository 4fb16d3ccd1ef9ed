/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live.h: change a domain while it runs. */
#ifndef PVN_LIVE_H
#define PVN_LIVE_H

#include <stdint.h>
#include "../lib/err.h"
#include "domain.h"
#include "guestconf.h"

/* Stop its vCPUs and let them go on; each is fine when it is so already. */
int live_pause(uint32_t id, struct pvn_err *err);
int live_unpause(uint32_t id, struct pvn_err *err);

/* Ask the guest to reboot; returns at once. */
int live_reboot(uint32_t id, struct pvn_err *err);

/* The most memory and vCPUs that it may have before its next start. */
int live_limits(const struct domain *domain, uint64_t *bytes_r,
		unsigned int *vcpus_r, struct pvn_err *err);

/* Let it balloon to so much memory; returns at once. */
int live_set_memory(uint32_t id, uint64_t bytes, struct pvn_err *err);

/* Ask it to use so many of its vCPUs; returns at once. */
int live_set_vcpus(uint32_t id, unsigned int n, struct pvn_err *err);

/* Attach a device, or detach it. A device that the guest holds on to (a mounted
 * disk) is not detached: an error after some seconds. */
int live_disk_attach(uint32_t id, const struct conf_disk *disk,
		     struct pvn_err *err);
int live_disk_detach(uint32_t id, const char *vdev, struct pvn_err *err);
/* Are these a rate as xl-network-configuration(5) has it, and a VLAN's tag? NULL, one
 * that was not given, is fine. */
int live_nic_check(const char *rate, const char *vlan, struct pvn_err *err);
int live_nic_attach(uint32_t id, const struct conf_vif *vif,
		    struct pvn_err *err);
int live_nic_detach(uint32_t id, const struct conf_vif *vif, size_t index,
		    struct pvn_err *err);

/* The volume at path @from of a running domain has become @to: have Xen's tools show
 * that. The device itself is as it was. */
int live_disk_renamed(uint32_t domid, const char *from, const char *to,
		      struct pvn_err *err);

#endif
