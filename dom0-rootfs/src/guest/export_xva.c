/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_xva.c: write a guest as XenServer and XCP-ng do: a tar of ova.xml and of
 * the disks in blocks of 1 MiB, each with its SHA-1. */
#include <string.h>
#include "../lib/mem.h"
#include "checksums.h"
#include "export.h"
#include "image_out.h"
#include "tar.h"
#include "xva.h"

/* Made up, but always the same for the same guest. */
#define VBD_REF(i) (100 + (unsigned int)(i))
#define VDI_REF(i) (200 + (unsigned int)(i))
#define VIF_REF(i) (300 + (unsigned int)(i))
#define SR_REF 400
#define NETWORK_REF 500

static void member(FILE *f, const char *name, const char *value)
{
	fprintf(f, "<member><name>%s</name><value>", name);
	for (; *value; value++) {
		if (strchr("<>&", *value))
			fprintf(f, "&#%d;", *value);
		else
			fputc(*value, f);
	}
	fputs("</value></member>\n", f);
}

static void number(FILE *f, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	member(f, name, text);
}

static void flag(FILE *f, const char *name, bool value)
{
	fprintf(f,
		"<member><name>%s</name><value><boolean>%d</boolean></value></member>\n",
		name, value);
}

static void empty(FILE *f, const char *name, const char *kind)
{
	fprintf(f, "<member><name>%s</name><value>%s</value></member>\n", name,
		kind);
}

#define EMPTY_STRUCT "<struct></struct>"
#define EMPTY_ARRAY "<array><data></data></array>"

static void reference(FILE *f, const char *name, unsigned int ref)
{
	char text[16];

	snprintf(text, sizeof(text), "Ref:%u", ref);
	member(f, name, text);
}

/* Each has a UUID, which is the same for the same guest, too. */
static void begin_object(FILE *f, const struct export_guest *g,
			 const char *class, unsigned int ref)
{
	autofree char *seed = xasprintf("%s/%u", g->uuid, ref);
	char hex[41], uuid[37];

	sha1_hex(seed, strlen(seed), hex);
	snprintf(uuid, sizeof(uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
		 hex + 12, hex + 16, hex + 20);
	fputs("<value><struct>\n", f);
	member(f, "class", class);
	reference(f, "id", ref);
	fputs("<member><name>snapshot</name><value><struct>\n", f);
	member(f, "uuid", ref ? uuid : g->uuid);
}

static void end_object(FILE *f)
{
	fputs("</struct></value></member></struct></value>\n", f);
}

static void references(FILE *f, const char *name, unsigned int first, size_t n)
{
	fprintf(f, "<member><name>%s</name><value><array><data>", name);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "<value>Ref:%u</value>", first + (unsigned int)i);
	fputs("</data></array></value></member>\n", f);
}

static void put_vm(FILE *f, const struct export_guest *g)
{
	begin_object(f, g, "VM", 0);
	member(f, "name_label", g->name);
	member(f, "name_description", "");
	member(f, "power_state", "Halted");
	number(f, "user_version", 1);
	flag(f, "is_a_template", false);
	flag(f, "is_control_domain", false);
	number(f, "memory_static_max", g->memory);
	number(f, "memory_dynamic_max", g->memory);
	number(f, "memory_dynamic_min", g->memory);
	number(f, "memory_static_min", g->memory);
	number(f, "VCPUs_max", g->vcpus);
	number(f, "VCPUs_at_startup", g->vcpus);
	empty(f, "VCPUs_params", EMPTY_STRUCT);
	member(f, "actions_after_shutdown", "destroy");
	member(f, "actions_after_reboot", "restart");
	member(f, "actions_after_crash", "destroy");
	member(f, "PV_bootloader", "pygrub");
	member(f, "PV_kernel", "");
	member(f, "PV_ramdisk", "");
	member(f, "PV_args", g->cmdline);
	member(f, "PV_bootloader_args", "");
	member(f, "PV_legacy_args", "");
	member(f, "HVM_boot_policy", "");
	empty(f, "HVM_boot_params", EMPTY_STRUCT);
	empty(f, "platform", EMPTY_STRUCT);
	fputs("<member><name>other_config</name><value><struct>\n", f);
	member(f, XVA_TYPE, g->type);
	fputs("</struct></value></member>\n", f);
	member(f, "recommendations", "");
	references(f, "VBDs", VBD_REF(0), g->n);
	references(f, "VIFs", VIF_REF(0), g->n_vifs);
	empty(f, "consoles", EMPTY_ARRAY);
	end_object(f);
}

static void put_disk(FILE *f, const struct export_guest *g, size_t i)
{
	char label[64];

	begin_object(f, g, "VBD", VBD_REF(i));
	reference(f, "VM", 0);
	reference(f, "VDI", VDI_REF(i));
	member(f, "device", "");
	number(f, "userdevice", i);
	flag(f, "bootable", i == 0);
	member(f, "mode", "RW");
	member(f, "type", "Disk");
	flag(f, "unpluggable", false);
	flag(f, "empty", false);
	empty(f, "other_config", EMPTY_STRUCT);
	member(f, "qos_algorithm_type", "");
	empty(f, "qos_algorithm_params", EMPTY_STRUCT);
	end_object(f);

	begin_object(f, g, "VDI", VDI_REF(i));
	reference(f, "SR", SR_REF);
	snprintf(label, sizeof(label), "%.40s-%zu", g->name, i);
	member(f, "name_label", label);
	member(f, "name_description", "");
	number(f, "virtual_size", g->disks[i].bytes);
	member(f, "type", "user");
	flag(f, "sharable", false);
	flag(f, "read_only", false);
	empty(f, "other_config", EMPTY_STRUCT);
	empty(f, "sm_config", EMPTY_STRUCT);
	end_object(f);
}

