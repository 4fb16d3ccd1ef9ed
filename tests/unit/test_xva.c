/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_xva.c: what an XVA says of itself, and its blocks. */
#include <errno.h>

#include "checksums.h"
#include "unit.h"
#include "xmlrpc.h"
#include "xva.h"

PVN_TEST(checksums_known)
{
	char hex[41];

	sha1_hex("abc", 3, hex);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		 hex);
	assert_string_equal(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	xxh64_hex("", 0, hex);
	assert_string_equal(hex, "ef46db3751d8e999");
	xxh64_hex("abc", 3, hex);
	assert_string_equal(hex, "44bc2cf5ad770999");
	xxh64_hex("Nobody inspects the spammish repetition", 39, hex);
	assert_string_equal(hex, "fbcea83c8a378bf1");
}

#define MEMBER(name, value) \
	"<member><name>" name "</name><value>" value "</value></member>\n"
#define OBJECT(class, id, members)                                         \
	"<value><struct>" MEMBER("class", class) MEMBER(                   \
		"id",                                                      \
		id) "<member><name>snapshot</name><value><struct>" members \
		    "</struct></value></member></struct></value>"
#define VBD(id, vdi, device, boot, type)                                 \
	OBJECT("VBD", id,                                                \
	       MEMBER("VDI", vdi) MEMBER("userdevice", device)           \
		       MEMBER("bootable", "<boolean>" boot "</boolean>") \
			       MEMBER("type", type))
#define OVA(objects)                                                                                   \
	"<?xml version='1.0'?>\n<value><struct>" MEMBER(                                               \
		"version",                                                                             \
		"<struct>" MEMBER(                                                                     \
			"date",                                                                        \
			"") "</struct>") "<member><name>objects</name>\n <value><array><data>" objects \
					 "</data></array></value></member></struct></value>\n"

#define VM                                                                \
	OBJECT("VM", "Ref:0",                                             \
	       MEMBER("name_label", "a &lt;b&gt; &amp; c") MEMBER(        \
		       "memory_static_max", "<string>536870912</string>") \
		       MEMBER("VCPUs_max", "2")                           \
			       MEMBER("PV_args", "<string/>"))

static int parse(struct xva *xva, const char *text, struct pvn_err *err)
{
	*xva = (struct xva){ 0 };
	*err = (struct pvn_err){ 0 };
	return xva_parse(xva, text, "x.xva", err);
}

PVN_TEST(ova)
{
	struct pvn_err err;
	struct xva xva;

	assert_int_equal(
		parse(&xva,
		      OVA(VM VBD("Ref:5", "Ref:7", "1", "0", "Disk") VBD(
			      "Ref:6", "Ref:8", "0", "1",
			      "Disk") VBD("Ref:9", "OpaqueRef:NULL", "3", "0",
					  "CD") OBJECT("VDI", "Ref:7",
						       MEMBER("virtual_size",
							      "1048576"))
				  OBJECT("VDI", "Ref:8",
					 MEMBER("virtual_size", "8388608"))),
		      &err),
		0);
	assert_int_equal(xva.n, 2);
	assert_string_equal(xva.disks[0].ref, "Ref:8");
	assert_int_equal(xva.disks[0].bytes, 8388608);
	assert_string_equal(xva.disks[1].ref, "Ref:7");
	assert_int_equal(xva.memory, 536870912);
	assert_int_equal(xva.vcpus, 2);
	assert_int_equal(xva.n_nics, 0);
	xva_close(&xva);
}

#define VIF(id, vm, device, mac)                         \
	OBJECT("VIF", id,                                \
	       MEMBER("VM", vm) MEMBER("device", device) \
		       MEMBER("MAC", "<string>" mac "</string>"))
#define DISK                                    \
	VBD("Ref:5", "Ref:7", "0", "1", "Disk") \
	OBJECT("VDI", "Ref:7", MEMBER("virtual_size", "1048576"))

