/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_import.c: an image + facts -> plan of a guest. */
#include <errno.h>

#include "bytes.h"
#include "file.h"
#include "image_convert.h"
#include "import.h"
#include "size.h"
#include "unit.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA root@desk"

/* What the pool is like in plans. */
static double used_percent = 50;
static unsigned int overcommit;

static void make_facts(struct create_facts *facts)
{
	struct pvn_err err;

	*facts = (struct create_facts){
		.vg = xstrdup("pvn_0badcafe"),
		.pool = xstrdup("pool"),
		.memory_free = 512 * MIB,
		.pvh = true,
		.limits = POOL_LIMITS_DEFAULT,
		.host_keys = xstrdup(KEY "\n"),
		.uuid = "12345678-9abc-4def-8123-456789abcdef",
		.mac = "00:16:3e:12:34:56",
	};
	strlist_add(&facts->bridges, "br0");
	strlist_add(&facts->macs, "0E:00:00:00:00:99");
	assert_int_equal(volumes_parse(&facts->volumes,
				       "  pool|1073741824||1.0|65536|\n"
				       "  guest-db-xvda|536870912||||\n",
				       &err),
			 0);
	facts->volumes.v[0].used_percent = used_percent;
	facts->limits.overcommit = overcommit;
}

/* A sparse file with @head at its start. */
static char *make_image(const void *head, size_t len, off_t size)
{
	char path[] = "/tmp/pvn-unit-XXXXXX";
	struct pvn_err err;
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(write_at(fd, head, len, 0, path, &err), 0);
	close(fd);
	return xstrdup(path);
}

static char *partitioned(off_t size)
{
	unsigned char mbr[512] = { 0 };

	mbr[450] = 0x83;
	mbr[454] = 1;
	mbr[458] = 15;
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	return make_image(mbr, sizeof(mbr), size);
}

static char *qcow2(uint64_t bytes)
{
	unsigned char head[104] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 3 };

	put_be64(head + 24, bytes);
	return make_image(head, sizeof(head), 65536);
}

#define MEMBER(name, value) \
	"<member><name>" name "</name><value>" value "</value></member>"
#define OBJECT(class, id, members)                                \
	"<value><struct>" MEMBER("class", class) MEMBER("id", id) \
		MEMBER("snapshot",                                \
		       "<struct>" members "</struct>") "</struct></value>"

/* An XVA with one disk, of a guest whose record has these members; @more are objects. */
#define XVA(members, more)                                                     \
	xva("<value><struct>" MEMBER(                                          \
		"objects",                                                     \
		"<array><data>" OBJECT("VM", "Ref:0", members)                 \
			OBJECT("VBD", "Ref:1",                                 \
			       MEMBER("VM", "Ref:0") MEMBER("VDI", "Ref:2")    \
				       MEMBER("userdevice", "0")               \
					       MEMBER("type", "Disk"))         \
				OBJECT("VDI", "Ref:2",                         \
				       MEMBER("virtual_size", "1048576")) more \
		"</data></array>") "</struct></value>")

static char *xva(const char *ova)
{
	size_t len = strlen(ova);
	autofree char *data = xcalloc(1, TAR_BLOCK + len);

	tar_header((unsigned char *)data, "ova.xml", len);
	memcpy(data + TAR_BLOCK, ova, len);
	return make_image(data, TAR_BLOCK + len, 65536);
}

struct planned {
	struct import im;
	struct create_facts facts;
	struct pvn_plan plan;
	struct pvn_err err;
	int rc;
};

static struct planned *plan(char *image, struct import_request req)
{
	struct planned *p = xcalloc(1, sizeof(*p));

	req.create.name = "web";
	req.create.nic.bridge = "br0";
	req.file = image;
	make_facts(&p->facts);
	p->rc = import_open(&p->im, &req, &p->err);
	if (!p->rc)
		p->rc = import_plan(&p->im, &req, &p->facts, &p->plan, &p->err);
	unlink(image);
	free(image);
	return p;
}

static void end(struct planned *p)
{
	import_close(&p->im);
	create_facts_free(&p->facts);
	plan_free(&p->plan);
	free(p);
}

