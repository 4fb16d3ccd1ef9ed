/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_set.c: 'guest set': change what a guest has and how it is treated. */
#include <errno.h>
#include <string.h>
#include "../lib/size.h"
#include "cmd.h"
#include "guestedit.h"
#include "guesttype.h"
#include "live.h"
#include "progress.h"

struct opts {
	uint64_t memory, maxmem;
	unsigned int vcpus, maxvcpus;
	const char *type;
	const char *autostart;
	const char *order;
	const char *on_crash, *on_reboot;
	const char *description;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("memory", OPT_SIZE, memory, "SIZE", "its memory",
	    .min = GUEST_MEMORY_MIN, .max = GUEST_MEMORY_MAX),
	OPT("maxmem", OPT_SIZE, maxmem, "SIZE",
	    "up to which it may grow while it runs, from its next start on",
	    .min = GUEST_MEMORY_MIN, .max = GUEST_MEMORY_MAX),
	OPT("vcpus", OPT_UINT, vcpus, "N", "its virtual CPUs", .min = 1,
	    .max = GUEST_VCPUS_MAX),
	OPT("maxvcpus", OPT_UINT, maxvcpus, "N",
	    "the most it may use while it runs, from its next start on",
	    .min = 1, .max = GUEST_VCPUS_MAX),
	OPT("type", OPT_STRING, type, "auto|pv|pvh",
	    "how Xen runs it, from its next start on; auto: pvh where CPU and Xen can"),
	OPT("autostart", OPT_STRING, autostart, "on|off",
	    "start it with the host"),
	OPT("order", OPT_STRING, order, "N",
	    "when, among others: lower numbers come first"),
	OPT("on-crash", OPT_STRING, on_crash, "ACTION",
	    "destroy, restart or preserve it when it has crashed"),
	OPT("on-reboot", OPT_STRING, on_reboot, "ACTION",
	    "the same for when it reboots"),
	OPT("description", OPT_STRING, description, "TEXT",
	    "what it is for; '' takes it away", .may_be_empty = true),
	CHANGE_OPTS,
};

struct set {
	struct change change;
	const struct opts *o;
	uint64_t memory, maxmem; /* as they shall be */
	unsigned int vcpus, maxvcpus;
	bool memory_now, vcpus_now; /* while it runs, too */
};

static int step_memory(void *ctx, struct pvn_err *err)
{
	const struct set *s = ctx;
	const struct domain *d = s->change.guest->domain;
	int rc = 0;

	if (s->memory > d->memory_bytes)
		rc = guests_make_room(s->memory - d->memory_bytes, err);
	return rc ? rc : live_set_memory(d->id, s->memory, err);
}

static int undo_memory(void *ctx, struct pvn_err *err)
{
	const struct set *s = ctx;
	const struct domain *d = s->change.guest->domain;

	return live_set_memory(d->id, d->memory_bytes, err);
}

static int step_vcpus(void *ctx, struct pvn_err *err)
{
	const struct set *s = ctx;

	return live_set_vcpus(s->change.guest->domain->id, s->vcpus, err);
}

/* One of the words that an option may have. */
static int check_word(const char *option, const char *value,
		      const char *const *words, struct pvn_err *err)
{
	auto_strlist struct strlist list = { 0 };

	for (; *words; words++) {
		if (!value || !strcmp(value, *words))
			return 0;
		strlist_add(&list, *words);
	}
	autofree char *all = strlist_quoted(&list);

	return pvn_err(err, -EINVAL, "'--%s %s' is none of %s", option, value,
		       all);
}

static int check(const struct opts *o, struct pvn_err *err)
{
	static const char *const actions[] = { "destroy", "restart", "preserve",
					       NULL };
	static const char *const types[] = { "auto", "pv", "pvh", NULL };
	static const char *const on_off[] = { "on", "off", NULL };
	int rc = check_word("autostart", o->autostart, on_off, err);

	if (!rc)
		rc = check_word("type", o->type, types, err);
	if (!rc)
		rc = check_word("on-crash", o->on_crash, actions, err);
	if (!rc)
		rc = check_word("on-reboot", o->on_reboot, actions, err);
	if (!rc && o->description)
		rc = guestedit_check_string(o->description, err);
	if (!rc && o->order &&
	    (strlen(o->order) > 6 ||
	     strspn(o->order, "0123456789") != strlen(o->order)))
		rc = pvn_err(err, -EINVAL,
			     "'--order %s' is not a number up to 999999",
			     o->order);
	if (!rc && (o->memory % MIB || o->maxmem % MIB))
		rc = pvn_err(err, -EINVAL,
			     "the memory is not a whole number of MiB");
	return rc;
}

/* What it will have, from the options and the file; is it consistent? */
static int choose(struct set *s, struct pvn_err *err)
{
	const struct opts *o = s->o;
	const struct guestconf *conf = &s->change.guest->conf;
	char have[16], most[16];

	s->memory = o->memory ? o->memory : conf->memory_bytes;
	s->maxmem = o->maxmem ? o->maxmem : conf->maxmem_bytes;
	s->vcpus = o->vcpus ? o->vcpus : conf->vcpus;
	s->maxvcpus = o->maxvcpus ? o->maxvcpus : conf->maxvcpus;
	if (s->maxmem && s->memory > s->maxmem)
		return pvn_err(
			err, -EINVAL,
			"memory %s is more than maxmem %s ('--maxmem' changes that)",
			size_print(s->memory, have),
			size_print(s->maxmem, most));
	if (s->maxvcpus && s->vcpus > s->maxvcpus)
		return pvn_err(
			err, -EINVAL,
			"%u vCPUs are more than maxvcpus %u ('--maxvcpus' changes that)",
			s->vcpus, s->maxvcpus);
	return 0;
}

