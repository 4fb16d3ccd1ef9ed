/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_upgrade.c: 'host upgrade': a new release into the other slot, tried at the next
 * start. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/run.h"
#include "cmd.h"
#include "disks.h"
#include "host.h"
#include "progress.h"
#include "signature.h"
#include "slot_verify.h"
#include "slot_write.h"
#include "upgrade.h"

#define SIGNATURE_COPY PATH_RUN "/release.minisig"

struct opts {
	struct change_opts change;
	const char *signature;
	bool allow_downgrade;
	bool again;
	bool reboot;
	unsigned int confirm;
};

static const struct opt opts[] = {
	OPT("signature", OPT_STRING, signature, "FILE",
	    "its signature; without, what stands before the release, or FILE.minisig"),
	OPT("allow-downgrade", OPT_FLAG, allow_downgrade, NULL,
	    "take it although it is older than the one that runs, or the same"),
	OPT("again", OPT_FLAG, again, NULL,
	    "take it although it was given up before"),
	OPT("reboot", OPT_FLAG, reboot, NULL, "start it at once"),
	CONFIRM_OPT,
	CHANGE_OPTS,
};

struct upgrade {
	struct upgrade_try tried;
	struct change change;
	const struct opts *o;
	const char *file; /* "-": standard input; or a URL */
	struct pvn_stream fetch; /* of that */
	struct slots slots;
	struct slot_writer writer;
	struct signature signer;
	char *signature; /* its text */
	char *key;
};

static int step_keep(void *ctx, struct pvn_err *err)
{
	const struct upgrade *u = ctx;

	return slots_keep(u->slots.booted->name, err);
}

static bool is_url(const char *file)
{
	return !strncmp(file, "http://", 7);
}

#define FETCH(url) PVN_ARGV("wget", "-q", "-T", "30", "-O", "-", url)

/* What is cut off because it could not be fetched: that is why. */
static int explain(struct upgrade *u, int rc, struct pvn_err *err)
{
	struct pvn_err why = { 0 };

	if (!rc || !pvn_stream_end(&u->fetch, &why))
		return rc;
	return pvn_err(err, why.code, "cannot fetch '%s': %s", u->file,
		       why.msg);
}

static int step_write(void *ctx, struct pvn_err *err)
{
	struct upgrade *u = ctx;

	slot_forget_verified(u->slots.other);
	return explain(u, slot_writer_copy(&u->writer, err), err);
}

static int undo_write(void *ctx, struct pvn_err *err)
{
	struct upgrade *u = ctx;

	return slot_writer_erase(&u->writer, err);
}

static int step_verify(void *ctx, struct pvn_err *err)
{
	struct upgrade *u = ctx;
	struct pvn_err ignored;
	int rc = file_write(SIGNATURE_COPY, u->signature, 0600, err);

	if (!rc)
		rc = slot_writer_finish(&u->writer, err);
	unlink(SIGNATURE_COPY);
	if (!rc)
		slot_note_verified(u->slots.other, u->writer.version, false,
				   &ignored);
	return rc;
}

/* Only now: what is copied is known to be good. */
static int step_copy(void *ctx, struct pvn_err *err)
{
	const struct upgrade *u = ctx;

	return slot_copy_release(u->slots.other, u->writer.bytes, err);
}

static int undo_copy(void *ctx, struct pvn_err *err)
{
	const struct upgrade *u = ctx;

	return slot_erase_copies(u->slots.other, err);
}

static int open_input(struct upgrade *u, struct pvn_err *err)
{
	int rc = 0;

	u->writer.name = u->file;
	if (!strncmp(u->file, "https:", 6))
		return pvn_err(
			err, -EPROTONOSUPPORT,
			"'%s': https is not spoken here, and http will do: a "
			"release is trusted for its signature",
			u->file);
	if (is_url(u->file)) {
		rc = pvn_stream_begin(FETCH(u->file), &u->fetch, err);
		if (!rc)
			u->writer.in = dup(u->fetch.out);
	} else if (strcmp(u->file, "-")) {
		u->writer.in = open(u->file, O_RDONLY | O_CLOEXEC);
	} else if (isatty(STDIN_FILENO)) {
		rc = pvn_err(err, -EINVAL,
			     "standard input is a terminal: send the release "
			     "from a file or a pipe");
	} else {
		u->writer.name = "standard input";
		u->writer.in = dup(STDIN_FILENO);
	}
	if (rc)
		return rc;
	if (u->writer.in < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'",
				     u->writer.name);
	u->writer.slot = u->slots.other;
	return explain(u, slot_writer_open(&u->writer, err), err);
}

static int read_signature(struct upgrade *u, struct pvn_err *err)
{
	autofree char *beside = xasprintf("%s.minisig", u->file);
	const char *path = u->o->signature ? u->o->signature : beside;

	if (!u->o->signature && u->writer.leading) {
		u->signature = xstrdup(u->writer.leading);
		return 0;
	}
	if (!u->o->signature && is_url(u->file))
		return pvn_run_output(FETCH(path), &u->signature, err);
	if (!u->o->signature && !file_exists(path))
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' has no signature: give it by '--signature' "
			"or send it before the release",
			u->writer.name);
	return file_read(path, &u->signature, err);
}

