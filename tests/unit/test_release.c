/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_release.c: what LVM calls a volume, by what the kernel calls it. */
#include "install.h"
#include "unit.h"

PVN_TEST(volume_paths)
{
	static const struct {
		const char *dm;
		const char *path;
	} cases[] = {
		{ "old-one", "/dev/old/one" },
		{ "vg--0-a--b--c", "/dev/vg-0/a-b-c" },
		{ "v---l", "/dev/v-/l" },
		{ "luks", "/dev/luks" },
		{ "old-pool-tpool", "/dev/old/pool/tpool" },
		{ "", "/dev/" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *path = release_volume_path(cases[i].dm);

		assert_string_equal(path, cases[i].path);
	}
}