static int edit(struct set *s, struct pvn_err *err)
{
	const struct opts *o = s->o;
	const struct {
		const char *key;
		uint64_t number;
	} numbers[] = {
		{ "memory", o->memory / MIB },
		{ "maxmem", o->maxmem / MIB },
		{ "vcpus", o->vcpus },
		{ "maxvcpus", o->maxvcpus },
	};
	const struct {
		const char *key, *text;
	} strings[] = {
		{ "on_crash", o->on_crash },
		{ "on_reboot", o->on_reboot },
		{ "paravane_description", o->description },
	};
	const struct guest_set *set = &s->change.set;
	char **text = &s->change.conf_text;
	int rc = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers) && !rc; i++) {
		if (numbers[i].number)
			rc = guestedit_set_number(text, numbers[i].key,
						  numbers[i].number, err);
	}
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings) && !rc; i++) {
		const char *key = strings[i].key, *value = strings[i].text;

		if (value)
			rc = *value ? guestedit_set_string(text, key, value,
							   err)
				    : guestedit_set(text, key, NULL, err);
	}
	if (!rc && o->type)
		rc = guesttype_check(o->type, set->pvh, err);
	if (!rc && o->type)
		rc = guestedit_set_type(text, o->type, set->pvh,
					s->change.guest->conf.kernel, err);
	if (!rc && o->order)
		rc = guestedit_set(text, "paravane_order", o->order, err);
	if (!rc && o->autostart)
		rc = guestedit_set(text, "paravane_autostart",
				   strcmp(o->autostart, "on") ? NULL : "1",
				   err);
	return rc;
}

/* What can be done to the running guest; the rest waits for its next start. */
static int plan_live(struct set *s, struct pvn_plan *plan, struct pvn_err *err)
{
	const struct domain *domain = s->change.guest->domain;
	const char *name = s->change.name;
	uint64_t most_memory, available;
	unsigned int most_vcpus;
	char want[16], have[16];
	int rc = live_limits(domain, &most_memory, &most_vcpus, err);

	if (!rc)
		rc = guests_memory_free(&s->change.set, &available, err);
	if (rc)
		return rc;
	s->memory_now = s->o->memory && s->memory <= most_memory;
	s->vcpus_now = s->o->vcpus && s->vcpus <= most_vcpus;
	if (s->memory_now && s->memory > domain->memory_bytes + available)
		return pvn_err(
			err, -ENOMEM,
			"not enough memory for '%s' to have %s now: the host has %s free",
			name, size_print(s->memory, want),
			size_print(available, have));
	if (s->memory_now)
		plan_add(plan, "memory", step_memory, undo_memory,
			 "let guest '%s' have %s now", name,
			 size_print(s->memory, want));
	if (s->vcpus_now)
		plan_add(plan, "vcpus", step_vcpus, NULL,
			 "let guest '%s' use %u vCPU%s now", name, s->vcpus,
			 s->vcpus == 1 ? "" : "s");
	return 0;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct set *s = ctx;
	struct change *c = &s->change;
	int rc = conf_begin(c, err);

	if (!rc)
		rc = choose(s, err);
	if (!rc)
		rc = edit(s, err);
	if (rc)
		return rc;
	if (strcmp(c->conf_old, c->conf_text))
		rc = conf_add_step(c, plan, "change the values", err);
	if (!rc && c->guest->domain)
		rc = plan_live(s, plan, err);
	if (!rc && !plan->n)
		return change_nothing(c, "guest '%s' is as it should be",
				      c->name);
	return rc;
}

static void report(const void *ctx)
{
	const struct set *s = ctx;
	const bool runs = s->change.guest->domain;

	printf("guest '%s' is changed\n", s->change.name);
	if (runs && ((s->o->memory && !s->memory_now) || s->o->maxmem))
		printf("its memory: from its next start on\n");
	if (runs && ((s->o->vcpus && !s->vcpus_now) || s->o->maxvcpus))
		printf("its vCPUs: from its next start on\n");
	if (runs && s->o->type)
		printf("its type: from its next start on\n");
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct set s = {
		.change = { .cmd = &cmd_guest_set,
			    .o = &o->change,
			    .name = args[0],
			    .plan = make_plan,
			    .report = report },
		.o = o,
	};
	struct pvn_err err = { 0 };

	if (check(o, &err))
		return cmd_error(&cmd_guest_set, PVN_EXIT_USAGE, &err);
	return change_run(&s.change);
}

const struct cmd cmd_guest_set = {
	.program = "guest",
	.group = "change",
	.name = "set",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "change a guest's memory, vCPUs, type, start or description",
	.details =
		"Memory and vCPUs change while the guest runs, too, within the maxmem and maxvcpus\n"
		"that it was started with; else at its next start. In its file only these values\n"
		"change, comments and all else stay.\n",
	.example = "guest set web1 --memory 512M --autostart on\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
