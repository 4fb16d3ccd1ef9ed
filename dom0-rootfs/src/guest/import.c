/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import.c: look at a disk image and plan the guest that is made from it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/size.h"
#include "import.h"
#include "progress.h"
#include "unfinished.h"

/* A root filesystem comes without a size. */
#define TAR_DISK (2 * GIB)
#define DEFAULT_MEMORY (256 * MIB)

int import_open(struct import *im, const struct import_request *req,
		struct pvn_err *err)
{
	const unsigned char *data;
	size_t len;
	int rc;

	im->fd = -1;
	im->as_raw = req->as_raw;
	im->name = strcmp(req->file, "-") ? req->file : "standard input";
	if (strcmp(req->file, "-"))
		im->fd = open(req->file, O_RDONLY | O_CLOEXEC);
	else
		im->fd = dup(STDIN_FILENO);
	if (im->fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", im->name);
	rc = image_src_open_fd(&im->src, im->name, im->fd, err);
	if (!rc)
		rc = image_src_peek(&im->src, &data, &len, err);
	if (!rc)
		rc = image_detect(data, len, im->name, req->as_raw, &im->info,
				  err);
	if (rc)
		return rc;
	if (im->info.format == IMAGE_TEMPLATE)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' is a template: 'template import' takes it, then 'guest create'",
			im->name);
	tar_open(&im->tar, &im->src);
	if (im->info.format == IMAGE_XVA)
		return xva_open(&im->xva, &im->tar, err);
	return 0;
}

/* The size of a raw image that lies in a file as it is. */
static void use_file_size(struct import *im)
{
	struct stat st;

	if (im->info.format == IMAGE_RAW && !*image_src_codec(&im->src) &&
	    !fstat(im->fd, &st) && S_ISREG(st.st_mode))
		im->info.size = (uint64_t)st.st_size;
}

static int check_size(const struct import *im, struct pvn_err *err)
{
	uint64_t size = im->info.size > im->info.least ? im->info.size
						       : im->info.least;
	char want[16], have[16];

	if (size > im->pool_bytes)
		return pvn_err(
			err, PVN_REFUSED,
			"the disk in '%s' has %s, which is more than the whole pool (%s)",
			im->name, size_print(size, want),
			size_print(im->pool_bytes, have));
	return 0;
}

static int find_room(struct import *im, const struct create_facts *facts,
		     struct pvn_err *err)
{
	const struct volume *pool = volumes_find(&facts->volumes, facts->pool);
	uint64_t more = 0;

	if (!pool)
		return pvn_err(err, -ENOENT,
			       "no pool '%s' in volume group '%s'", facts->pool,
			       facts->vg);
	im->pool_bytes = pool->size;
	im->room = pool_room(&facts->limits, pool->size, volume_used(pool));
	if (!im->room)
		return pool_no_room(err);
	/* the first disk's share is asked for when its size is known */
	for (size_t i = 1; i < im->xva.n; i++)
		more += im->xva.disks[i].bytes;
	return pool_admit(&facts->limits, pool, pool_committed(&facts->volumes),
			  more, err);
}

#define CMDLINE "root=/dev/xvda rw console=hvc0"

/* For PV; the guest's type makes GRUB the other one. */
static const char *kernel_path(bool own)
{
	return own ? KERNEL_GRUB_PV : KERNEL_GUEST;
}

static void choose_kernel(struct import *im, const struct import_request *req)
{
	struct template *t = &im->source.template;
	bool own = req->kernel ? !strcmp(req->kernel, "own") : im->info.boots;

	im->kernel_open = !req->kernel;
	t->type = xstrdup(im->xva.type ? im->xva.type : TYPE_AUTO);
	t->kernel = xstrdup(kernel_path(own));
	t->cmdline = xstrdup(own ? "" : CMDLINE);
}

void import_set_kernel(struct import *im, bool own)
{
	struct guestconf *conf = &im->create.conf;

	free(conf->kernel);
	free(conf->cmdline);
	conf->kernel = xstrdup(kernel_path(own));
	guesttype_fit_kernel(conf);
	conf->cmdline = xstrdup(own ? "" : CMDLINE);
	free(im->create.conf_text);
	im->create.conf_text = guestconf_text(conf);
}

