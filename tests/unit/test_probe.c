/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_probe.c: what is found on a disk, by libblkid itself on sparse files. */
#include "disk_file.h"
#include "facts.h"

/* libblkid would take 2 GiB of memory for it. */
PVN_TEST(probes_a_gpt_with_millions_of_entries)
{
	struct layout l;
	autoclose int fd = make_disk(&l, 512, "0a1b2c3d");
	autofree char *name = xasprintf("../proc/self/fd/%d", fd);
	autofree char *listed = xasprintf("%s: Paravane '0a1b2c3d'", name);
	autofree char *damaged = xasprintf("%s: a damaged GPT", name);

	for (int i = 0; i < 2; i++) {
		struct facts facts = { 0 };
		struct disk *d = facts_add(&facts, name);

		d->size = DISK_SIZE;
		d->sector_size = 512;
		facts_probe(&facts);
		assert_int_equal(strlist_has(&d->content, listed), !i);
		assert_int_equal(strlist_has(&d->content, damaged), i);
		facts_free(&facts);
		claim_entries(fd, 512, 1U << 24);
	}
}
