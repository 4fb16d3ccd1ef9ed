/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_health.c: 'host health': does this host do what it is there for? */
#include "cmd.h"
#include "health.h"
#include "json.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_json struct json *j = json_new();
	bool well = true;

	(void)args;
	json_object(j, NULL);
	json_array(j, "checks");
	for (const struct health_check *c = health_checks; c->name; c++) {
		struct pvn_err err = { 0 };
		bool ok = !c->look(&err);

		well = well && ok;
		json_object(j, NULL);
		json_string(j, "name", c->name);
		json_bool(j, "well", ok);
		json_string(j, "problem", ok ? NULL : err.msg);
		json_end_object(j);
		if (!o->json)
			printf("%-8s %s\n", c->name, ok ? "well" : err.msg);
	}
	json_end_array(j);
	json_bool(j, "well", well);
	json_end_object(j);
	if (o->json)
		json_print(j, stdout);
	return well ? PVN_EXIT_OK : PVN_EXIT_FAILED;
}

const struct cmd cmd_host_health = {
	.program = "host",
	.group = "look",
	.name = "health",
	.synopsis = "",
	.help = "look whether all that a host needs works",
	.example = "host health\n",
	.details =
		"The state partition, Xen and xenstored, guestd, the pool, the disks (see 'host disk'), ssh, and\n"
		"an address on br0. Exit code 1 when one of them is not well. A new release that is tried is kept\n"
		"when all but the disks are, see 'host upgrade'.\n"
		"--json: well, and checks[] with name, well and problem (null when well).\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
