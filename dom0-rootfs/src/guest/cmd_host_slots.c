/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_slots.c: 'host slots': which releases this host has, and which one starts. */
#include <string.h>
#include <time.h>
#include "cmd.h"
#include "json.h"
#include "slots.h"
#include "table.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static const char *failure(const struct slots *s, const struct slot *slot)
{
	return slot->version ? slots_failed(s, slot->version) : NULL;
}

/* "running on trial, tried at the next start, given up: why" */
static char *state_of(const struct slots *s, const struct slot *slot)
{
	const char *failed = failure(s, slot);
	const bool running = slot == s->booted;
	char *text = xasprintf(
		"%s%s%s%s%s%s", running ? ", running" : "",
		running && s->trying ? " on trial" : "",
		slot->name == s->kept ? ", starts" : "",
		slot->name == s->next_try ? ", tried at the next start" : "",
		failed ? ", given up: " : "", failed ? failed : "");

	if (*text)
		memmove(text, text + 2, strlen(text) - 1);
	return text;
}

/* When it was read and was whole; caller frees. */
static char *verified_text(const struct slot *slot)
{
	const time_t when = (time_t)slot->verified;
	char text[32];
	struct tm tm;

	if (slot->damaged)
		return xstrdup("damaged");
	if (!when || !gmtime_r(&when, &tm) ||
	    !strftime(text, sizeof(text), "%F %R", &tm))
		return xstrdup("-");
	return xstrdup(text);
}

static void print_text(const struct slots *s)
{
	auto_table struct table table = { .n_columns = 5 };

	table_add_row(&table, "SLOT", "VERSION", "SIZE", "VERIFIED", "STATE");
	for (int i = 0; i < N_SLOTS; i++) {
		const struct slot *slot = &s->v[i];
		const char name[] = { slot->name, '\0' };
		autofree char *state = state_of(s, slot);
		autofree char *verified = verified_text(slot);

		table_add(&table, name);
		table_add(&table, slot->version ? slot->version : "empty");
		table_add_size(&table, slot->iso_bytes);
		table_add(&table, verified);
		table_add(&table, state);
	}
	table_print(&table, stdout);
}

static void print_json(const struct slots *s)
{
	auto_json struct json *j = json_new();

	json_object(j, NULL);
	json_array(j, "slots");
	for (int i = 0; i < N_SLOTS; i++) {
		const struct slot *slot = &s->v[i];
		const char name[] = { slot->name, '\0' };

		json_object(j, NULL);
		json_string(j, "name", name);
		json_string(j, "device", slot->device);
		json_string(j, "version", slot->version);
		json_int(j, "bytes", (int64_t)slot->iso_bytes);
		json_int(j, "verified", slot->verified);
		json_bool(j, "damaged", slot->damaged);
		json_bool(j, "running", slot == s->booted);
		json_bool(j, "starts", slot->name == s->kept);
		json_bool(j, "next_try", slot->name == s->next_try);
		json_string(j, "given_up", failure(s, slot));
		json_end_object(j);
	}
	json_end_array(j);
	json_bool(j, "on_trial", s->trying);
	json_end_object(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_slots struct slots slots = { 0 };
	struct pvn_err err = { 0 };

	(void)args;
	if (slots_read(&slots, &err))
		return cmd_error(&cmd_host_slots, PVN_EXIT_FAILED, &err);
	if (o->json)
		print_json(&slots);
	else
		print_text(&slots);
	return PVN_EXIT_OK;
}

const struct cmd cmd_host_slots = {
	.program = "host",
	.group = "releases",
	.name = "slots",
	.synopsis = "",
	.help = "show which releases this host has, and which one starts",
	.example = "host slots\n",
	.details =
		"running: this one was started; on trial: it is kept when it is well. starts: the one that\n"
		"starts when none is tried. given up: it was tried, and why it was not kept. VERIFIED: when all of\n"
		"it was last read and was as it was built (UTC), or damaged; see 'host verify'.\n"
		"--json: on_trial, and slots[] with name, device, version (null: empty), bytes, verified (when,\n"
		"s since 1970; 0: not known), damaged, running, starts, next_try and given_up (why, or null).\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
