/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hardware.c: the machine as a server sees it that has an answer file for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "hardware.h"
#include "lines.h"
#include "mem.h"
#include "nics.h"

static void put(FILE *f, const char *before, const char *key, const char *value)
{
	fprintf(f, "%s\"%s\":", before, key);
	json_quote(f, value);
}

/* The firmware's table about the machine; DSP0134 (SMBIOS), 7.2: its second byte is its length, a byte in it
 * the number of a string, and the strings come after it. */
#define SYSTEM_TABLE "/sys/firmware/dmi/entries/1-0/raw"
enum { VENDOR = 0x04, PRODUCT = 0x05, SERIAL = 0x07, UUID = 0x08 };

/* String number table[@at]; "" without one. Caller frees. */
static char *dmi_string(const uint8_t *table, size_t len, size_t at)
{
	const char *text, *end = (const char *)table + len;

	if (len < 2 || table[1] > len || at >= table[1] || !table[at])
		return xstrdup("");
	text = (const char *)table + table[1];
	for (uint8_t n = 1; n < table[at] && text < end; n++)
		text += strnlen(text, (size_t)(end - text)) + 1;
	return text < end ? xasprintf("%.*s", (int)(end - text), text)
			  : xstrdup("");
}

/* Its first three numbers are little-endian. */
static char *dmi_uuid(const uint8_t *table, size_t len)
{
	const uint8_t *u = table + UUID;

	if (len < UUID + 16 || table[1] < UUID + 16)
		return xstrdup("");
	return xasprintf(
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		u[3], u[2], u[1], u[0], u[5], u[4], u[7], u[6], u[8], u[9],
		u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void put_machine(FILE *f)
{
	autofree uint8_t *table = NULL;
	struct pvn_err ignored;
	size_t len = 0;

	if (file_read_bytes(SYSTEM_TABLE, &table, &len, &ignored))
		len = 0;
	autofree char *vendor = dmi_string(table, len, VENDOR);
	autofree char *product = dmi_string(table, len, PRODUCT);
	autofree char *serial = dmi_string(table, len, SERIAL);
	autofree char *uuid = dmi_uuid(table, len);

	put(f, "{", "vendor", vendor);
	put(f, ",", "product", product);
	put(f, ",", "serial", serial);
	put(f, ",", "uuid", uuid);
}

static void put_nics(FILE *f)
{
	struct nic_list nics = { 0 };

	nics_read(&nics);
	fputs(",\"nics\":[", f);
	for (size_t i = 0; i < nics.n; i++) {
		put(f, i ? ",{" : "{", "name", nics.v[i].name);
		put(f, ",", "mac", nics.v[i].mac);
		put(f, ",", "driver", nics.v[i].driver);
		fprintf(f, ",\"carrier\":%s}",
			nics.v[i].carrier ? "true" : "false");
	}
	fputc(']', f);
	nics_free(&nics);
}

static void put_disk(FILE *f, const struct disk *d)
{
	autofree char *problem = disk_problem(d);

	put(f, "{", "path", d->path);
	put(f, ",", "model", d->model);
	put(f, ",", "serial", d->serial);
	put(f, ",", "wwn", d->wwn);
	put(f, ",", "bus", d->bus);
	fprintf(f, ",\"size\":%llu,\"usable\":%s", (unsigned long long)d->size,
		problem ? "false" : "true");
	if (problem)
		put(f, ",", "problem", problem);
	else
		fputs(",\"problem\":null", f);
	fputs(",\"content\":[", f);
	for (size_t i = 0; i < d->content.n; i++) {
		fputs(i ? "," : "", f);
		json_quote(f, d->content.v[i]);
	}
	fputs("]}", f);
}

static void put_disks(FILE *f, const struct facts *facts)
{
	fputs("\"disks\":[", f);
	for (size_t i = 0; i < facts->n; i++) {
		fputs(i ? "," : "", f);
		put_disk(f, &facts->disks[i]);
	}
	fputc(']', f);
}

void hardware_print_disks(const struct facts *facts, FILE *f)
{
	fputc('{', f);
	put_disks(f, facts);
	fputs("}\n", f);
}

char *hardware_json(const struct facts *facts)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	put_machine(f);
	put(f, ",", "firmware", facts->uefi ? "uefi" : "bios");
	put_nics(f);
	fputc(',', f);
	put_disks(f, facts);
	fputs("}\n", f);
	fclose(f);
	return text;
}
