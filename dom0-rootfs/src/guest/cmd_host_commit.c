/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_commit.c: 'host commit': keep the release that is on trial, or find that one was
 * given up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cmd.h"
#include "health.h"
#include "host.h"
#include "slots.h"

#define DID_NOT_COME_UP "it did not come up"
#define DID_NOT_COME_UP_AGAIN "it no longer came up"

struct opts {
	unsigned int wait;
	bool ask;
};

static const struct opt opts[] = {
	OPT("wait", OPT_UINT, wait, "SECONDS",
	    "wait so long until the host is well", .max = 86400),
	OPT("ask", OPT_FLAG, ask, NULL,
	    "where the upgrade is to be confirmed, wait until somebody does"),
};

/* Of the trial that runs: does it end well, within @seconds? */
static int wait_until_well(const struct slots *slots, unsigned int seconds,
			   struct pvn_err *err)
{
	const char *had = kv_get(&slots->notes, "network");
	const struct timespec second = { .tv_sec = 1 };
	struct timespec now, begin;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while ((rc = health_look(!had || strcmp(had, "no"), err))) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec >= (time_t)seconds)
			break;
		nanosleep(&second, NULL);
	}
	return rc;
}

static int give_up(struct slots *slots, const struct slot *slot,
		   const char *why, struct pvn_err *err)
{
	if (slot->version)
		slots_note_failure(slots, slot->version, why);
	kv_remove(&slots->notes, "try");
	return slots_write_notes(slots, err);
}

/* First the choice, then the notes: when the power goes in between, the notes say that it is
 * still tried, and the next start, which is of the same slot, finds it kept. So it is no failure
 * when they can't be written. */
static int keep(struct slots *slots, struct pvn_err *err)
{
	struct pvn_err later = { 0 };
	int rc = slots_keep(slots->booted->name, err);

	if (rc)
		return rc;
	kv_remove(&slots->notes, "try");
	kv_remove(&slots->notes, "confirm");
	if (slots->booted->version)
		slots_forget_failure(slots, slots->booted->version);
	if (slots_write_notes(slots, &later))
		fprintf(stderr, "%s\n", later.msg);
	printf("release %s in slot %c is kept\n", slots->booted->version,
	       slots->booted->name);
	return 0;
}

/* Somebody else's 'host commit' has kept it. */
static bool is_kept(void)
{
	auto_slots struct slots now = { 0 };
	struct pvn_err ignored = { 0 };

	return !slots_read(&now, &ignored) && !now.trying;
}

static int wait_until_confirmed(unsigned int minutes, struct pvn_err *err)
{
	const struct timespec second = { .tv_sec = 1 };
	struct timespec now, begin;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (!is_kept()) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec >= (time_t)minutes * 60)
			return pvn_err(err, -ETIMEDOUT,
				       "nobody confirmed it within %u %s",
				       minutes,
				       minutes == 1 ? "minute" : "minutes");
		nanosleep(&second, NULL);
	}
	return 0;
}

static unsigned int minutes_to_confirm(const struct slots *slots)
{
	const char *minutes = kv_get(&slots->notes, "confirm");

	return minutes ? (unsigned int)strtoul(minutes, NULL, 10) : 0;
}

static int commit_trial(struct slots *slots, const struct opts *o,
			struct pvn_err *err)
{
	unsigned int minutes = o->ask ? minutes_to_confirm(slots) : 0;
	struct pvn_err second = { 0 };
	int rc = wait_until_well(slots, o->wait, err);

	if (!rc && !minutes)
		return keep(slots, err);
	if (!rc)
		rc = wait_until_confirmed(minutes, err);
	/* a person does not give it up by being too early */
	if (rc && !o->ask)
		return pvn_err_wrap(err, "the host is not well yet");
	if (!rc || is_kept())
		return 0;
	if (give_up(slots, slots->booted, err->msg, &second))
		fprintf(stderr, "%s\n", second.msg);
	return pvn_err_wrap(err, "release %s is given up",
			    slots->booted->version);
}

/* A trial is noted, and this is none: it is over. */
static int end_trial(struct slots *slots, struct pvn_err *err)
{
	const char *tried = kv_get(&slots->notes, "try");
	int rc;

	if (!tried || slots->next_try) /* none, or still to come */
		return 0;
	/* the power went when it was kept on one disk, and not yet on the other */
	if (*tried == slots->booted->name && slots->uneven &&
	    slots->kept != *tried)
		return keep(slots, err);
	if (*tried == slots->booted->name) {
		kv_remove(&slots->notes, "try");
		return slots_write_notes(slots, err);
	}
	rc = give_up(slots, slots->other, DID_NOT_COME_UP, err);
	if (!rc)
		fprintf(stderr,
			"release %s in slot %c was tried and did not come up: "
			"this is %s again\n",
			slots->other->version ? slots->other->version : "?",
			slots->other->name, slots->booted->version);
	return rc;
}

/* The one that is kept was started in vain, and GRUB has turned to the other: that is kept when it
 * is well. */
static int replace_kept(struct slots *slots, unsigned int seconds,
			struct pvn_err *err)
{
	const struct slot *kept = slots->other;
	int rc;

	fprintf(stderr,
		"release %s in slot %c did not come up in %d starts: this is %s in slot %c\n",
		kept->version ? kept->version : "?", kept->name, SLOT_STARTS,
		slots->booted->version, slots->booted->name);
	rc = wait_until_well(slots, seconds, err);
	if (!rc && kept->version && slots->booted->version &&
	    strcmp(kept->version, slots->booted->version))
		slots_note_failure(slots, kept->version, DID_NOT_COME_UP_AGAIN);
	return rc ? rc : keep(slots, err);
}

/* Not on trial. */
static int commit_start(struct slots *slots, unsigned int seconds,
			struct pvn_err *err)
{
	int rc = end_trial(slots, err);

	if (rc || (!slots->counted && !slots->uneven))
		return rc;
	if (slots->booted->name == slots->kept)
		return slots_came_up(err);
	return slots->fallen ? replace_kept(slots, seconds, err) : 0;
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_slots struct slots slots = { 0 };
	struct pvn_err err = { 0 };
	int rc = slots_read(&slots, &err);

	(void)args;
	if (!rc)
		rc = slots.trying ? commit_trial(&slots, o, &err)
				  : commit_start(&slots, o->wait, &err);
	if (!rc && slots_back_up(&err))
		fprintf(stderr, "%s\n", err.msg);
	return rc ? cmd_error(&cmd_host_commit, PVN_EXIT_FAILED, &err)
		  : PVN_EXIT_OK;
}

const struct cmd cmd_host_commit = {
	.program = "host",
	.group = "releases",
	.name = "commit",
	.synopsis = "",
	.help = "keep the release that is on trial, if the host is well",
	.example = "host commit --wait 300\n",
	.details =
		"The host does this itself at each start, with --wait 300 --ask, and starts the old release again\n"
		"when it fails. After an upgrade with --confirm it is somebody's to do, in time. Without a trial it only notes what became of the last one, and that the\n"
		"release has come up: GRUB counts the starts, and takes the other slot after three in vain.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
