/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_verify.c: 'host verify': is what the slots hold still what was built? */
#include <errno.h>
#include "cmd.h"
#include "json.h"
#include "slot_verify.h"

struct opts {
	bool all;
	bool json;
};

static const struct opt opts[] = {
	OPT("all", OPT_FLAG, all, NULL, "the slot that does not run, too"),
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static void print_text(const struct slot *slot, const struct slot_check *check,
		       const char *problem)
{
	autofree char *names = strlist_quoted(&check->damaged);

	printf("slot %c  %s  ", slot->name, slot->version);
	if (problem)
		printf("%s\n", problem);
	else if (check->damaged.n)
		printf("%s %s damaged: 'host upgrade' writes a release anew\n",
		       names, check->damaged.n > 1 ? "are" : "is");
	else
		printf("all of its %zu files are as they were built\n",
		       check->files);
	fflush(stdout);
}

static void print_json(struct json *j, const struct slot *slot,
		       const struct slot_check *check, const char *problem)
{
	const char name[] = { slot->name, '\0' };

	json_object(j, NULL);
	json_string(j, "name", name);
	json_string(j, "version", slot->version);
	json_int(j, "files", (int64_t)check->files);
	json_array(j, "damaged");
	for (size_t i = 0; i < check->damaged.n; i++)
		json_string(j, NULL, check->damaged.v[i]);
	json_end_array(j);
	json_string(j, "problem", problem);
	json_end_object(j);
}

/* Is it whole? */
static bool verify(const struct slot *slot, bool as_json, struct json *j)
{
	struct slot_check check = { 0 };
	struct pvn_err err = { 0 };
	bool readable = !slot_verify(slot, &check, &err);
	bool whole = readable && !check.damaged.n;
	struct pvn_err ignored;

	/* one that was cut off tells nothing */
	if (err.code != -EINTR)
		slot_note_verified(slot, slot->version, !whole, &ignored);
	if (as_json)
		print_json(j, slot, &check, readable ? NULL : err.msg);
	else
		print_text(slot, &check, readable ? NULL : err.msg);
	strlist_free(&check.damaged);
	return whole;
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_slots struct slots slots = { 0 };
	auto_json struct json *j = json_new();
	struct pvn_err err = { 0 };
	bool whole = true;

	(void)args;
	if (slots_read(&slots, &err))
		return cmd_error(&cmd_host_verify, PVN_EXIT_FAILED, &err);
	json_object(j, NULL);
	json_array(j, "slots");
	for (int i = 0; i < N_SLOTS; i++) {
		const struct slot *slot = &slots.v[i];

		if (slot->version && (o->all || slot == slots.booted))
			whole = verify(slot, o->json, j) && whole;
	}
	json_end_array(j);
	json_end_object(j);
	if (o->json)
		json_print(j, stdout);
	return whole ? PVN_EXIT_OK : PVN_EXIT_FAILED;
}

const struct cmd cmd_host_verify = {
	.program = "host",
	.group = "releases",
	.name = "verify",
	.synopsis = "",
	.help = "read a release anew from its slot, and compare it with what was built",
	.example = "host verify --all\n",
	.details =
		"Of the slot that runs. Each file of it is compared with the hash in the release's own\n"
		"manifest. Exit code 1 when one is damaged. The host does this itself some time after each start.\n"
		"--json: slots[] with name, version, files (how many), damaged[] and problem (what could not be\n"
		"read at all, or null).\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
