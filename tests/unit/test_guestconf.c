/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_guestconf.c: an xl.cfg of ours, read back by Xen's own parser. */
#include <errno.h>

#include "file.h"
#include "guestconf.h"
#include "size.h"
#include "unit.h"
#include "xlmsg.h"

/* Write @text to a file and read that. */
static int read_text(const char *text, struct guestconf *conf,
		     struct pvn_err *err)
{
	autofree char *dir = temp_folder();
	autofree char *path = xasprintf("%s/x.cfg", dir);
	int rc;

	assert_int_equal(file_write(path, text, 0600, err), 0);
	rc = guestconf_read(path, conf, err);
	unlink(path);
	rmdir(dir);
	return rc;
}

PVN_TEST(round_trip)
{
	struct conf_disk disks[] = {
		{ (char *)"/dev/pvn_0badcafe/guest-web-xvda", (char *)"xvda",
		  true },
		{ (char *)"/dev/pvn_0badcafe/guest-web-seed", (char *)"xvdb",
		  false },
	};
	struct conf_vif vif = { .mac = (char *)"00:16:3e:12:34:56",
				.bridge = (char *)"br0",
				.ip = (char *)"10.0.2.7 10.0.2.8",
				.rate = (char *)"10Mb/s",
				.vlan = (char *)"12",
				.mtu = 1400 };
	const struct guestconf made = {
		.name = (char *)"web",
		.uuid = (char *)"12345678-9abc-4def-8123-456789abcdef",
		.type = (char *)"pvh",
		.type_choice = (char *)"auto",
		.kernel = (char *)"/slot/boot/guest-vmlinux",
		.cmdline = (char *)"root=/dev/xvda rw console=hvc0",
		.template = (char *)"mini",
		.version = (char *)"0.1.2",
		.memory_bytes = 128 * MIB,
		.maxmem_bytes = 256 * MIB,
		.vcpus = 2,
		.maxvcpus = 4,
		.on_crash = (char *)"restart",
		.description = (char *)"the web's front",
		.autostart = true,
		.order = 3,
		.disks = disks,
		.n_disks = 2,
		.vifs = &vif,
		.n_vifs = 1,
	};
	autofree char *text = guestconf_text(&made);
	auto_guestconf struct guestconf got = { 0 };
	struct pvn_err err = { 0 };

	assert_int_equal(read_text(text, &got, &err), 0);
	assert_string_equal(got.name, made.name);
	assert_string_equal(got.uuid, made.uuid);
	assert_string_equal(got.type, made.type);
	assert_string_equal(got.type_choice, made.type_choice);
	assert_string_equal(got.kernel, made.kernel);
	assert_string_equal(got.cmdline, made.cmdline);
	assert_string_equal(got.template, made.template);
	assert_string_equal(got.version, made.version);
	assert_int_equal(got.memory_bytes, made.memory_bytes);
	assert_int_equal(got.maxmem_bytes, made.maxmem_bytes);
	assert_int_equal(got.vcpus, 2);
	assert_int_equal(got.maxvcpus, 4);
	assert_string_equal(got.on_crash, made.on_crash);
	assert_null(got.on_reboot);
	assert_string_equal(got.description, made.description);
	assert_true(got.autostart);
	assert_int_equal(got.order, 3);
	assert_int_equal(got.n_disks, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(got.disks[i].path, disks[i].path);
		assert_string_equal(got.disks[i].vdev, disks[i].vdev);
		assert_int_equal(got.disks[i].writable, disks[i].writable);
	}
	assert_int_equal(got.n_vifs, 1);
	assert_string_equal(got.vifs[0].mac, vif.mac);
	assert_string_equal(got.vifs[0].bridge, vif.bridge);
	assert_string_equal(got.vifs[0].ip, vif.ip);
	assert_string_equal(got.vifs[0].rate, vif.rate);
	assert_string_equal(got.vifs[0].vlan, vif.vlan);
	assert_int_equal(got.vifs[0].mtu, vif.mtu);
}