static uint64_t first_size(const struct import *im,
			   const struct import_request *req)
{
	uint64_t wanted = req->create.disk;

	if (im->info.format == IMAGE_TAR && !wanted)
		return im->pool_bytes < TAR_DISK ? im->pool_bytes : TAR_DISK;
	if (im->info.format == IMAGE_TAR)
		return wanted;
	if (!im->info.size) /* until it is known */
		return im->pool_bytes;
	return im->info.size;
}

static void fill_source(struct import *im, const struct import_request *req)
{
	struct template *t = &im->source.template;

	t->name = xstrdup("image");
	t->version = xstrdup("0");
	t->sha256 = xstrdup("");
	t->user = xstrdup("root");
	t->disk_bytes = first_size(im, req);
	t->memory_bytes = im->xva.memory ? im->xva.memory : DEFAULT_MEMORY;
	t->vcpus = im->xva.vcpus ? im->xva.vcpus : 1;
	choose_kernel(im, req);
}

static void add_convert_steps(struct pvn_plan *plan, const struct import *im)
{
	const char *format = image_format_name(im->info.format);

	plan_add(plan, "spool-volume", step_import_spool_volume,
		 undo_import_spool_volume, "make volume '%s' for the image",
		 im->spool);
	plan_add(plan, "spool", step_import_spool, NULL, "read %s into it",
		 im->name);
	plan_add(plan, "convert", step_import_convert, NULL,
		 "write the disk in the %s image to '%s'", format,
		 im->create.disk);
	plan_add(plan, "unspool", undo_import_spool_volume, NULL,
		 "remove volume '%s'", im->spool);
}

static void add_steps(struct pvn_plan *plan, struct create *create)
{
	struct import *im = (struct import *)create;
	const char *codec = image_src_codec(&im->src);
	char size[16];

	plan_add(plan, "disk", step_import_volumes, undo_import_volumes,
		 "make volume '%s'%s%s", create->disk,
		 im->size_known ? " of " : "",
		 im->size_known ? size_print(create->disk_bytes, size) : "");
	switch (im->info.format) {
	case IMAGE_RAW:
		plan_add(plan, "write", step_import_raw, NULL,
			 "write %s to it (raw%s%s)", im->name,
			 *codec ? ", " : "", codec);
		break;
	case IMAGE_TAR:
		plan_add(plan, "format", step_import_format, NULL,
			 "make an ext4 filesystem in it");
		plan_add(plan, "unpack", step_import_unpack, NULL,
			 "unpack %s into it (tar%s%s)", im->name,
			 *codec ? ", " : "", codec);
		break;
	case IMAGE_XVA:
		plan_add(plan, "write", step_import_xva, NULL,
			 "write the %zu disk%s in %s", im->xva.n,
			 im->xva.n == 1 ? "" : "s", im->name);
		break;
	case IMAGE_QCOW2:
	case IMAGE_VHD:
	case IMAGE_VHDX:
	case IMAGE_VMDK:
		add_convert_steps(plan, im);
		break;
	case IMAGE_TEMPLATE:
		break;
	}
}

/* Can interface @i of the XVA keep its address? */
static bool mac_is_free(const struct import *im, size_t i)
{
	const struct xva_nic *nics = im->xva.nics;
	const struct strlist *others = &im->facts.macs;

	for (size_t j = 0; j < i; j++) {
		if (!strcmp(nics[i].mac, nics[j].mac))
			return false;
	}
	for (size_t j = 0; j < others->n; j++) {
		if (!strcasecmp(nics[i].mac, others->v[j]))
			return false;
	}
	return true;
}

/* The addresses that an XVA's guest had, and new ones for those that it can't have here. */
static int choose_macs(struct import *im, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < im->xva.n_nics && !rc; i++) {
		struct xva_nic *nic = &im->xva.nics[i];
		uint8_t mac[6];
		bool given = !guestconf_mac(nic->mac, mac) && !(mac[0] & 1);

		if (given && mac_is_free(im, i))
			continue;
		if (given)
			strlist_add(&im->macs_taken, nic->mac);
		rc = create_random(NULL, nic->mac, err);
	}
	if (im->xva.n_nics)
		strcpy(im->facts.mac, im->xva.nics[0].mac);
	return rc;
}

