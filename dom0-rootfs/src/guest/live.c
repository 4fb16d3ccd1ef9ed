/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live.c: change a domain while it runs. */
#include <stdlib.h>
#include "live.h"
#include "store.h"
#include "xlctx.h"

int live_pause(uint32_t id, struct pvn_err *err)
{
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	if (libxl_domain_pause(xlctx, id, NULL))
		return xlctx_failed(err, "pause the guest");
	return 0;
}

int live_unpause(uint32_t id, struct pvn_err *err)
{
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	if (libxl_domain_unpause(xlctx, id, NULL))
		return xlctx_failed(err, "resume the guest");
	return 0;
}

int live_reboot(uint32_t id, struct pvn_err *err)
{
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	if (libxl_domain_reboot(xlctx, id, NULL))
		return xlctx_failed(err, "ask the guest to reboot");
	return 0;
}

int live_limits(const struct domain *domain, uint64_t *bytes_r,
		unsigned int *vcpus_r, struct pvn_err *err)
{
	auto_store struct store *store = NULL;
	libxl_dominfo info;
	int rc;

	if (domain->max_vcpus) {
		*bytes_r = domain->max_memory;
		*vcpus_r = domain->max_vcpus;
		return 0;
	}
	rc = xlctx_open(err);
	if (!rc)
		rc = store_open(&store, err);
	if (rc)
		return rc;
	*bytes_r = store_memory_limit(store, domain->id);
	libxl_dominfo_init(&info);
	if (libxl_domain_info(xlctx, &info, domain->id))
		rc = xlctx_failed(err, "ask Xen about the guest");
	else
		*vcpus_r = info.vcpu_max_id + 1;
	libxl_dominfo_dispose(&info);
	return rc;
}

int live_set_memory(uint32_t id, uint64_t bytes, struct pvn_err *err)
{
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	if (libxl_set_memory_target(xlctx, id, (int64_t)(bytes / 1024), 0, 1))
		return xlctx_failed(err, "change the guest's memory");
	return 0;
}

int live_set_vcpus(uint32_t id, unsigned int n, struct pvn_err *err)
{
	libxl_bitmap map;
	int rc = xlctx_open(err);

	if (rc)
		return rc;
	libxl_bitmap_init(&map);
	if (libxl_cpu_bitmap_alloc(xlctx, &map, (int)n))
		abort();
	for (unsigned int i = 0; i < n; i++)
		libxl_bitmap_set(&map, (int)i);
	if (libxl_set_vcpuonline(xlctx, id, &map, NULL))
		rc = xlctx_failed(err, "change the guest's vCPUs");
	libxl_bitmap_dispose(&map);
	return rc;
}
