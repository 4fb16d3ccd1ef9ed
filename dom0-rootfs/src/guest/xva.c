/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xva.c: read what XenServer and XCP-ng export. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include "checksums.h"
#include "guestconf.h"
#include "signals.h"
#include "xmlrpc.h"
#include "xva.h"

/* Of a guest with all its disks it has some 100 KiB. */
#define MAX_OVA (1024 * 1024)

static int damaged(const struct xva *xva, const char *what, struct pvn_err *err)
{
	return pvn_err(err, -EBADMSG, "'%s' is a damaged XVA: %s",
		       xva->tar->src->name, what);
}

/* The record of class @class (and, unless NULL, with that id). */
static const struct xmlrpc *find_record(const struct xmlrpc *objects,
					const char *class, const char *id)
{
	for (size_t i = 0; objects && i < objects->n; i++) {
		const struct xmlrpc *o = &objects->v[i];

		if (!strcmp(xmlrpc_text(o, "class"), class) &&
		    (!id || !strcmp(xmlrpc_text(o, "id"), id)))
			return o;
	}
	return NULL;
}

/* Its "snapshot", which is what the object is. */
static const struct xmlrpc *find_object(const struct xmlrpc *objects,
					const char *class, const char *id)
{
	return xmlrpc_get(find_record(objects, class, id), "snapshot");
}

/* "0", "xvda" or "hda" */
static unsigned int device_number(const char *s)
{
	size_t len = strlen(s);

	if (len && s[len - 1] >= 'a' && s[len - 1] <= 'z')
		return (unsigned int)(s[len - 1] - 'a');
	return (unsigned int)strtoul(s, NULL, 10);
}

/* @vbd says where a disk is plugged in, its VDI how large it is. */
static int add_disk(struct xva *xva, const struct xmlrpc *objects,
		    const struct xmlrpc *vbd, const char *name,
		    struct pvn_err *err)
{
	const char *ref = xmlrpc_text(vbd, "VDI");
	const struct xmlrpc *vdi = find_object(objects, "VDI", ref);
	struct xva_disk *d;

	if (strcmp(xmlrpc_text(vbd, "type"), "Disk") || !vdi)
		return 0;
	if (xva->n == XVA_MAX_DISKS)
		return pvn_err(err, PVN_REFUSED,
			       "the guest in '%s' has more than %d disks", name,
			       XVA_MAX_DISKS);
	xva->disks = xrealloc(xva->disks, (xva->n + 1) * sizeof(*xva->disks));
	d = &xva->disks[xva->n++];
	*d = (struct xva_disk){
		.ref = xstrdup(ref),
		.bytes = strtoull(xmlrpc_text(vdi, "virtual_size"), NULL, 10),
		.number = device_number(xmlrpc_text(vbd, "userdevice")),
		.bootable = !strcmp(xmlrpc_text(vbd, "bootable"), "1"),
	};
	if (!d->bytes || d->bytes > INT64_MAX || d->bytes % TAR_BLOCK)
		return pvn_err(err, -EBADMSG,
			       "a disk in '%s' has the bad size '%.30s'", name,
			       xmlrpc_text(vdi, "virtual_size"));
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct xva_disk *x = a, *y = b;

	if (x->bootable != y->bootable)
		return x->bootable ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* @vif is one of the guest's interfaces. */
static int add_nic(struct xva *xva, const struct xmlrpc *vif, const char *name,
		   struct pvn_err *err)
{
	struct xva_nic *nic = &xva->nics[xva->n_nics];

