/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay.c: feed what was found to be worth keeping to its target: replay CORPUS, a folder with one
 * for each target. Needs no libFuzzer. */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "mem.h"
#include "targets.h"

static const struct fuzz_target *target_of(const char *path)
{
	autofree char *folder = xstrdup(path);

	*strrchr(folder, '/') = '\0';
	return fuzz_find(strrchr(folder, '/') + 1);
}

static int replay(const char *path)
{
	const struct fuzz_target *target = target_of(path);
	autofree uint8_t *data = NULL;
	struct pvn_err err = { 0 };
	size_t size = 0;

	if (!target || file_read_bytes(path, &data, &size, &err)) {
		fprintf(stderr, "replay: '%s': %s\n", path,
			target ? err.msg : "no such target");
		return 1;
	}
	target->run(data, size);
	return 0;
}

int main(int argc, char **argv)
{
	autofree char *pattern = NULL;
	glob_t found = { 0 };
	int rc = 0;

	if (argc != 2) {
		fputs("usage: replay CORPUS\n", stderr);
		return 2;
	}
	pattern = xasprintf("%s/*/*", argv[1]);
	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "replay: nothing in '%s'\n", argv[1]);
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		/* the last one that is named is the one that crashes */
		fprintf(stderr, "%s\n", found.gl_pathv[i]);
		rc = replay(found.gl_pathv[i]) || rc;
	}
	globfree(&found);
	return rc;
}
