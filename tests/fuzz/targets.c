/* SPDX-License-Identifier: GPL-2.0-or-later */
/* targets.c: the parsers of the installer, the plan, and an old partition table. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "file.h"
#include "grubenv.h"
#include "install.h"
#include "iso.h"
#include "targets.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static char *text_of(const uint8_t *data, size_t size)
{
	return xasprintf("%.*s", (int)size, (const char *)data);
}

static void fuzz_answers(const uint8_t *data, size_t size)
{
	autofree char *text = text_of(data, size);
	auto_strlist struct strlist errors = { 0 };
	struct answers a = { 0 };
	int rc = answers_parse(&a, text, "answers.ini", &errors);

	must((rc != 0) == (errors.n != 0));
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
	autofree char *text = text_of(data, size);
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

/* A disk that begins with the data, and has the second half of them at its end, too: what is
 * there of a table must not lead a write beyond the disk. */
static void fuzz_gpt(const uint8_t *data, size_t size)
{
	const uint64_t disk = 4 * MIB;
	autoclose int fd = memfd_create("disk", MFD_CLOEXEC);
	size_t half = size / 2;
	struct pvn_err err = { 0 };
	struct stat st;

	if (size > MIB)
		return;
	must(fd >= 0 && !ftruncate(fd, (off_t)disk));
	must(!write_at(fd, data, size, 0, "disk", &err));
	must(!write_at(fd, data + half, size - half,
		       (off_t)(disk - (size - half)), "disk", &err));
	gpt_wipe_old(fd, "disk", disk, 512, &err);
	must(!fstat(fd, &st) && (uint64_t)st.st_size == disk);
}

/* What was read can be written, and read again. */
static void fuzz_grubenv(const uint8_t *data, size_t size)
{
	char block[GRUBENV_SIZE] = "";
	auto_kv struct kv_list vars = { 0 };
	auto_kv struct kv_list again = { 0 };
	struct pvn_err err = { 0 };

	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	if (grubenv_parse(block, &vars, &err) ||
	    grubenv_make(block, &vars, &err))
		return;
	must(!grubenv_parse(block, &again, &err));
	must(again.n == vars.n);
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
	{ "answers", fuzz_answers }, { "plan", fuzz_plan }, { "gpt", fuzz_gpt },
	{ "grubenv", fuzz_grubenv }, { "iso", fuzz_iso },
};

const struct fuzz_target *fuzz_find(const char *name)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	}
	return NULL;
}
