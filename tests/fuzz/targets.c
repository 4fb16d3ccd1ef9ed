/* SPDX-License-Identifier: GPL-2.0-or-later */
/* targets.c: the parsers of the installer, the plan, and an old partition table; those of guests' images
 * are in targets_guest.c. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include "bytes.h"
#include "file.h"
#include "grubenv.h"
#include "install.h"
#include "iso.h"
#include "targets.h"

#define HEAD ((size_t)64 * 1024) /* of a disk: what is not zeros */
#define GPT_HEADER 92

char *fuzz_text(const uint8_t *data, size_t size)
{
	return xasprintf("%.*s", (int)size, (const char *)data);
}

static void fuzz_answers(const uint8_t *data, size_t size)
{
	autofree char *text = fuzz_text(data, size);
	auto_strlist struct strlist errors = { 0 };
	struct answers a = { 0 };
	int rc = answers_parse(&a, text, "answers.ini", &errors);

	must((rc != 0) == (errors.n != 0));
	for (size_t i = 0; i < errors.n; i++)
		must(!strncmp(errors.v[i], "answers.ini:", 12) &&
		     !strchr(errors.v[i], '\n'));
	answers_free(&a);
}

/* A plan keeps inside the disk, whatever that says of itself. */
static void check_plan(const struct install *in)
{
	uint64_t at = 0;

	for (size_t i = 0; i < N_PARTS; i++) {
		const struct part *p = &in->layout.part[i];

		must(p->size && (in->keep != KEEP_NOTHING || p->start >= MIB));
		must(p->start >= at && p->start + p->size > p->start);
		if (in->keep == KEEP_NOTHING)
			must(p->start % MIB == 0 && p->size <= in->disk->size &&
			     p->start <= in->disk->size - p->size);
		at = p->start + p->size;
	}
}

/* Facts, a line "---", answers. */
static void fuzz_plan(const uint8_t *data, size_t size)
{
	static const char between[] = "\n---\n";
	autofree char *text = fuzz_text(data, size);
	char *second = strstr(text, between);
	auto_strlist struct strlist errors = { 0 };
	struct install in = { .disk_fd = -1, .source_fd = -1, .slot_fd = -1 };
	struct pvn_err err = { 0 };
	struct answers a = { 0 };
	struct facts facts = { 0 };

	if (second) {
		*second = '\0';
		second += strlen(between);
	}
	if (!facts_parse(&facts, text, "facts", &err) &&
	    !answers_parse(&a, second ? second : "", "answers", &errors)) {
		autofclose FILE *sink = fopen("/dev/null", "we");

		must(sink != NULL);
		facts_print_table(&facts, sink);
		if (!install_plan(&in, &facts, &a, "0a1b2c3d", "/slot", &err)) {
			check_plan(&in);
			install_print(&in, sink);
			plan_print_json(&in.steps, sink);
		}
	}
	install_free(&in);
	answers_free(&a);
	facts_free(&facts);
}

static void put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* A fuzzer does not find checksums. More entries than there is room for libfdisk would ask memory
 * for: the header of such a table stays a bad one. */
static void mend_gpt(uint8_t *head, size_t len, size_t sector)
{
	uint8_t *header = head + sector;
	uint64_t entries = (uint64_t)le32(header + 80) * le32(header + 84);

	if (memcmp(header, "EFI PART", 8) || entries > len - 2 * sector)
		return;
	put_le32(header + 88,
		 (uint32_t)crc32(0, head + 2 * sector, (uInt)entries));
	put_le32(header + 16, 0);
	put_le32(header + 16, (uint32_t)crc32(0, header, GPT_HEADER));
}

static void must_be_zero(int fd, uint64_t at)
{
	autofree uint8_t *got = xcalloc(1, MIB);
	struct pvn_err err;

	must(!read_at(fd, got, MIB, (off_t)at, "disk", &err));
	must(!*got && !memcmp(got, got + 1, MIB - 1));
}

/* A disk with somebody's partition table: looked at, and wiped. The first byte chooses the size of the
 * sectors, whose starts the rest are, 512 bytes each. What is there must not lead a write beyond
 * the disk. */
static void fuzz_gpt(const uint8_t *data, size_t size)
{
	const uint64_t disk = 4 * MIB;
	autoclose int fd = memfd_create("disk", MFD_CLOEXEC);
	struct layout layout = { .sector_size = size && *data & 1 ? 4096
								  : 512 };
	autofree uint8_t *head = xcalloc(1, HEAD);
	struct pvn_err err = { 0 };
	struct stat st;
	char guid[40];

	for (size_t at = 1, to = 0; at < size && to < HEAD;
	     at += 512, to += layout.sector_size)
		memcpy(head + to, data + at, size - at < 512 ? size - at : 512);
	mend_gpt(head, HEAD, layout.sector_size);
	must(fd >= 0 && !ftruncate(fd, (off_t)disk));
	must(!write_at(fd, head, HEAD, 0, "disk", &err));
	gpt_part_guid(fd, "disk", layout.sector_size, PART_BIOS, guid, &err);
	must(gpt_verify(fd, "disk", &layout, "0a1b2c3d", &err));
	must(!gpt_wipe_old(fd, "disk", disk, layout.sector_size, &err));
	must(!fstat(fd, &st) && (uint64_t)st.st_size == disk);
	must_be_zero(fd, 0);
	must_be_zero(fd, disk - MIB);
}

/* What was read can be written, and read again. */
static void fuzz_grubenv(const uint8_t *data, size_t size)
{
	char block[GRUBENV_SIZE];
	auto_kv struct kv_list vars = { 0 };
	auto_kv struct kv_list again = { 0 };
	struct pvn_err err = { 0 };

	memset(block, '#', sizeof(block));
	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	if (grubenv_parse(block, &vars, &err) ||
	    grubenv_make(block, &vars, &err))
		return;
	must(!grubenv_parse(block, &again, &err));
	must(again.n == vars.n);
	for (size_t i = 0; i < vars.n; i++)
		must(!strcmp(again.v[i].key, vars.v[i].key) &&
		     !strcmp(again.v[i].value, vars.v[i].value));
}

static void fuzz_iso(const uint8_t *data, size_t size)
{
	unsigned char block[ISO_BLOCK] = "";
	struct iso_volume volume;

	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	if (iso_parse(block, &volume))
		must(strlen(volume.name) <= ISO_NAME_LEN);
}

static const struct fuzz_target targets[] = {
	{ "answers", fuzz_answers },   { "plan", fuzz_plan },
	{ "gpt", fuzz_gpt },	       { "grubenv", fuzz_grubenv },
	{ "iso", fuzz_iso },	       { "image", fuzz_image },
	{ "template", fuzz_template }, { "xva", fuzz_xva },
};

const struct fuzz_target *fuzz_find(const char *name)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	}
	return NULL;
}