PVN_TEST(edited_by_hand)
{
	auto_guestconf struct guestconf conf = { 0 };
	struct pvn_err err = { 0 };

	assert_int_equal(read_text("name='db'; memory=64 # unknown = 1\n"
				   "disk = [\n]\nvif=['bridge=br1']\n",
				   &conf, &err),
			 0);
	assert_string_equal(conf.name, "db");
	assert_string_equal(conf.type, "pv");
	assert_null(conf.template);
	assert_int_equal(conf.memory_bytes, 64 * MIB);
	assert_int_equal(conf.vcpus, 1);
	assert_int_equal(conf.n_disks, 0);
	assert_null(conf.vifs[0].mac);
	assert_string_equal(conf.vifs[0].bridge, "br1");
}

PVN_TEST(refuses)
{
	static const char *const bad[] = {
		"name = \"web\nmemory = 1\n",
		"memory=64\n",
		"name='x'\ndisk=['phy:/dev/x,xvda,q']\n",
		"name = [\n",
		"name='x'\nmemory='much'\n",
		"name='x'\ntype='hvm'\n",
		"name='x'\nparavane_type='pv'\n",
		"name='x'\nvif=['colour=red']\n",
		"name='x'\ndisk='phy:/dev/x,xvda,w'\n",
		"name='x'\nvif='bridge=br0'\n",
		"name='x'\nvif=[['bridge=br0']]\n",
		"name='x'\nvif=['mac=00:16:3e:12:34']\n",
		"name='x'\nvif=['mac=0:16:3e:12:34:56']\n",
		"name='x'\nvif=['rate=fast']\n",
		"name='x'\non_crash='rename-restart'\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_guestconf struct guestconf conf = { 0 };
		struct pvn_err err = { 0 };

		assert_int_equal(read_text(bad[i], &conf, &err), -EINVAL);
		assert_null(strchr(err.msg, '\n'));
	}
}

PVN_TEST(names_the_line)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "name='a#b' # 'c\ndisk=[\n]\n vcpus=2; usb = 1\n",
		  "line 4: key 'usb' is not supported" },
		{ "name='x'\nvcpus=2\nvcpus='two'\n",
		  "line 3: 'vcpus' is no number" },
		{ "memory=0x40\n\nname=['x']\n",
		  "line 3: 'name' is no string" },
		{ "name='x'\n#\ntype='hvm'\n", "line 3: type 'hvm'" },
		{ "name='x'\non_crash='explode'\n",
		  "line 2: 'on_crash' is 'explode': expected destroy, restart or preserve" },
		{ "name='x'\ndisk='phy:/dev/x,xvda,w'\n",
		  "line 2: 'disk' is no list" },
		{ "name='x'\nvif=[\n'bridge=br0',\n'rate=fast' ]\n",
		  "line 4: bad vif: 'fast' is no rate" },
		{ "name='x'\nvif=['bridge=br0',\n'ip=192.0.2.5/24' ]\n",
		  "line 3: bad vif: '192.0.2.5/24' is no IP address" },
		{ "name='x'\nvif=['ip=192.0.2.5 2001:db8::g']\n",
		  "line 2: bad vif: '2001:db8::g' is no IP address" },
		{ "name='x'\nvif=['vlan=4095']\n",
		  "line 2: bad vif: '4095' is no VLAN: expected 1 to 4094" },
		{ "name='x'\nvif=['vlan=ten']\n",
		  "line 2: bad vif: 'ten' is no VLAN" },
		{ "name='x'\nvif=['mac=01:16:3e:12:34:56']\n",
		  "line 2: bad vif: '01:16:3e:12:34:56' is no MAC address of one station" },
		{ "name='x'\nvif=['mtu=12']\n",
		  "line 2: bad vif: '12' is no MTU" },
		{ "name='x'\nvif=[ [] ]\n",
		  "line 2: 'vif' has something that is no string" },
		{ "name='x'\ndisk=[\n'phy:/dev/x,xvda,w',\n'phy:/dev/x,xvdb,q' ]\n",
		  "line 4: bad disk 'phy:/dev/x,xvdb,q'" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_guestconf struct guestconf conf = { 0 };
		struct pvn_err err = { 0 };

		assert_int_equal(read_text(bad[i].text, &conf, &err), -EINVAL);
		if (!strstr(err.msg, bad[i].message))
			fail_msg("'%s' is not in '%s'", bad[i].message,
				 err.msg);
	}
}