	if (xva->n_nics == XVA_MAX_NICS)
		return pvn_err(err, PVN_REFUSED,
			       "the guest in '%s' has more than %d interfaces",
			       name, XVA_MAX_NICS);
	xva->n_nics++;
	nic->number = device_number(xmlrpc_text(vif, "device"));
	snprintf(nic->mac, sizeof(nic->mac), "%s", xmlrpc_text(vif, "MAC"));
	for (char *p = nic->mac; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return 0;
}

static int by_nic_number(const void *a, const void *b)
{
	const struct xva_nic *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* A guest that was PV there may have a kernel that can be nothing else. What has no boot policy is PV for
 * XenServer; newer ones name the type, too, and our own export what was chosen. */
static const char *choose_type(const struct xmlrpc *vm)
{
	static const struct {
		const char *said, *type;
	} known[] = { { "pv", "pv" },
		      { "pv_in_pvh", "pv" },
		      { "pvh", "auto" },
		      { "hvm", "auto" } };
	static const char *const chosen[] = { "auto", "pv", "pvh" };
	const char *ours =
		xmlrpc_text(xmlrpc_get(vm, "other_config"), XVA_TYPE);
	const struct xmlrpc *policy = xmlrpc_get(vm, "HVM_boot_policy");
	const char *said = xmlrpc_text(vm, "domain_type");

	for (size_t i = 0; i < sizeof(chosen) / sizeof(*chosen); i++) {
		if (!strcmp(ours, chosen[i]))
			return chosen[i];
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!strcmp(said, known[i].said))
			return known[i].type;
	}
	if (*xmlrpc_text(vm, "HVM_boot_policy"))
		return "auto";
	return policy || *xmlrpc_text(vm, "PV_bootloader") ? "pv" : "auto";
}

static int read_objects(struct xva *xva, const struct xmlrpc *objects,
			const char *name, struct pvn_err *err)
{
	const struct xmlrpc *record = find_record(objects, "VM", NULL);
	const struct xmlrpc *vm = xmlrpc_get(record, "snapshot");
	const char *id = xmlrpc_text(record, "id");

	if (!vm)
		return pvn_err(err, -EBADMSG, "there is no guest in '%s'",
			       name);
	xva->memory = strtoull(xmlrpc_text(vm, "memory_static_max"), NULL, 10);
	xva->memory -= xva->memory % XVA_BLOCK;
	xva->vcpus =
		(unsigned int)strtoul(xmlrpc_text(vm, "VCPUs_max"), NULL, 10);
	if (xva->vcpus > GUEST_VCPUS_MAX)
		xva->vcpus = GUEST_VCPUS_MAX;
	xva->type = choose_type(vm);
	for (size_t i = 0; i < objects->n; i++) {
		const struct xmlrpc *o = &objects->v[i];
		const char *class = xmlrpc_text(o, "class");
		const struct xmlrpc *what = xmlrpc_get(o, "snapshot");
		int rc = 0;

		if (!strcmp(class, "VBD"))
			rc = add_disk(xva, objects, what, name, err);
		else if (!strcmp(class, "VIF") && /* none of its snapshots' */
			 !strcmp(xmlrpc_text(what, "VM"), id))
			rc = add_nic(xva, what, name, err);
		if (rc)
			return rc;
	}
	if (!xva->n)
		return pvn_err(err, -EBADMSG, "there is no disk in '%s'", name);
	qsort(xva->disks, xva->n, sizeof(*xva->disks), by_number);
	qsort(xva->nics, xva->n_nics, sizeof(*xva->nics), by_nic_number);
	return 0;
}

int xva_parse(struct xva *xva, const char *text, const char *name,
	      struct pvn_err *err)
{
	struct xmlrpc root = { 0 };
	int rc = xmlrpc_parse(text, name, &root, err);

