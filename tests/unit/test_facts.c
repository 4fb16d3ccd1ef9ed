/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_facts.c: a machine made of files below a folder. */
#include <sys/stat.h>

#include "facts.h"
#include "file.h"
#include "size.h"
#include "unit.h"

static void put(const char *root, const char *path, const char *text)
{
	autofree char *full = xasprintf("%s/%s", root, path);
	autofree char *dir = xstrdup(full);
	struct pvn_err err;

	*strrchr(dir, '/') = '\0';
	assert_int_equal(mkdir_p(dir, 0755, &err), 0);
	assert_int_equal(file_write(full, text, 0644, &err), 0);
}

/* Block device @name at @where below /sys/devices, linked as sysfs does. */
static void add_block(const char *root, const char *name, const char *where,
		      const char *devno, const char *sectors, bool whole)
{
	static const char *const classes[] = { "sys/class/block", "sys/block" };
	autofree char *dir = xasprintf("sys/devices/%s", where);
	autofree char *dev = xasprintf("%s/dev", dir);
	autofree char *size = xasprintf("%s/size", dir);
	struct pvn_err err;

	put(root, dev, devno);
	put(root, size, sectors);
	for (size_t i = 0; i < (whole ? 2 : 1); i++) {
		autofree char *class = xasprintf("%s/%s", root, classes[i]);
		autofree char *link = xasprintf("%s/%s", class, name);
		autofree char *to = xasprintf("%s/%s", root, dir);

		assert_int_equal(mkdir_p(class, 0755, &err), 0);
		assert_int_equal(symlink(to, link), 0);
	}
}

/* What an ATA disk says of itself, as SCSI's page 0x89: each two bytes swapped. */
static void put_ata_model(const char *root, const char *path, const char *model)
{
	autofree char *full = xasprintf("%s/%s", root, path);
	autofclose FILE *f = NULL;
	char page[572] = { 0 };

	put(root, path, "");
	memset(page + 114, ' ', 40);
	for (size_t i = 0; model[i]; i++)
		page[114 + (i ^ 1)] = model[i];
	f = fopen(full, "we");
	assert_non_null(f);
	if (f)
		assert_int_equal(fwrite(page, 1, sizeof(page), f),
				 sizeof(page));
}

#define MD0 "sys/devices/virtual/block/md0"
#define SDA "sys/devices/pci0/ata1/host0/block/sda"
#define USB "sys/devices/pci0/usb1/1-1"
#define SDB USB "/1-1:1.0/host2/block/sdb"
#define NVME "sys/devices/pci0/nvme/nvme0/nvme0n1"

static void make_machine(const char *root)
{
	add_block(root, "sda", "pci0/ata1/host0/block/sda", "8:0\n",
		  "16777216\n", true);
	put(root, SDA "/device/model", "QEMU HARDDISK   \n");
	put_ata_model(root, SDA "/device/vpd_pg89",
		      "QEMU HARDDISK with a longer name");
	put(root, SDA "/device/vpd_pg80", "vpd");
	put(root, SDA "/device/vendor", "ATA     \n");
	put(root, SDA "/wwid", "");
	put(root, SDA "/device/wwid", "naa.5000\n");
	put(root, SDA "/queue/logical_block_size", "512\n");
	add_block(root, "sda1", "pci0/ata1/host0/block/sda/sda1", "8:1\n",
		  "2048\n", false);
	put(root, SDA "/sda1/partition", "1\n");
	put(root, SDA "/sda1/holders/md0", "");
	add_block(root, "md0", "virtual/block/md0", "9:0\n", "2048\n", true);
	put(root, MD0 "/slaves/sda1/partition", "1\n");
	put(root, MD0 "/slaves/sdb/size", "1\n");
	/* an array has partitions, too */
	add_block(root, "md0p1", "virtual/block/md0/md0p1", "259:1\n", "1024\n",
		  false);
	put(root, MD0 "/md0p1/holders/dm-0", "");
	add_block(root, "dm-0", "virtual/block/dm-0", "254:0\n", "2048\n",
		  true);
	add_block(root, "sdb", "pci0/usb1/1-1/1-1:1.0/host2/block/sdb",
		  "8:16\n", "16777216\n", true);
	put(root, SDB "/device/vendor", "SanDisk \n");
	put(root, SDB "/device/model", "Ultra Fit       \n");
	put(root, USB "/idVendor", "0781\n");
	put(root, USB "/serial", "4C530001\n");
	add_block(root, "nvme0n1", "pci0/nvme/nvme0/nvme0n1", "259:0\n",
		  "1953525168\n", true);
	put(root, NVME "/device/serial", "S5GX \n");
	put(root, NVME "/queue/logical_block_size", "4096\n");
	put(root, NVME "/ro", "1\n");
	add_block(root, "sr0", "pci0/ata2/host1/block/sr0", "11:0\n",
		  "100000\n", true);
	add_block(root, "loop0", "virtual/block/loop0", "7:0\n", "8\n", true);
	add_block(root, "vda", "pci0/virtio1/block/vda", "253:0\n", "0\n",
		  true);
	put(root, "proc/self/mountinfo",
	    "22 1 0:21 / / rw - rootfs rootfs rw\n"
	    "30 22 11:0 / /slot ro shared:1 - iso9660 /dev/sr0 ro\n"
	    "31 22 254:0 / /data rw - ext4 /dev/mapper/x rw\n");
	put(root, "proc/swaps", "Filename Type Size Used Priority\n");
	put(root, "sys/firmware/efi/x", "");
}

