/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_disk_replace.c: 'host disk replace': a disk takes a place in the mirrors. The installer,
 * which made the others, knows how. */
#include "become_installer.h"
#include "cmd.h"

struct opts {
	bool force;
	bool dry_run;
	bool json;
};

static const struct opt opts[] = {
	OPT("force", OPT_FLAG, force, NULL, "erase what is on the new disk"),
	OPT("dry-run", OPT_FLAG, dry_run, NULL,
	    "print what would be done, do nothing"),
	OPT("json", OPT_FLAG, json, NULL, "print that as JSON"),
};

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	const char *argv[10] = { "--replace" };
	int n = 1;

	argv[n++] = args[1] ? args[1] : args[0];
	if (args[1]) {
		argv[n++] = "--old";
		argv[n++] = args[0];
	}
	if (o->force)
		argv[n++] = "--force";
	if (o->dry_run)
		argv[n++] = "--dry-run";
	if (o->json)
		argv[n++] = "--json";
	return cmd_become_installer(&cmd_host_disk_replace, argv);
}

const struct cmd cmd_host_disk_replace = {
	.program = "host",
	.group = "disks",
	.name = "disk replace",
	.synopsis = "[OLD] NEW",
	.n_args = 1,
	.n_optional = 1,
	.help = "have a disk take the place of one that failed, is missing, or was away",
	.example = "host disk replace vdb\n"
		   "host disk replace sda sdc --force\n",
	.details =
		"Of a host that was installed on two disks. The new one gets all that the other has: partitions, boot\n"
		"loader, slots, and by and by, while the host works, state and guests ('host disk' shows how far\n"
		"that is, 'host disk --wait' waits for it). OLD is needed when both are well. It stays in use until\n"
		"NEW has all, for which this waits; then it can't be started from any more. A disk that was away\n"
		"is taken back in the same way: it is NEW then. What was cut off is done by saying it again.\n"
		"Exit code 3: the disk is too small, in use, or there is something on it.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