	if (!rc)
		rc = read_objects(xva, xmlrpc_get(&root, "objects"), name, err);
	xmlrpc_free(&root);
	return rc;
}

int xva_open(struct xva *xva, struct tar *tar, struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc = tar_next(tar, err);

	xva->tar = tar;
	if (rc < 0)
		return rc;
	if (!rc || strcmp(tar->member.name, "ova.xml"))
		return damaged(xva, "it has no ova.xml", err);
	rc = tar_read_text(tar, MAX_OVA, &text, err);
	return rc ? rc : xva_parse(xva, text, tar->src->name, err);
}

void xva_close(struct xva *xva)
{
	for (size_t i = 0; i < xva->n; i++)
		free(xva->disks[i].ref);
	free(xva->disks);
	*xva = (struct xva){ 0 };
}

/* "Ref:4/00000012": which disk, which block, and what is behind the number. */
static struct xva_disk *find_disk(struct xva *xva, const char *member,
				  uint64_t *block_r, const char **rest_r)
{
	for (size_t i = 0; i < xva->n; i++) {
		size_t len = strlen(xva->disks[i].ref);
		char *rest;

		if (strncmp(member, xva->disks[i].ref, len) ||
		    member[len] != '/' || member[len + 1] < '0' ||
		    member[len + 1] > '9')
			continue;
		*block_r = strtoull(member + len + 1, &rest, 10);
		*rest_r = rest;
		return &xva->disks[i];
	}
	return NULL;
}

static int write_block(struct xva *xva, struct xva_disk *d,
		       struct image_out *out, uint64_t block, const void *data,
		       size_t len, struct pvn_err *err)
{
	uint64_t at = block * XVA_BLOCK;
	int rc;

	if (block < d->next)
		return damaged(xva, "a block comes twice or out of order", err);
	if (block > INT64_MAX / XVA_BLOCK || at >= d->bytes ||
	    len != (d->bytes - at < XVA_BLOCK ? d->bytes - at : XVA_BLOCK))
		return damaged(xva, "a block is not of the disk's size", err);
	d->next = block + 1;
	rc = image_out_seek(out, at, err);
	return rc ? rc : image_out_add(out, data, len, err);
}

/* The member behind a block says what its checksum is. */
static int check_block(struct xva *xva, const char *kind, const void *data,
		       size_t len, struct pvn_err *err)
{
	autofree char *text = NULL;
	char hex[41];
	int rc = tar_read_text(xva->tar, 4096, &text, err);

	if (rc)
		return rc;
	if (!strcmp(kind, ".checksum"))
		sha1_hex(data, len, hex);
	else if (!strcmp(kind, ".xxhash"))
		xxh64_hex(data, len, hex);
	else
		return 0;
	if (strncasecmp(text, hex, strlen(hex)))
		return damaged(xva, "a block's checksum is wrong", err);
	return 0;
}

/* Empty blocks are left out, but never the last one. */
static int check_complete(struct xva *xva, struct pvn_err *err)
{
	for (size_t i = 0; i < xva->n; i++) {
		const struct xva_disk *d = &xva->disks[i];

		if (d->next != (d->bytes + XVA_BLOCK - 1) / XVA_BLOCK)
			return damaged(xva, "the end of a disk is missing",
				       err);
	}
	return 0;
}

static int take_member(struct xva *xva, struct image_out *outs, char *buf,
		       size_t *len, struct pvn_err *err)
{
	const char *rest = NULL;
	uint64_t block = 0;
	struct xva_disk *d =
		find_disk(xva, xva->tar->member.name, &block, &rest);
	ssize_t n;

	if (!d)
		return 0;
	if (*rest)
		return block + 1 == d->next
			       ? check_block(xva, rest, buf, *len, err)
			       : 0;
	if (xva->tar->member.size > XVA_BLOCK)
		return damaged(xva, "a block is too large", err);
	n = tar_read(xva->tar, buf, XVA_BLOCK, err);
	if (n < 0)
		return (int)n;
	*len = (size_t)n;
	return write_block(xva, d, &outs[d - xva->disks], block, buf, *len,
			   err);
}

int xva_read_disks(struct xva *xva, struct image_out *outs, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, XVA_BLOCK);
	size_t len = 0;
	int rc;

	while ((rc = tar_next(xva->tar, err)) > 0) {
		rc = take_member(xva, outs, buf, &len, err);
		if (!rc)
			rc = signals_check(err);
		if (rc)
			return rc;
	}
	if (!rc)
		rc = check_complete(xva, err);
	for (size_t i = 0; !rc && i < xva->n; i++)
		rc = image_out_finish(&outs[i], err);
	return rc;
}