static void expect_steps(const struct planned *p, const char *names)
{
	autofree char *got = xstrdup("");

	if (p->rc)
		fail_msg("%s", p->err.msg);
	for (size_t i = 0; i < p->plan.n; i++) {
		char *more = xasprintf("%s%s ", got, p->plan.steps[i].name);

		free(got);
		got = more;
	}
	assert_string_equal(got, names);
}

PVN_TEST(interface)
{
	const struct import_request req = { .create.nic = { .rate = "10Mb/s",
							    .vlan = "12" } };
	struct planned *p = plan(partitioned(10 * MIB), req);
	const struct conf_vif *vif = p->im.create.conf.vifs;

	assert_int_equal(p->rc, 0);
	assert_string_equal(vif->bridge, "br0");
	assert_string_equal(vif->rate, "10Mb/s");
	assert_string_equal(vif->vlan, "12");
	end(p);
}

PVN_TEST(raw)
{
	struct planned *p =
		plan(partitioned(10 * MIB), (struct import_request){ 0 });

	expect_steps(p, "disk write seed-volume seed config finish ");
	assert_string_equal(p->im.create.conf.kernel, KERNEL_GRUB_PVH);
	assert_string_equal(p->im.create.conf.type, "pvh");
	assert_string_equal(p->im.create.conf.type_choice, "auto");
	assert_int_equal(p->im.create.disk_bytes, 12 * MIB);
	assert_null(p->im.create.conf.template);
	end(p);
	p = plan(partitioned(10 * MIB),
		 (struct import_request){ .create.type = "pv",
					  .create.start = true,
					  .create.disk = 100 * MIB });
	expect_steps(p, "disk write seed-volume seed config start finish ");
	assert_string_equal(p->im.create.conf.kernel, KERNEL_GRUB_PV);
	assert_string_equal(p->im.create.conf.type, "pv");
	assert_null(p->im.create.conf.type_choice);
	assert_int_equal(p->im.volume_bytes, 100 * MIB);
	end(p);
	p = plan(partitioned(10 * MIB),
		 (struct import_request){ .kernel = "host" });
	assert_string_equal(p->im.create.conf.kernel, KERNEL_GUEST);
	assert_non_null(strstr(p->im.create.conf.cmdline, "root=/dev/xvda"));
	end(p);
	p = plan(partitioned(10 * MIB),
		 (struct import_request){ .create.disk = 8 * MIB });
	assert_true(p->rc < 0);
	assert_non_null(strstr(p->err.msg, "too small"));
	end(p);
}

PVN_TEST(converted)
{
	struct planned *p = plan(qcow2(64 * MIB), (struct import_request){ 0 });

	expect_steps(
		p,
		"disk spool-volume spool convert unspool seed-volume seed config finish ");
	assert_int_equal(p->im.volume_bytes, 64 * MIB);
	/* once the disk is there, it shows which kernel it needs */
	import_set_kernel(&p->im, true);
	assert_string_equal(p->im.create.conf.kernel, KERNEL_GRUB_PVH);
	import_set_kernel(&p->im, false);
	assert_string_equal(p->im.create.conf.kernel, KERNEL_GUEST);
	end(p);
	p = plan(qcow2(100 * 1024 * GIB), (struct import_request){ 0 });
	assert_int_equal(p->rc, PVN_REFUSED);
	assert_non_null(strstr(p->err.msg, "whole pool"));
	end(p);
}

/* This host can do PVH; the kernel of a guest that was PV need not. */
PVN_TEST(xva_type)
{
	struct planned *p = plan(XVA(MEMBER("PV_bootloader", "pygrub")
					     MEMBER("HVM_boot_policy", ""),
				     ""),
				 (struct import_request){ .kernel = "own" });

	expect_steps(p, "disk write seed-volume seed config finish ");
	assert_string_equal(p->im.create.conf.type, "pv");
	assert_null(p->im.create.conf.type_choice);
	assert_string_equal(p->im.create.conf.kernel, KERNEL_GRUB_PV);
	end(p);
	p = plan(XVA(MEMBER("HVM_boot_policy", ""), ""),
		 (struct import_request){ .create.type = "auto" });
	assert_string_equal(p->im.create.conf.type, "pvh");
	end(p);
	p = plan(XVA(MEMBER("HVM_boot_policy", "BIOS order"), ""),
		 (struct import_request){ .kernel = "own" });
	assert_string_equal(p->im.create.conf.type, "pvh");
	assert_string_equal(p->im.create.conf.type_choice, "auto");
	assert_string_equal(p->im.create.conf.kernel, KERNEL_GRUB_PVH);
	end(p);
}

