/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_repair.c: 'host repair': mend what the host starts from. The installer, which made it,
 * knows how. */
#include "../lib/mem.h"
#include "become_installer.h"
#include "cmd.h"

struct opts {
	const char *id;
	bool broken;
	bool without_copy;
	bool dry_run;
	bool json;
};

static const struct opt opts[] = {
	OPT("id", OPT_STRING, id, "ID",
	    "of this installation, where disks have more than one"),
	OPT("broken", OPT_FLAG, broken, NULL,
	    "only what does not start as it is"),
	OPT("without-copy", OPT_FLAG, without_copy, NULL,
	    "mend the state partition without a copy of it in the pool"),
	OPT("dry-run", OPT_FLAG, dry_run, NULL,
	    "print what would be done, do nothing"),
	OPT("json", OPT_FLAG, json, NULL, "print that as JSON"),
};

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	const char *argv[10] = { "--repair" };
	int n = 1;

	(void)args;
	if (o->id) {
		argv[n++] = "--id";
		argv[n++] = o->id;
	}
	if (o->broken)
		argv[n++] = "--broken";
	if (o->without_copy)
		argv[n++] = "--without-copy";
	if (o->dry_run)
		argv[n++] = "--dry-run";
	if (o->json)
		argv[n++] = "--json";
	return cmd_become_installer(&cmd_host_repair, argv);
}

const struct cmd cmd_host_repair = {
	.program = "host",
	.group = "releases",
	.name = "repair",
	.synopsis = "",
	.help = "mend what the host starts from: boot loader and state partition",
	.example = "host repair --dry-run\n",
	.details =
		"GRUB's parts are written anew when they are not those of the release that runs: the EFI system\n"
		"partition, grubenv, and for BIOS the boot sector. The state partition is checked when it is\n"
		"not in use, which is so where it could not be mounted, and in the rescue system ('host rescue').\n"
		"If it is damaged, a copy goes into the pool first (the volume state-old); what can't be mended\n"
		"is made anew, with the keys, the name and the network that the system that runs could read.\n"
		"The host does this itself at each start, with --broken.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
