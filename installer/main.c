/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c: paravane-install: options, and what the person sees. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "choose.h"
#include "dialog.h"
#include "file.h"
#include "grow.h"
#include "hardware.h"
#include "hooks.h"
#include "install.h"
#include "repair.h"
#include "replace.h"
#include "run.h"
#include "ui.h"
#include "zones.h"

#ifndef PVN_VERSION
#define PVN_VERSION "unknown"
#endif

#define LOG_FILE "/run/install.log"
/* Programs have that long to see that their disk was pulled out. */
#define LOST_SECONDS 10
/* What a person answered. */
#define ASKED "/run/paravane-install/answers.ini"

struct options {
	const char *answers;
	const char *facts;
	const char *slot;
	const char *id;
	const char *image;
	const char *iso;
	const char *grow;
	bool dry_run;
	bool json;
	bool list_disks;
	bool facts_dump;
	bool ask;
	bool plain;
	bool check;
	bool repair;
	bool broken;
	bool without_copy;
	const char *replace;
	const char *old;
	bool force;
	bool example;
	bool man;
	bool zones;
	const char *zone_file;
	bool help;
	bool version;
};

static const struct opt {
	const char *name;
	const char *arg; /* NULL: a flag */
	size_t offset;
	const char *help;
} table[] = {
#define OPT(name, arg, field, help) \
	{ name, arg, offsetof(struct options, field), help }
	OPT("answers", "FILE", answers,
	    "use this answer file, look nowhere else"),
	OPT("facts", "FILE", facts,
	    "facts from a file, not from the machine; only to look"),
	OPT("slot", "DIR", slot, "where the booted ISO is mounted (/slot)"),
	OPT("id", "HEX8", id, "the install's id, otherwise random"),
	OPT("image", "FILE", image,
	    "install into a new file, for a disk; with --iso and --slot"),
	OPT("iso", "FILE", iso, "the ISO whose files are in --slot"),
	OPT("grow", "DEVICE", grow,
	    "of --id, which came as an image: enlarge this partition for guests"),
	OPT("dry-run", NULL, dry_run, "print the plan, do nothing"),
	OPT("json", NULL, json, "print the plan, or the disks, as JSON"),
	OPT("list-disks", NULL, list_disks,
	    "list the disks, what is on them, and why one can't be used"),
	OPT("facts-dump", NULL, facts_dump, "print the facts for --facts"),
	OPT("ask", NULL, ask, "ask a person at this console, then install"),
	OPT("plain", NULL, plain,
	    "with --ask: plain text, for any terminal and screen readers"),
	OPT("check", NULL, check,
	    "only read the answers, and say what is wrong"),
	OPT("repair", NULL, repair,
	    "mend an installation's boot loader and state partition"),
	OPT("broken", NULL, broken,
	    "with --repair: only what does not start as it is"),
	OPT("without-copy", NULL, without_copy,
	    "with --repair: mend the state partition without a copy of it"),
	OPT("replace", "DISK", replace,
	    "have a disk take a place in an installation on two"),
	OPT("old", "DISK", old, "with --replace: in place of this one"),
	OPT("force", NULL, force, "with --replace: erase what is on it"),
	OPT("example", NULL, example,
	    "print an answer file with all keys explained"),
	OPT("man", NULL, man, "print the manual page of answer files"),
	OPT("zones", NULL, zones, "list the time zones that there are"),
	OPT("zone-file", "NAME", zone_file,
	    "write the file that /etc/localtime is in that time zone"),
	OPT("help", NULL, help, "print this"),
	OPT("version", NULL, version, "print the version"),
#undef OPT
};

#define N_OPTS (sizeof(table) / sizeof(*table))

static void print_help(void)
{
	puts("usage: paravane-install [option]...\n"
	     "Install Paravane on a disk, as an answer file says.\n");
	for (size_t i = 0; i < N_OPTS; i++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", table[i].name,
			 table[i].arg ? " " : "",
			 table[i].arg ? table[i].arg : "");
		printf("  %-16s %s\n", left, table[i].help);
	}
	puts("\nExit codes: 0 done, 1 failed, 2 bad usage or answers, 3 refused"
	     " (no disk that\nmay be used), 4 no answers found (nothing was"
	     " touched).\nThe commands that were run are in " LOG_FILE ".");
}

