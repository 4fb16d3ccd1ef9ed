/* SPDX-License-Identifier: GPL-2.0-or-later */
/* liverename.c: what Xen's tools remember of a running guest's disk: the domain's
 * configuration as libxl keeps it, and two nodes of xenstore. */
#include <errno.h>
#include <string.h>
#include <xenstore.h>
#include "../lib/mem.h"
#include "live.h"
#include "xlctx.h"

/* libxl's own name for it */
#define CONFIG "libxl-json"

static int rename_in_config(uint32_t domid, const char *from, const char *to,
			    struct pvn_err *err)
{
	autofree uint8_t *data = NULL;
	autofree char *text = NULL;
	autofree char *new = NULL;
	const char *at;
	int len = 0;

	if (libxl_userdata_retrieve(xlctx, domid, CONFIG, &data, &len))
		return xlctx_failed(err, "read a domain's configuration");
	text = xasprintf("%.*s", len, data ? (const char *)data : "");
	at = strstr(text, from);
	if (!at)
		return 0;
	new = xasprintf("%.*s%s%s", (int)(at - text), text, to,
			at + strlen(from));
	if (libxl_userdata_store(xlctx, domid, CONFIG, (const uint8_t *)new,
				 (int)strlen(new) + 1))
		return xlctx_failed(err, "write a domain's configuration");
	return 0;
}

/* Of each of its disks below @base. */
static bool rename_nodes(struct xs_handle *xs, const char *base,
			 const char *from, const char *to)
{
	unsigned int n = 0;
	autofree char **disks = xs_directory(xs, XBT_NULL, base, &n);
	bool ok = true;

	for (unsigned int i = 0; disks && i < n; i++) {
		autofree char *node = xasprintf("%s/%s/params", base, disks[i]);
		autofree char *old = xs_read(xs, XBT_NULL, node, NULL);

		if (old && !strcmp(old, from))
			ok = xs_write(xs, XBT_NULL, node, to,
				      (unsigned int)strlen(to)) &&
			     ok;
	}
	return ok;
}

int live_disk_renamed(uint32_t domid, const char *from, const char *to,
		      struct pvn_err *err)
{
	autofree char *back =
		xasprintf("/local/domain/0/backend/vbd/%u", domid);
	autofree char *kept = xasprintf("/libxl/%u/device/vbd", domid);
	struct xs_handle *xs;
	bool ok;
	int rc = xlctx_open(err);

	if (!rc)
		rc = rename_in_config(domid, from, to, err);
	if (rc)
		return rc;
	xs = xs_open(0);
	if (!xs)
		return pvn_err_errno(err, errno, "cannot connect to xenstored");
	ok = rename_nodes(xs, back, from, to);
	ok = rename_nodes(xs, kept, from, to) && ok;
	xs_close(xs);
	return ok ? 0 : pvn_err(err, -EIO, "cannot write to xenstore");
}