PVN_TEST(ova_interfaces)
{
	struct pvn_err err;
	struct xva xva;

	/* the last one is of a snapshot of the guest */
	assert_int_equal(
		parse(&xva,
		      OVA(VM DISK VIF("Ref:10", "Ref:0", "1",
				      "0E:00:00:00:00:01")
				  VIF("Ref:11", "Ref:0", "0", "")
					  VIF("Ref:12", "Ref:0", "10", "bad")
						  VIF("Ref:13", "Ref:99", "0",
						      "0e:00:00:00:00:02")),
		      &err),
		0);
	assert_int_equal(xva.n_nics, 3);
	assert_string_equal(xva.nics[0].mac, "");
	assert_string_equal(xva.nics[1].mac, "0e:00:00:00:00:01");
	assert_string_equal(xva.nics[2].mac, "bad");
	xva_close(&xva);
}

/* The type of a guest whose record has these members, too. */
#define TYPE_OF(members)                                                      \
	type_of(OVA(OBJECT("VM", "Ref:0", members) VBD("Ref:5", "Ref:7", "0", \
						       "1", "Disk")           \
			    OBJECT("VDI", "Ref:7",                            \
				   MEMBER("virtual_size", "1048576"))))

static const char *type_of(const char *text)
{
	struct pvn_err err;
	struct xva xva;
	const char *type;

	if (parse(&xva, text, &err))
		fail_msg("%s", err.msg);
	type = xva.type;
	xva_close(&xva);
	return type;
}

PVN_TEST(ova_type)
{
	assert_string_equal(TYPE_OF(MEMBER("PV_bootloader", "pygrub")
					    MEMBER("HVM_boot_policy", "")),
			    "pv");
	assert_string_equal(TYPE_OF(MEMBER("HVM_boot_policy", "")), "pv");
	assert_string_equal(TYPE_OF(MEMBER("PV_bootloader", "pygrub")), "pv");
	assert_string_equal(TYPE_OF(""), "auto");
	/* what is left of an earlier life as PV */
	assert_string_equal(TYPE_OF(MEMBER("PV_bootloader", "pygrub") MEMBER(
				    "HVM_boot_policy", "BIOS order")),
			    "auto");
	/* newer ones say it outright */
	assert_string_equal(TYPE_OF(MEMBER("domain_type", "hvm")
					    MEMBER("HVM_boot_policy", "")),
			    "auto");
	assert_string_equal(TYPE_OF(MEMBER("domain_type", "pv_in_pvh")), "pv");
	assert_string_equal(TYPE_OF(MEMBER("domain_type", "pv")), "pv");
	assert_string_equal(TYPE_OF(MEMBER("domain_type", "unspecified") MEMBER(
				    "HVM_boot_policy", "BIOS order")),
			    "auto");
}

static void refused(const char *text, const char *words)
{
	struct pvn_err err;
	struct xva xva;

	assert_true(parse(&xva, text, &err) < 0);
	if (!strstr(err.msg, words))
		fail_msg("'%s' is not in '%s'", words, err.msg);
	xva_close(&xva);
}

PVN_TEST(ova_bad)
{
	char *deep = xcalloc(1, 100 * 40);

	refused(OVA(VM), "no disk");
	refused(OVA(""), "no guest");
	refused(OVA(VM VBD("Ref:5", "Ref:7", "0", "1", "Disk") OBJECT(
			"VDI", "Ref:7", MEMBER("virtual_size", "-5"))),
		"bad size");
	refused("<value><struct><member>", "understood");
	refused("<!DOCTYPE a [<!ENTITY x \"y\">]><value>&x;</value>",
		"understood");
	refused("", "understood");
	for (int i = 0; i < 100; i++)
		strcat(deep, "<value><array><data>");
	refused(deep, "understood");
	free(deep);
}

PVN_TEST(ova_of_values)
{
	const char *value = "<value/>";
	const size_t n = 20001, len = strlen(value);
	char *text = xcalloc(1, 100 + n * len);
	char *at = text + sprintf(text, "<value><array><data>");

	for (size_t i = 0; i < n; i++, at += len)
		memcpy(at, value, len);
	strcpy(at, "</data></array></value>");
	refused(text, "more than 20000 values");
	free(text);
}