static int parse_options(int argc, char **argv, struct options *o)
{
	struct option longs[N_OPTS + 1] = { 0 };
	int at;
	int c;

	for (size_t i = 0; i < N_OPTS; i++) {
		longs[i].name = table[i].name;
		longs[i].has_arg = table[i].arg ? required_argument
						: no_argument;
	}
	while ((c = getopt_long(argc, argv, "", longs, &at)) != -1) {
		void *field;

		if (c == '?')
			return -EINVAL;
		field = (char *)o + table[at].offset;
		if (table[at].arg)
			*(const char **)field = optarg;
		else
			*(bool *)field = true;
	}
	if (optind < argc) {
		fprintf(stderr, "paravane-install: unexpected '%s'\n",
			argv[optind]);
		return -EINVAL;
	}
	if (o->id &&
	    (strlen(o->id) != 8 || strspn(o->id, "0123456789abcdef") != 8)) {
		fprintf(stderr,
			"paravane-install: bad id '%s', expected 8 lower case "
			"hex digits\n",
			o->id);
		return -EINVAL;
	}
	if (!o->image != !o->iso || (o->grow && !o->id)) {
		fputs("paravane-install: --image and --iso go together, and "
		      "--grow with --id\n",
		      stderr);
		return -EINVAL;
	}
	if (o->facts && !o->dry_run && !o->list_disks && !o->facts_dump) {
		fputs("paravane-install: --facts is only to look, expected "
		      "--dry-run, --list-disks or --facts-dump with it\n",
		      stderr);
		return -EINVAL;
	}
	return 0;
}

/* Tell of what is wrong, where the person looks. */
static void tell(const char *begin, const char *what)
{
	fflush(stdout);
	if (ui_began())
		ui_refuse("%s", what);
	else
		fprintf(stderr, "%s%s\n", begin, what);
	pvn_log("%s", what);
}

static int fail(int exit_code, const struct pvn_err *err)
{
	tell("paravane-install: ", err->msg);
	return exit_code;
}

static int get_facts(const struct options *o, struct facts *facts,
		     struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc;

	if (o->image)
		return image_facts(facts, o->image, o->iso, err);
	if (!o->facts) {
		rc = facts_read(facts, "", o->slot, err);
		if (!rc) {
			bootargs_read(facts, o->slot);
			facts_probe(facts);
		}
		return rc;
	}
	rc = file_read(o->facts, &text, err);
	return rc ? rc : facts_parse(facts, text, o->facts, err);
}

/* Returns an exit code. */
static int get_answers(const struct options *o, struct answers *answers)
{
	auto_strlist struct strlist errors = { 0 };
	autofree char *text = NULL;
	autofree char *name = NULL;
	struct pvn_err err = { 0 };
	int rc = source_find(o->answers, &text, &name, &err);

	if (rc)
		return fail(rc == -ENOENT ? EXIT_NO_ANSWERS : PVN_EXIT_FAILED,
			    &err);
	if (!o->dry_run && !o->check && !ui_began())
		printf("the answers are from '%s'\n", name);
	if (!answers_parse(answers, text, name, &errors))
		return PVN_EXIT_OK;
	for (size_t i = 0; i < errors.n; i++)
		tell("", errors.v[i]);
	return PVN_EXIT_USAGE;
}

static void on_step(void *arg, size_t i, size_t n, const struct pvn_step *step)
{
	(void)arg;
	if (ui_began()) {
		ui_progress(i, n, step->what);
		return;
	}
	printf("[%zu/%zu] %s: %s\n", i + 1, n, step->name, step->what);
	fflush(stdout);
}

static void on_undo(void *arg, const struct pvn_step *step,
		    const struct pvn_err *err)
{
	autofree char *what =
		err ? xasprintf("undo %s failed: %s", step->name, err->msg)
		    : xasprintf("undo %s", step->name);

	(void)arg;
	if (ui_began())
		ui_busy("%s", what);
	else
		fprintf(stderr, "%s\n", what);
}

static int run_steps(const struct pvn_plan *steps, void *ctx,
		     struct pvn_err *err)
{
	const struct pvn_plan_ui ui = { .step = on_step, .undone = on_undo };

	/* a step that is cut off can't be undone by anyone */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	fflush(stdout);
	return plan_run(steps, ctx, &ui, err);
}

static bool disks_are_there(void *ctx)
{
	for (const struct install *in = ctx; in && !in->iso; in = in->second) {
		if (!device_is_there(in->disk->name))
			return false;
	}
	return true;
}

/* What a program says of a disk that was pulled out is seldom that. */
static void tell_lost_disks(const struct install *in, struct pvn_err *err)
{
	for (; in && !in->iso; in = in->second) {
		if (device_is_lost(in->disk))
			pvn_err_wrap(err, "'%s' is no longer there",
				     in->disk->path);
	}
}