static void put_vif(FILE *f, const struct export_guest *g, size_t i)
{
	const char *mac = g->vifs[i].mac;

	begin_object(f, g, "VIF", VIF_REF(i));
	reference(f, "VM", 0);
	reference(f, "network", NETWORK_REF);
	number(f, "device", i);
	member(f, "MAC", mac ? mac : "");
	flag(f, "MAC_autogenerated", !mac);
	number(f, "MTU", g->vifs[i].mtu ? g->vifs[i].mtu : 1500);
	member(f, "locking_mode", "network_default");
	empty(f, "ipv4_allowed", EMPTY_ARRAY);
	empty(f, "ipv6_allowed", EMPTY_ARRAY);
	empty(f, "other_config", EMPTY_STRUCT);
	member(f, "qos_algorithm_type", "");
	empty(f, "qos_algorithm_params", EMPTY_STRUCT);
	end_object(f);
}

/* What disks and interfaces refer to. The network is looked up by its name, then by its bridge: xenbr0 is
 * that of the first network card. */
static void put_places(FILE *f, const struct export_guest *g)
{
	begin_object(f, g, "SR", SR_REF);
	member(f, "name_label", "paravane");
	member(f, "name_description", "");
	references(f, "VDIs", VDI_REF(0), g->n);
	member(f, "type", "lvm");
	member(f, "content_type", "user");
	flag(f, "shared", false);
	empty(f, "other_config", EMPTY_STRUCT);
	empty(f, "sm_config", EMPTY_STRUCT);
	end_object(f);
	if (!g->n_vifs)
		return;
	begin_object(f, g, "network", NETWORK_REF);
	member(f, "name_label", "Pool-wide network associated with eth0");
	member(f, "name_description", "");
	references(f, "VIFs", VIF_REF(0), g->n_vifs);
	member(f, "bridge", "xenbr0");
	number(f, "MTU", 1500);
	empty(f, "other_config", EMPTY_STRUCT);
	end_object(f);
}

static char *ova_text(const struct export_guest *g)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fputs("<?xml version=\"1.0\"?>\n<value><struct>\n"
	      "<member><name>version</name><value><struct>\n",
	      f);
	member(f, "product_version", "8.2.0");
	member(f, "export_vsn", "2");
	member(f, "xapi_major", "1");
	member(f, "xapi_minor", "20");
	fputs("</struct></value></member>\n"
	      "<member><name>objects</name><value><array><data>\n",
	      f);
	put_vm(f, g);
	for (size_t i = 0; i < g->n; i++)
		put_disk(f, g, i);
	for (size_t i = 0; i < g->n_vifs; i++)
		put_vif(f, g, i);
	put_places(f, g);
	fputs("</data></array></value></member></struct></value>\n", f);
	if (fclose(f))
		abort();
	return text;
}

static int put_member(struct export_out *out, const char *name,
		      const void *data, size_t len, struct pvn_err *err)
{
	unsigned char block[TAR_BLOCK];
	int rc;

	tar_header(block, name, len);
	rc = export_write(out, block, TAR_BLOCK, err);
	if (!rc)
		rc = export_write(out, data, len, err);
	memset(block, 0, TAR_BLOCK);
	return rc ? rc : export_write(out, block, -len % TAR_BLOCK, err);
}

static int put_block(struct export_out *out, size_t disk, uint64_t i,
		     const void *data, size_t len, struct pvn_err *err)
{
	autofree char *name = xasprintf("Ref:%u/%08llu", VDI_REF(disk),
					(unsigned long long)i);
	autofree char *sum = xasprintf("%s.checksum", name);
	char hex[41];
	int rc = put_member(out, name, data, len, err);

	sha1_hex(data, len, hex);
	return rc ? rc : put_member(out, sum, hex, 40, err);
}

/* The first and the last block are always there. */
static int put_blocks(struct export_guest *g, size_t disk,
		      struct export_out *out, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, XVA_BLOCK);
	struct export_disk *d = &g->disks[disk];
	uint64_t n = (d->bytes + XVA_BLOCK - 1) / XVA_BLOCK;
	autoclose int fd = -1;
	int rc = export_disk_open(d, &fd, err);

	for (uint64_t i = 0; !rc && i < n; i++) {
		uint64_t left = d->bytes - i * XVA_BLOCK;
		size_t len = left < XVA_BLOCK ? (size_t)left : XVA_BLOCK;

		rc = export_read(d, fd, buf, len, i * XVA_BLOCK, err);
		if (!rc && (!i || i == n - 1 || !image_is_zero(buf, len)))
			rc = put_block(out, disk, i, buf, len, err);
	}
	return rc;
}

int export_xva(struct export_guest *guest, struct export_out *out,
	       struct pvn_err *err)
{
	autofree char *ova = ova_text(guest);
	const char end[2 * TAR_BLOCK] = { 0 };
	int rc = put_member(out, "ova.xml", ova, strlen(ova), err);

	for (size_t i = 0; !rc && i < guest->n; i++)
		rc = put_blocks(guest, i, out, err);
	return rc ? rc : export_write(out, end, sizeof(end), err);
}