/* What is written there is honoured or refused. */
PVN_TEST(refuses_what_a_disk_would_lose)
{
	static const struct {
		const char *spec, *refused;
	} disks[] = {
		{ "phy:/dev/x,xvda,w", NULL },
		{ "/dev/x,raw,xvda,rw", NULL },
		{ "format=raw,vdev=xvda,access=r,backendtype=phy,target=/dev/x",
		  NULL },
		{ "format=qcow2,vdev=xvda,access=w,target=/x", "format" },
		{ "vdev=xvda,backendtype=qdisk,target=/x", "backendtype" },
		{ "vdev=xvda,backend=storage,target=/x", "backend" },
		{ "vdev=xvda,script=block-iscsi,target=/x", "script" },
		{ "vdev=xvda,cdrom,target=/x", "cdrom" },
		{ "phy:/dev/x,xvda:cdrom,r", "cdrom" },
		{ "vdev=xvda,direct-io-safe,target=/x", "direct-io-safe" },
		{ "vdev=xvda,no-discard,target=/x", "discard" },
		{ "vdev=xvda,specification=virtio,target=/x", "specification" },
		{ "vdev=xvda,colo,target=/x", "colo" },
		{ "vdev=xvda,untrusted,target=/x", "trusted" },
		{ "vdev=xvda,grant_usage=1,target=/x", "grant_usage" },
	};

	for (size_t i = 0; i < sizeof(disks) / sizeof(*disks); i++) {
		auto_guestconf struct guestconf conf = { 0 };
		autofree char *text =
			xasprintf("name='x'\ndisk=['%s']\n", disks[i].spec);
		struct pvn_err err = { 0 };
		int rc = read_text(text, &conf, &err);

		if (!disks[i].refused) {
			assert_int_equal(rc, 0);
			assert_string_equal(conf.disks[0].path, "/dev/x");
			assert_string_equal(conf.disks[0].vdev, "xvda");
			continue;
		}
		autofree char *want =
			xasprintf("'%s' is not supported", disks[i].refused);

		assert_int_equal(rc, -EINVAL);
		assert_non_null(strstr(err.msg, want));
	}
}

PVN_TEST(mac_addresses)
{
	const uint8_t bytes[6] = { 0x00, 0x16, 0x3e, 0x0a, 0xbc, 0xff };
	uint8_t mac[6];

	assert_int_equal(guestconf_mac("00:16:3e:0A:bc:ff", mac), 0);
	assert_memory_equal(mac, bytes, 6);
	assert_int_equal(guestconf_mac("00:16:3e:0a:bc:f", mac), -EINVAL);
	assert_int_equal(guestconf_mac("00:16:3e:0a:bc:fg", mac), -EINVAL);
	assert_int_equal(guestconf_mac("00:16:3e:0a:bc-ff", mac), -EINVAL);
	assert_int_equal(guestconf_mac("000:16:3e:a:bc:ff", mac), -EINVAL);
	assert_int_equal(guestconf_mac("00:16:3e:0a:bc:ff:", mac), -EINVAL);
}

PVN_TEST(messages_of_libxl)
{
	assert_string_equal(
		xlmsg_text(
			"libxl: error: libxl_device.c:1357:device_hotplug_child_death_cb: script: "
			"'/dev/dm-3' is in use by guest 'db' (domain 4, read-write)"),
		"'/dev/dm-3' is in use by guest 'db' (domain 4, read-write)");
	assert_string_equal(xlmsg_text("libxl_create.c:1:f: Domain 7:no disk"),
			    "no disk");
	assert_string_equal(xlmsg_text("plain: text"), "plain: text");
}