static int find_key(struct upgrade *u, struct pvn_err *err)
{
	int rc = signature_find_key(u->signature, PATH_RELEASE_KEYS, &u->signer,
				    err);

	if (rc)
		return rc;
	if (!u->signer.keys)
		return pvn_err(err, PVN_REFUSED,
			       "this host trusts nobody's releases: put the "
			       "public key (minisign's) into '%s'",
			       PATH_RELEASE_KEYS);
	if (!u->signer.key)
		return pvn_err(err, PVN_REFUSED,
			       "'%s' is signed by a key that is not in '%s'",
			       u->writer.name, PATH_RELEASE_KEYS);
	u->key = xasprintf("%s/%s", PATH_RELEASE_KEYS, u->signer.key);
	u->writer.key = u->key;
	u->writer.signature = SIGNATURE_COPY;
	return 0;
}

static int check_version(const struct upgrade *u, struct pvn_err *err)
{
	const char *version = u->writer.version;
	const char *running = u->slots.booted->version;
	int rc = upgrade_check_failed(&u->slots, version, u->o->again, err);

	if (rc)
		return rc;
	if (running && version_compare(version, running) <= 0 &&
	    !u->o->allow_downgrade)
		return pvn_err(err, PVN_REFUSED,
			       "release %s is not newer than %s, which runs; "
			       "'--allow-downgrade' takes it",
			       version, running);
	return 0;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct upgrade *u = ctx;
	int rc = upgrade_begin(&u->slots, err);

	if (!rc)
		rc = open_input(u, err);
	if (!rc)
		rc = read_signature(u, err);
	if (!rc)
		rc = find_key(u, err);
	if (!rc)
		rc = check_version(u, err);
	if (rc)
		return rc;
	/* it was chosen in the menu; what is about to be overwritten must not be kept */
	if (u->slots.kept != u->slots.booted->name)
		plan_add(plan, "keep", step_keep, NULL,
			 "have slot %c start, which runs",
			 u->slots.booted->name);
	plan_add(plan, "write", step_write, undo_write,
		 "write release %s into slot %c ('%s'), in place of %s",
		 u->writer.version, u->slots.other->name,
		 u->slots.other->device,
		 u->slots.other->version ? u->slots.other->version : "nothing");
	plan_add(plan, "verify", step_verify, NULL,
		 "read it back and check the signature by '%s'", u->signer.key);
	if (u->slots.other->copies.n) {
		autofree char *copies = strlist_quoted(&u->slots.other->copies);

		plan_add(plan, "copy", step_copy, undo_copy,
			 "copy it to %s, on the other disk", copies);
	}
	upgrade_add_try(plan, &u->slots, u->writer.version);
	return 0;
}

static void say_changes(const struct upgrade *u)
{
	const struct slots *slots = &u->slots;
	autofree char *old = NULL;
	autofree char *new = NULL;
	struct pvn_err ignored = { 0 };

	if (slot_manifest(slots->booted, &old, &ignored) ||
	    slot_manifest(slots->other, &new, &ignored))
		return;
	printf("what changes from %s to %s:\n", slots->booted->version,
	       u->writer.version);
	if (!manifest_compare(old, new, stdout))
		printf("  only Paravane's own parts\n");
}

static void warn_of_disks(void)
{
	auto_disks struct host_disks disks = { 0 };
	struct pvn_err ignored;
	autofree char *problem = NULL;

	if (!disks_read(&disks, &ignored))
		problem = disks_problem(&disks);
	if (problem)
		fprintf(stderr, "warning: %s\n", problem);
}

static void report(const void *ctx)
{
	const struct upgrade *u = ctx;

	say_changes(u);
	warn_of_disks();
	upgrade_end(&u->tried, u->writer.version, u->o->reboot);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct upgrade u = {
		.change = { .cmd = &cmd_host_upgrade,
			    .o = &o->change,
			    .ctx = &u,
			    .unlocked = true,
			    .plan = make_plan,
			    .report = report },
		.o = o,
		.file = args[0],
		.fetch = PVN_STREAM_INIT,
		.writer = SLOT_WRITER_INIT,
	};
	struct pvn_err ignored = { 0 };
	int exit_code;

	u.tried = (struct upgrade_try){ &u.slots, o->confirm };
	exit_code = change_run(&u.change);
	if (u.writer.in >= 0)
		close(u.writer.in);
	pvn_stream_end(&u.fetch, &ignored);
	slot_writer_close(&u.writer);
	signature_free(&u.signer);
	slots_free(&u.slots);
	free(u.signature);
	free(u.key);
	return exit_code;
}

const struct cmd cmd_host_upgrade = {
	.program = "host",
	.group = "releases",
	.name = "upgrade",
	.synopsis = "FILE|URL|-",
	.n_args = 1,
	.help = "put a new release into the other slot, to be tried at the next start",
	.example =
		"host upgrade paravane-0.1.60.iso --reboot\n"
		"host upgrade http://releases.example.com/paravane-0.1.60.iso\n"
		"cat paravane-0.1.60.iso.minisig paravane-0.1.60.iso | ssh root@xen1 host upgrade -\n",
	.details =
		"The release is the ISO, also by http: it is trusted for its signature, not for where it comes\n"
		"from. That is minisign's, by a key in /etc/paravane/release-keys (NAME.pub). Nothing in the\n"
		"slot starts before the signature holds for what the disk gives back. The release that runs\n"
		"stays in its slot.\n"
		"The next start tries the new one, once: it is kept when 'host health' is well within five\n"
		"minutes, else the host starts the old one again by itself, and says why in 'host slots'.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