#define VIF(id, device, mac)                                  \
	OBJECT("VIF", id,                                     \
	       MEMBER("VM", "Ref:0") MEMBER("device", device) \
		       MEMBER("MAC", mac))

PVN_TEST(xva_interfaces)
{
	struct planned *p =
		plan(XVA("", VIF("Ref:3", "1", "0e:00:00:00:00:01")
				     VIF("Ref:4", "0", "0e:00:00:00:00:02")),
		     (struct import_request){ 0 });
	const struct guestconf *conf = &p->im.create.conf;

	expect_steps(p, "disk write seed-volume seed config finish ");
	assert_int_equal(conf->n_vifs, 2);
	assert_string_equal(conf->vifs[0].mac, "0e:00:00:00:00:02");
	assert_string_equal(conf->vifs[1].mac, "0e:00:00:00:00:01");
	assert_string_equal(conf->vifs[1].bridge, "br0");
	assert_non_null(strstr(p->im.create.conf_text, "0e:00:00:00:00:01"));
	assert_string_equal(p->im.create.mac, "0e:00:00:00:00:02");
	assert_int_equal(p->im.macs_taken.n, 0);
	end(p);
	p = plan(XVA("", ""), (struct import_request){ 0 });
	assert_int_equal(p->im.create.conf.n_vifs, 1);
	assert_string_equal(p->im.create.conf.vifs[0].mac, "00:16:3e:12:34:56");
	end(p);
}

/* What another guest has (make_facts()), what comes twice, and what is no address. */
PVN_TEST(xva_macs_that_are_taken)
{
	struct planned *p = plan(
		XVA("", VIF("Ref:3", "0", "0e:00:00:00:00:99")
				VIF("Ref:4", "1", "0e:00:00:00:00:03")
					VIF("Ref:5", "2", "0e:00:00:00:00:03")
						VIF("Ref:6", "3", "01:02")),
		(struct import_request){ 0 });
	const struct guestconf *conf = &p->im.create.conf;

	expect_steps(p, "disk write seed-volume seed config finish ");
	assert_int_equal(conf->n_vifs, 4);
	assert_string_equal(conf->vifs[1].mac, "0e:00:00:00:00:03");
	for (size_t i = 0; i < 4; i++) {
		if (i != 1)
			assert_memory_equal(conf->vifs[i].mac, "00:16:3e:", 9);
	}
	assert_int_equal(p->im.macs_taken.n, 2);
	assert_string_equal(p->im.macs_taken.v[0], "0e:00:00:00:00:99");
	end(p);
}

PVN_TEST(size_of_the_image_is_part_of_the_source)
{
	autofree char *source =
		image_convert_source(IMAGE_VMDK, 1025, "/dev/in");

	assert_string_equal(
		source,
		"driver=vmdk,file.driver=raw,file.size=1536,file.file.driver=host_device,file.file.filename=/dev/in");
}

/* Of the pool's 1 GiB the reserve is 128 MiB, and a little is kept beside it. */
PVN_TEST(room)
{
	struct planned *p;

	p = plan(partitioned(10 * MIB), (struct import_request){ 0 });
	assert_int_equal(p->im.room, 352 * MIB);
	end(p);
	used_percent = 85;
	p = plan(partitioned(10 * MIB), (struct import_request){ 0 });
	assert_int_equal(p->rc, -ENOSPC);
	assert_non_null(strstr(p->err.msg, "does not fit into the pool"));
	end(p);
	used_percent = 50;
}

/* What is promised counts when the size is known: at once, or once the image was read. */
PVN_TEST(overcommit_counts_what_is_known)
{
	struct planned *p;

	overcommit = 100;
	p = plan(qcow2(900 * MIB), (struct import_request){ 0 });
	assert_int_equal(p->rc, -ENOSPC);
	assert_non_null(strstr(p->err.msg, "overcommit"));
	end(p);
	p = plan(make_image("vhdxfile", 8, 65536),
		 (struct import_request){ 0 });
	expect_steps(
		p,
		"disk spool-volume spool convert unspool seed-volume seed config finish ");
	assert_false(p->im.size_known);
	end(p);
	overcommit = 0;
}
