/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hardware.c: the machine as a server sees it that has an answer file for each. */
#include <stdio.h>
#include <stdlib.h>

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

static void put_dmi(FILE *f, const char *before, const char *key,
		    const char *file)
{
	autofree char *path = xasprintf("/sys/class/dmi/id/%s", file);
	autofree char *value = file_read_line(path);

	put(f, before, key, value ? value : "");
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

static void put_disks(FILE *f, const struct facts *facts)
{
	fputs(",\"disks\":[", f);
	for (size_t i = 0; i < facts->n; i++) {
		const struct disk *d = &facts->disks[i];
		autofree char *problem = disk_problem(d);

		put(f, i ? ",{" : "{", "path", d->path);
		put(f, ",", "model", d->model);
		put(f, ",", "serial", d->serial);
		put(f, ",", "wwn", d->wwn);
		put(f, ",", "bus", d->bus);
		fprintf(f, ",\"size\":%llu,\"usable\":%s}",
			(unsigned long long)d->size,
			problem ? "false" : "true");
	}
	fputc(']', f);
}

char *hardware_json(const struct facts *facts)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	put_dmi(f, "{", "vendor", "sys_vendor");
	put_dmi(f, ",", "product", "product_name");
	put_dmi(f, ",", "serial", "product_serial");
	put_dmi(f, ",", "uuid", "product_uuid");
	put(f, ",", "firmware", facts->uefi ? "uefi" : "bios");
	put_nics(f);
	put_disks(f, facts);
	fputs("}\n", f);
	fclose(f);
	return text;
}
