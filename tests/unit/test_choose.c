/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_choose.c: which disks answers mean, and by which names. */
#include <errno.h>

#include "choose.h"
#include "unit.h"

static const char machine[] =
	"[disk sda]\nmodel = Samsung SSD 860  EVO 500GB\nserial = S3Z1 NB0K\n"
	"wwn = naa.5002538e40a1b2c3\nbus = ata\nsize = 8G\n"
	"[disk sdb]\nvendor = QEMU\nmodel = QEMU HARDDISK\nserial = 7\n"
	"wwn = t10.QEMU\nbus = scsi\nsize = 8G\n"
	"[disk sdc]\nvendor = SanDisk\nmodel = Ultra Fit\nserial = 4C53\n"
	"bus = usb\nsize = 16G\n"
	"[disk sdd]\nvendor = HP\nmodel = LOGICAL VOLUME\nserial = PACCR\n"
	"wwn = naa.600508b1001c5e0f\nbus = scsi\nsize = 8G\n"
	"[disk nvme0n1]\nmodel = WD/Blue SN550\nserial = 2037\n"
	"wwn = eui.e8238fa6bf530001\nbus = nvme\nsize = 8G\n"
	"[disk vda]\nserial = disk 1\nbus = virtio\nsize = 8G\n"
	"[disk mmcblk0]\nmodel = SC64G\nserial = 0x1234\nbus = mmc\nsize = 8G\n"
	"[disk sr0]\nmodel = DVD\nserial = 1\nbus = ata\noptical = yes\n";

static struct facts facts;

static int choose(const char *device, size_t want, const struct disk **chosen,
		  struct pvn_err *err)
{
	struct answers a = { 0 };
	int rc;

	strlist_add(&a.disk_devices, device);
	rc = disks_choose(&facts, &a, want, chosen, err);
	strlist_free(&a.disk_devices);
	return rc;
}

PVN_TEST(by_the_names_of_udev)
{
	static const struct {
		const char *id;
		const char *name; /* NULL: none */
	} cases[] = {
		{ "ata-Samsung_SSD_860_EVO_500GB_S3Z1_NB0K", "sda" },
		{ "ata-Samsung_SSD_860_EVO_500GB*", "sda" },
		{ "wwn-0x5002538e40a1b2c3", "sda" },
		{ "scsi-0QEMU_QEMU_HARDDISK_7", "sdb" },
		{ "scsi-SQEMU_QEMU_HARDDISK_7", "sdb" },
		{ "usb-SanDisk_Ultra_Fit_4C53-0:0", "sdc" },
		{ "scsi-3600508b1001c5e0f", "sdd" },
		{ "wwn-0x600508b1001c5e0f", "sdd" },
		{ "nvme-WD_Blue_SN550_2037", "nvme0n1" },
		{ "nvme-eui.e8238fa6bf530001", "nvme0n1" },
		{ "virtio-disk_1", "vda" },
		{ "mmc-SC64G_0x1234", "mmcblk0" },
		{ "wwn-0x", NULL },
		{ "scsi-2e8238fa6bf530001", NULL },
		{ "virtio-disk_1-part1", NULL },
		{ "ata-Samsung_SSD_860_EVO_500GB", NULL },
	};

	assert_int_equal(
		facts_parse(&facts, machine, "f", &(struct pvn_err){ 0 }), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *device =
			xasprintf("/dev/disk/by-id/%s", cases[i].id);
		const struct disk *d = NULL;
		struct pvn_err err = { 0 };
		int rc = choose(device, 1, &d, &err);

		assert_int_equal(rc, cases[i].name ? 0 : -EPERM);
		if (cases[i].name)
			assert_string_equal(d->name, cases[i].name);
		else
			assert_string_equal(err.msg, "no disk matches [disk]");
	}
	facts_free(&facts);
}

PVN_TEST(any_of_several)
{
	const struct disk *d[2] = { 0 };
	struct answers a = { 0 };
	struct pvn_err err = { 0 };

	assert_int_equal(facts_parse(&facts, machine, "f", &err), 0);
	strlist_add(&a.disk_devices, "/dev/sda");
	strlist_add(&a.disk_devices, "nvme0n1");
	assert_int_equal(disks_choose(&facts, &a, 2, d, &err), 0);
	/* in the order of the facts */
	assert_string_equal(d[0]->name, "nvme0n1");
	assert_string_equal(d[1]->name, "sda");
	strlist_free(&a.disk_devices);
	facts_free(&facts);
}

PVN_TEST(as_many_as_were_asked_for)
{
	const struct disk *d[2] = { 0 };
	struct pvn_err err = { 0 };

	assert_int_equal(facts_parse(&facts, machine, "f", &err), 0);
	assert_int_equal(choose("/dev/sd[ad]", 2, d, &err), 0);
	assert_string_equal(d[0]->name, "sda");
	assert_string_equal(d[1]->name, "sdd");
	assert_int_equal(choose("/dev/sda", 2, d, &err), -EPERM);
	assert_string_equal(err.msg,
			    "1 disk matches [disk], expected two: '/dev/sda'");
	assert_int_equal(choose("/dev/sd?", 2, d, &err), -EPERM);
	assert_string_equal(err.msg,
			    "4 disks match [disk], expected two: '/dev/sda', "
			    "'/dev/sdb', '/dev/sdc', '/dev/sdd'");
	assert_int_equal(choose("sr*", 1, d, &err), -EPERM);
	assert_string_equal(err.msg,
			    "can't install on '/dev/sr0': an optical drive");
	facts_free(&facts);
}

PVN_TEST(a_set_is_not_torn_apart)
{
	static const char text[] = "[disk sda]\nsize = 8G\n"
				   "spans = sdaa md array 'x'\n"
				   "[disk sdb]\nsize = 8G\n"
				   "[disk sdaa]\nsize = 8G\n"
				   "spans = sda md array 'x'\n";
	const struct disk *d[2];
	struct pvn_err err = { 0 };

	assert_int_equal(facts_parse(&facts, text, "f", &err), 0);
	d[0] = &facts.disks[0];
	d[1] = &facts.disks[1];
	assert_int_equal(disks_check_spans(d, 1, &err), -EPERM);
	assert_string_equal(
		err.msg, "can't install on '/dev/sda': md array 'x' is on it "
			 "and on '/dev/sdaa', which would be left with a part "
			 "of it: take one of the two disks out of it, or give "
			 "it up, and install again");
	assert_int_equal(disks_check_spans(d, 2, &err), -EPERM);
	d[1] = &facts.disks[2];
	assert_int_equal(disks_check_spans(d, 2, &err), 0);
	assert_int_equal(disks_check_spans(&d[1], 1, &err), -EPERM);
	d[0] = &facts.disks[1];
	assert_int_equal(disks_check_spans(d, 1, &err), 0);
	facts_free(&facts);
}
