/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_selftest.c: 'host selftest': can this machine be a host? */
#include "cmd.h"
#include "json.h"
#include "selftest.h"

struct opts {
	bool json;
	bool quick;
};

static const struct opt opts[] = {
	OPT("quick", OPT_FLAG, quick, NULL, "start no guest"),
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_json struct json *j = json_new();
	bool bad = false;

	(void)args;
	json_object(j, NULL);
	json_array(j, "checks");
	for (const struct selftest *t = selftests; t->name; t++) {
		struct selftest_finding f = { 0 };
		const char *verdict;

		if (o->quick && t->slow)
			continue;
		t->look(&f);
		verdict = selftest_verdict_name(f.verdict);
		bad = bad || f.verdict == SELFTEST_BAD;
		json_object(j, NULL);
		json_string(j, "name", t->name);
		json_string(j, "verdict", verdict);
		json_string(j, "found", f.text);
		json_end_object(j);
		if (!o->json) {
			printf("%-10s %-5s %s\n", t->name, verdict, f.text);
			fflush(stdout);
		}
	}
	json_end_array(j);
	json_bool(j, "good", !bad);
	json_end_object(j);
	if (o->json)
		json_print(j, stdout);
	return bad ? PVN_EXIT_FAILED : PVN_EXIT_OK;
}

const struct cmd cmd_host_selftest = {
	.program = "host",
	.group = "look",
	.name = "selftest",
	.synopsis = "",
	.help = "look whether this machine can be a host",
	.example = "host selftest\n",
	.details =
		"CPU, microcode, IOMMU, memory, clock, network links and disks, which are only read; then a PV\n"
		"guest is started from memory. It needs no installation: the live system has it, too. Exit code 1\n"
		"when something is bad; a note is for you to judge.\n"
		"--json: good, and checks[] with name, verdict (good, note, bad) and found.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