static const char want[] =
	"[machine]\n"
	"firmware = uefi\n"
	"\n[disk nvme0n1]\nserial = S5GX\nbus = nvme\nsize = 1000204886016\n"
	"sector-size = 4096\nread-only = yes\n"
	"\n[disk sda]\nmodel = QEMU HARDDISK with a longer name\n"
	"wwn = naa.5000\nbus = ata\nsize = 8589934592\nsector-size = 512\n"
	"in-use = 'dm-0' is mounted on '/data'\npartition = sda1\n"
	"holder = md0\nholder = dm-0\nspans = sdb 'md0', which runs\n"
	"\n[disk sdb]\nvendor = SanDisk\nmodel = Ultra Fit\n"
	"serial = 4C530001\nbus = usb\nsize = 8589934592\nsector-size = 0\n"
	"\n[disk sr0]\nbus = ata\nsize = 51200000\nsector-size = 0\n"
	"optical = yes\nboot-medium = yes\n"
	"in-use = 'sr0' is mounted on '/slot'\n"
	"\n[disk vda]\nbus = virtio\nsize = 0\nsector-size = 0\n";

static char *text_of(const struct facts *facts)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	facts_print(facts, f);
	fclose(f);
	return text;
}

PVN_TEST(reads_sysfs_and_its_own_text)
{
	autofree char *root = temp_folder();
	autofree char *clean = xasprintf("rm -r %s", root);
	autofree char *text = NULL;
	autofree char *again = NULL;
	struct facts facts = { 0 };
	struct facts copy = { 0 };
	struct pvn_err err = { 0 };

	make_machine(root);
	assert_int_equal(facts_read(&facts, root, "/slot", &err), 0);
	text = text_of(&facts);
	assert_string_equal(text, want);
	assert_int_equal(facts_parse(&copy, text, "f", &err), 0);
	again = text_of(&copy);
	assert_string_equal(again, want);
	facts_free(&facts);
	facts_free(&copy);
	assert_int_equal(system(clean), 0);
}

PVN_TEST(problems)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
		{ "size = 4G", NULL },
		{ "size = 4G\nsector-size = 4096", NULL },
		{ "size = 0", "no medium in it" },
		{ "size = 4G\noptical = yes", "an optical drive" },
		{ "size = 4G\nread-only = yes", "read-only" },
		{ "size = 4G\nin-use = x", "in use: x" },
		{ "size = 4G\nboot-medium = yes\nin-use = x",
		  "the medium that we run from" },
		{ "size = 3G", "too small: 3.0G, at least 4.0G are needed" },
		{ "size = 4G\nsector-size = 520",
		  "sectors of 520 bytes are not supported" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text = xasprintf("[disk a]\n%s", cases[i].text);
		autofree char *problem = NULL;
		struct facts facts = { 0 };
		struct pvn_err err = { 0 };

		assert_int_equal(facts_parse(&facts, text, "f", &err), 0);
		problem = disk_problem(&facts.disks[0]);
		if (cases[i].problem)
			assert_string_equal(problem, cases[i].problem);
		else
			assert_null(problem);
		facts_free(&facts);
	}
}

PVN_TEST(bad_text)
{
	struct facts facts = { 0 };
	struct pvn_err err = { 0 };

	assert_true(facts_parse(&facts, "[disk a]\nsize = big", "f", &err) < 0);
	assert_memory_equal(err.msg, "f:2: ", 5);
	facts_free(&facts);
}

PVN_TEST(order)
{
	struct facts facts = { 0 };

	facts_add(&facts, "sdaa");
	facts_add(&facts, "sdb");
	facts_add(&facts, "nvme0n1");
	facts_add(&facts, "sda");
	facts_sort(&facts);
	assert_string_equal(facts.disks[0].name, "nvme0n1");
	assert_string_equal(facts.disks[1].name, "sda");
	assert_string_equal(facts.disks[2].name, "sdb");
	assert_string_equal(facts.disks[3].name, "sdaa");
	facts_free(&facts);
}