/* Returns an exit code. */
static int carry_out(struct install *in, struct pvn_err *err)
{
	struct timespec begin, end;
	int rc;

	/* who was asked has confirmed it */
	if (!ui_began())
		install_print(in, stdout);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pvn_run_while(disks_are_there, in, LOST_SECONDS);
	rc = run_steps(&in->steps, in, err);
	pvn_run_while(NULL, NULL, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (rc)
		tell_lost_disks(in, err);
	if (rc && in->keep != KEEP_NOTHING)
		tell("", "the pool and the guests are as they were");
	if (rc)
		return fail(rc == PVN_REFUSED ? PVN_EXIT_REFUSED
					      : PVN_EXIT_FAILED,
			    err);
	if (ui_began()) {
		dialog_done(ASKED, in->fingerprint, in->answers->address);
		return PVN_EXIT_OK;
	}
	printf("installed Paravane as '%s' on %s%s%s in %.1f s\n", in->id,
	       in->disk->path, in->second ? " and " : "",
	       in->second ? in->second->disk->path : "",
	       (double)(end.tv_sec - begin.tv_sec) +
		       (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	if (in->fingerprint)
		printf("its ssh host key is %s\n", in->fingerprint);
	return PVN_EXIT_OK;
}

/* An installation is none the worse for a server that can't be told of it. */
static void tell_result(const struct install *in, const struct answers *a,
			const struct pvn_err *failure)
{
	struct pvn_err err = { 0 };

	if (!a->webhook || !hook_result(in, a, failure, &err))
		return;
	printf("warning: nobody was told of this: %s\n", err.msg);
	pvn_log("%s", err.msg);
}

/* Returns an exit code. */
static int plan_and_carry_out(const struct options *o, struct install *in,
			      const struct facts *facts,
			      const struct answers *answers, const char *id)
{
	struct pvn_err err = { 0 };
	int rc = install_plan(in, facts, answers, id, o->slot, &err);

	if (rc) {
		rc = fail(PVN_EXIT_REFUSED, &err);
		if (!ui_began()) {
			facts_print_table(facts, stderr);
			disks_print_mismatches(facts, answers, stderr);
		}
	} else if (!o->dry_run) {
		rc = carry_out(in, &err);
	} else if (o->json) {
		plan_print_json(&in->steps, stdout);
	} else {
		install_print(in, stdout);
	}
	if (o->dry_run)
		return rc;
	tell_result(in, answers, rc ? &err : NULL);
	if (!rc && !ui_began())
		printf("finish: %s\n", answers->finish);
	return rc;
}

static int install(const struct options *o, const struct facts *facts)
{
	struct answers answers = { 0 };
	struct install in = { .disk_fd = -1, .source_fd = -1, .slot_fd = -1 };
	struct pvn_err err = { 0 };
	char id[9];
	uint32_t number;
	int rc = get_answers(o, &answers);

	if (!rc && getrandom(&number, sizeof(number), 0) != sizeof(number)) {
		pvn_err_errno(&err, errno, "no random numbers");
		rc = fail(PVN_EXIT_FAILED, &err);
	}
	if (!rc) {
		snprintf(id, sizeof(id), "%08x", number);
		rc = plan_and_carry_out(o, &in, facts, &answers,
					o->id ? o->id : id);
	}
	install_free(&in);
	answers_free(&answers);
	return rc;
}

/* Returns an exit code. */
static int repair_found(const struct options *o, struct repair *r)
{
	struct pvn_err err = { 0 };

	r->without_copy = o->without_copy;
	repair_plan(r);
	if (o->dry_run && o->json)
		plan_print_json(&r->steps, stdout);
	else if (o->dry_run)
		plan_print(&r->steps, stdout);
	else if (run_steps(&r->steps, r, &err))
		return fail(PVN_EXIT_FAILED, &err);
	for (const struct repair *on = r; on; on = on->second) {
		if (on->loader.code)
			return fail(PVN_EXIT_FAILED, &on->loader);
	}
	if (!o->json && (o->dry_run ? !r->steps.n : !r->changed))
		printf("nothing to mend: what '%s'%s%s%s %s from is whole\n",
		       r->disk.path, r->second ? " and '" : "",
		       r->second ? r->second->disk.path : "",
		       r->second ? "'" : "", r->second ? "start" : "starts");
	return PVN_EXIT_OK;
}

static int repair(const struct options *o)
{
	struct repair r;
	struct pvn_err err = { 0 };
	int rc = repair_look(&r, o->id, o->slot, o->broken, &err);

	rc = rc ? fail(PVN_EXIT_FAILED, &err) : repair_found(o, &r);
	repair_free(&r);
	return rc;
}

/* Returns an exit code. */
static int grow(const struct options *o)
{
	struct grow g;
	struct pvn_err err = { 0 };
	int rc = grow_look(&g, o->grow, o->id, &err);

	if (!rc)
		grow_plan(&g);
	if (!rc && o->dry_run && o->json)
		plan_print_json(&g.steps, stdout);
	else if (!rc && o->dry_run)
		plan_print(&g.steps, stdout);
	else if (!rc)
		rc = run_steps(&g.steps, &g, &err);
	if (rc)
		rc = fail(rc == PVN_REFUSED ? PVN_EXIT_REFUSED
					    : PVN_EXIT_FAILED,
			  &err);
	grow_free(&g);
	return rc;
}

/* Returns an exit code. */
static int replace(const struct options *o)
{
	const struct replace_request request = { .new_disk = o->replace,
						 .old_disk = o->old,
						 .slot_dir = o->slot,
						 .force = o->force };
	struct replace p;
	struct pvn_err err = { 0 };
	int rc = replace_plan(&p, &request, &err);

	if (rc)
		rc = fail(rc == PVN_REFUSED ? PVN_EXIT_REFUSED
					    : PVN_EXIT_FAILED,
			  &err);
	else if (o->dry_run && o->json)
		plan_print_json(&p.steps, stdout);
	else if (o->dry_run)
		plan_print(&p.steps, stdout);
	else if (run_steps(&p.steps, &p, &err))
		rc = fail(PVN_EXIT_FAILED, &err);
	else if (p.old && (p.swap || p.done))
		printf("it has all that the host has; nothing starts from '%s' any more\n",
		       p.old->disk.path);
	else
		puts("it is being rebuilt while the host works: 'host disk' shows how far, and until then the host can't do without the other disk");
	replace_free(&p);
	return rc;
}

static int with_facts(const struct options *o)
{
	struct facts facts = { 0 };
	struct pvn_err err = { 0 };
	int rc = PVN_EXIT_OK;

	if (get_facts(o, &facts, &err))
		rc = fail(PVN_EXIT_FAILED, &err);
	else if (o->facts_dump)
		facts_print(&facts, stdout);
	else if (o->list_disks && o->json)
		hardware_print_disks(&facts, stdout);
	else if (o->list_disks)
		facts_print_table(&facts, stdout);
	else
		rc = install(o, &facts);
	facts_free(&facts);
	return rc;
}

/* Returns an exit code. */
static int print_zone_file(const char *name)
{
	const char *rule = zone_rule(name);
	uint8_t file[ZONE_FILE_MAX];
	size_t len;
	struct pvn_err err;

	if (!rule) {
		pvn_err(&err, -ENOENT, "there is no time zone '%s'", name);
		return fail(PVN_EXIT_USAGE, &err);
	}
	len = zone_file(rule, file);
	fwrite(file, 1, len, stdout);
	return PVN_EXIT_OK;
}

/* Returns an exit code. */
static int check(const struct options *o)
{
	struct answers answers = { 0 };
	int rc = get_answers(o, &answers);

	if (!rc)
		puts("the answers are complete and right");
	answers_free(&answers);
	return rc;
}

/* Returns an exit code. */
static int ask(struct options *o)
{
	int rc = EXIT_NO_ANSWERS;

	if (dialog_run(ASKED, o->slot, o->plain) == DIALOG_INSTALL) {
		o->answers = ASKED;
		if (o->dry_run)
			ui_end();
		rc = with_facts(o);
	}
	ui_end();
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = { .slot = "/slot" };
	autofclose FILE *log = NULL;
	int rc = PVN_EXIT_OK;

	if (parse_options(argc, argv, &o))
		return PVN_EXIT_USAGE;
	if (o.help) {
		print_help();
	} else if (o.version) {
		puts("paravane-install " PVN_VERSION);
	} else if (o.example) {
		answers_print_keys(stdout);
	} else if (o.man) {
		answers_print_man(stdout);
	} else if (o.zones) {
		for (size_t i = 0; zone_name(i); i++)
			puts(zone_name(i));
	} else if (o.zone_file) {
		rc = print_zone_file(o.zone_file);
	} else {
		if (!o.dry_run && !o.list_disks && !o.facts_dump && !o.check)
			log = fopen(LOG_FILE, "ae");
		pvn_log_to(log);
		rc = o.repair	 ? repair(&o)
		     : o.grow	 ? grow(&o)
		     : o.replace ? replace(&o)
		     : o.ask	 ? ask(&o)
		     : o.check	 ? check(&o)
				 : with_facts(&o);
		pvn_log_to(NULL);
	}
	if (fflush(stdout) || ferror(stdout)) {
		fputs("paravane-install: cannot write the output\n", stderr);
		rc = rc ? rc : PVN_EXIT_FAILED;
	}
	return rc;
}