/* All on the network of the first. */
static void add_nics(struct import *im)
{
	struct guestconf *conf = &im->create.conf;

	conf->vifs = xrealloc(conf->vifs, im->xva.n_nics * sizeof(*conf->vifs));
	for (size_t i = 1; i < im->xva.n_nics; i++)
		conf->vifs[conf->n_vifs++] = (struct conf_vif){
			.mac = xstrdup(im->xva.nics[i].mac),
			.bridge = xstrdup(conf->vifs[0].bridge),
		};
}

/* The seed comes behind them. */
static void add_disks(struct import *im)
{
	struct guestconf *conf = &im->create.conf;
	size_t more = im->xva.n - 1;
	struct conf_disk seed = conf->disks[conf->n_disks - 1];

	conf->disks = xrealloc(conf->disks,
			       (conf->n_disks + more) * sizeof(*conf->disks));
	for (size_t i = 1; i <= more; i++) {
		char letter = (char)('a' + i);

		conf->disks[i] = (struct conf_disk){
			.path = xasprintf("/dev/%s/guest-%s-xvd%c",
					  im->create.vg, im->create.name,
					  letter),
			.vdev = xasprintf("xvd%c", letter),
			.writable = true,
		};
	}
	free(seed.vdev);
	seed.vdev = xasprintf("xvd%c", (char)('a' + im->xva.n));
	conf->disks[more + 1] = seed;
	conf->n_disks += more;
}

/* An XVA may have more disks and interfaces than one. */
static void add_devices(struct import *im)
{
	if (im->xva.n > 1)
		add_disks(im);
	if (im->xva.n_nics > 1)
		add_nics(im);
	free(im->create.conf_text);
	im->create.conf_text = guestconf_text(&im->create.conf);
}

int import_plan(struct import *im, const struct import_request *req,
		const struct create_facts *facts, struct pvn_plan *plan,
		struct pvn_err *err)
{
	struct create_request create = req->create;
	int rc;

	if (im->info.format == IMAGE_XVA)
		im->info.size = im->xva.disks[0].bytes;
	use_file_size(im);
	rc = find_room(im, facts, err);
	if (!rc)
		rc = check_size(im, err);
	for (size_t i = 1; !rc && i < im->xva.n; i++) {
		if (im->xva.disks[i].bytes > im->pool_bytes)
			rc = pvn_err(
				err, PVN_REFUSED,
				"a disk in '%s' is larger than the whole pool",
				im->name);
	}
	if (rc)
		return rc;
	im->size_known = im->info.size || im->info.format == IMAGE_TAR;
	fill_source(im, req);
	im->source.add_steps = add_steps;
	im->facts = *facts;
	if (!im->size_known) /* see set_size() */
		im->facts.limits.overcommit = 0;
	im->spool = xasprintf(UNFINISHED_VOLUME "import-%s", create.name);
	create.source = &im->source;
	if (!im->size_known && create.disk) { /* grown to that at the end */
		im->no_more = true;
		create.disk = 0;
	}
	rc = choose_macs(im, err);
	if (!rc)
		rc = create_plan(&create, &im->facts, &im->create, plan, err);
	if (rc)
		return rc;
	add_devices(im);
	plan_add(plan, "finish", step_import_finish, NULL,
		 "note that guest '%s' is complete", create.name);
	im->gauge = (struct pool_gauge){ .vg = im->create.vg,
					 .pool = im->create.pool,
					 .limits = facts->limits };
	im->volume_bytes = im->create.disk_bytes;
	if (im->no_more)
		im->create.disk_bytes = req->create.disk;
	return 0;
}

void import_close(struct import *im)
{
	create_free(&im->create);
	template_free(&im->source.template);
	xva_close(&im->xva);
	tar_close(&im->tar);
	image_src_close(&im->src);
	if (im->fd >= 0)
		close(im->fd);
	strlist_free(&im->macs_taken);
	free(im->spool);
	im->fd = -1;
}
