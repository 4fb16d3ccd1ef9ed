/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool.c: the guests' partition: volume group and thin pool. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "install.h"
#include "run.h"

/* LVM, and all that it sees is the guests' partition: what else is attached can neither be mixed
 * up with it nor keep it waiting. */
#define LVM(command, in) "lvm", command, "--devices", (in)->guests

static int make_pool(const struct install *in, struct pvn_err *err)
{
	const struct pool_layout *p = &in->pool;
	autofree char *extents = xasprintf("%" PRIu64, p->data / p->extent);
	autofree char *meta =
		xasprintf("%" PRIu64 "m", (uint64_t)(p->metadata / MIB));
	autofree char *chunk = xasprintf("%" PRIu64 "k", p->chunk / 1024);

	return PVN_RUN(err, LVM("lvcreate", in), "-y", "--type", "thin-pool",
		       "-n", "pool", "-l", extents, "--poolmetadatasize", meta,
		       "--poolmetadataspare", "y", "--chunksize", chunk, "-Zy",
		       in->vg);
}

int pool_make(const struct install *in, struct pvn_err *err)
{
	char *dev = in->guests;
	/* aligned as the sizes were computed, whatever the disk hints at */
	int rc = PVN_RUN(err, LVM("pvcreate", in), "-y", "-ff",
			 "--dataalignment", "1m", dev);

	if (!rc)
		rc = PVN_RUN(err, LVM("vgcreate", in), "-y",
			     "--physicalextentsize", "4m", in->vg, dev);
	if (!rc)
		rc = make_pool(in, err);
	return rc ? rc : pool_deactivate(in, err);
}

int pool_deactivate(const struct install *in, struct pvn_err *err)
{
	autofree char *select = xasprintf("vg_name=%s", in->vg);

	/* with --select it is no error that there is no such group (yet) */
	return PVN_RUN(err, LVM("vgchange", in), "-an", "--select", select);
}

int pool_verify(const struct install *in, struct pvn_err *err)
{
	autofree char *name = xasprintf("%s/pool", in->vg);
	autofree char *out = NULL;
	int rc = pvn_run_output(PVN_ARGV(LVM("lvs", in), "--noheadings", "-o",
					 "segtype", name),
				&out, err);

	if (!rc && !strstr(out, "thin-pool"))
		rc = pvn_err(err, -EIO, "'%s' is no thin pool", name);
	return rc;
}
