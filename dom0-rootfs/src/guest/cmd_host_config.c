/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_config.c: 'host config export' and 'host config import': the host's configuration as
 * an answer file, from which a fresh host can be installed. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "../lib/backup.h"
#include "../lib/file.h"
#include "../lib/grubenv.h"
#include "../lib/ini_lines.h"
#include "../lib/kv.h"
#include "../lib/lines.h"
#include "../lib/run.h"
#include "../lib/shadow.h"
#include "cmd.h"
#include "host.h"
#include "progress.h"
#include "slots.h"

#define STATE "/state"
#define ARCHIVE PATH_RUN "/config.tgz"
#define ANSWERS PATH_RUN "/config.ini"
#define SECRET_KEY STATE "/backup.key"
#define PUBLIC_KEY STATE "/backup.pub"
/* Where an import unpacks it, and leaves the guests' files. */
#define RESTORED STATE "/restored"
#define AUTHORIZED_KEYS "/etc/dropbear/authorized_keys"

/* What of an answer file stands in a file of the host under the same name. */
static const struct setting {
	const char *section;
	const char *key;
	const char *file;
	const char *only; /* the key there that must be 'static', or NULL */
} settings[] = {
#define NETWORK "/etc/paravane/network"
#define TIME "/etc/paravane/time"
	{ "host", "timezone", TIME, NULL },
	{ "host", "ntp", TIME, NULL },
	{ "network", "method", NETWORK, NULL },
	{ "network", "address", NETWORK, "method" },
	{ "network", "gateway", NETWORK, "method" },
	{ "network", "method6", NETWORK, NULL },
	{ "network", "address6", NETWORK, "method6" },
	{ "network", "gateway6", NETWORK, "method6" },
	{ "network", "dns", NETWORK, NULL },
	{ "network", "nic", NETWORK, NULL },
	{ "network", "bond", NETWORK, NULL },
	{ "network", "vlan", NETWORK, NULL },
};

#define N_SETTINGS (sizeof(settings) / sizeof(*settings))

static bool has_content(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_size > 0;
}

/* Made with the first export, so that all of a host are by the same. */
static int make_key(struct pvn_err *err)
{
	int rc;

	/* one that a power cut has left empty is none */
	if (has_content(PUBLIC_KEY) && has_content(SECRET_KEY))
		return 0;
	rc = PVN_RUN(err, "minisign", "-G", "-f", "-W", "-s", SECRET_KEY, "-p",
		     PUBLIC_KEY);
	sync();
	return rc;
}

static void put_if(FILE *f, const char *key, const char *value)
{
	if (value && *value)
		fprintf(f, "%s = %s\n", key, value);
}

/* The lines that an answer file may have: those that begin with the key's type. What stands there with
 * options is in the archive. */
static int put_ssh_keys(FILE *f, struct pvn_err *err)
{
	autofree char *text = NULL;
	char *save = NULL;
	int rc = file_read(AUTHORIZED_KEYS, &text, err);
	size_t n = 0;

	if (rc)
		return rc;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "ssh-", 4) && strncmp(line, "ecdsa-", 6) &&
		    strncmp(line, "sk-", 3))
			continue;
		fprintf(f, "key = %s\n", line);
		n++;
	}
	return n ? 0
		 : pvn_err(err, -ENOENT,
			   "'" AUTHORIZED_KEYS
			   "' has no plain key, which an answer file needs");
}

static void put_boot(FILE *f)
{
	auto_kv struct kv_list boot = { 0 };
	struct pvn_err ignored;

	if (grubenv_read(PATH_BOOT_NOTES, &boot, &ignored))
		return;
	put_if(f, "xen-args", kv_get(&boot, "xen_args"));
	put_if(f, "kernel-args", kv_get(&boot, "kernel_args"));
}

/* A setting whose value is a list of words has a line for each, where the key may be repeated. */
static void put_setting(FILE *f, const struct setting *setting,
			const struct kv_list *file)
{
	const char *value = kv_get(file, setting->key);
	const char *only = setting->only ? kv_get(file, setting->only) : NULL;
	autofree char *words = xstrdup(value ? value : "");
	char *save = NULL;

	if (setting->only && (!only || strcmp(only, "static") != 0))
		return;
	if (strcmp(setting->key, "nic") != 0) {
		put_if(f, setting->key, value);
		return;
	}
	for (char *word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		put_if(f, setting->key, word);
}

/* The settings of @section that stand in @path. */
static int put_settings(FILE *f, const char *section, const char *path,
			struct pvn_err *err)
{
	auto_kv struct kv_list file = { 0 };
	int rc = file_exists(path) ? kv_read(&file, path, err) : 0;

	for (size_t i = 0; !rc && i < N_SETTINGS; i++) {
		if (!strcmp(settings[i].section, section))
			put_setting(f, &settings[i], &file);
	}
	return rc;
}

static int put_answers(FILE *f, struct pvn_err *err)
{
	autofree char *name = file_read_line("/etc/hostname");
	int rc;

	fprintf(f, "[host]\nhostname = %s\n", name ? name : "xen");
	rc = put_settings(f, "host", TIME, err);
	if (!rc) {
		fprintf(f, "[network]\n");
		rc = put_settings(f, "network", NETWORK, err);
	}
	if (!rc) {
		fprintf(f, "[ssh]\n");
		rc = put_ssh_keys(f, err);
	}
	if (rc)
		return rc;
	fprintf(f, "[disk]\n# any, if there is only one; see docs/answers.md\n"
		   "size-min = 4G\n[console]\n");
	put_boot(f);
	return 0;
}

static void put_head(FILE *f)
{
	autofree char *name = file_read_line("/etc/hostname");
	autofree char *version = file_read_line(PATH_VERSION);
	const time_t now = time(NULL);
	struct tm tm;
	char when[32] = "";

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%F %R UTC", &tm);
	fprintf(f,
		"# The configuration of host '%s', Paravane %s, %s: an answer file, from\n"
		"# which a host is installed that is the same but for its guests' disks. It has the\n"
		"# host's private key in it: keep it where nobody reads it.\n",
		name ? name : "?", version ? version : "?", when);
}

static int put_all(FILE *f, const struct backup *backup, struct pvn_err *err)
{
	int rc;

	put_head(f);
	rc = put_answers(f, err);
	if (!rc)
		fprintf(f,
			"[restore]\nfiles = %s\nsignature = %s\nsigner = %s\n",
			backup->files, backup->signature, backup->signer);
	return rc;
}

/* Returns the text of the whole file; caller frees. */
static int make_text(char **text_r, struct pvn_err *err)
{
	struct backup backup = { 0 };
	size_t len;
	FILE *f;
	int rc = make_key(err);

	if (!rc)
		rc = mkdir_p(PATH_RUN, 0755, err);
	if (!rc)
		rc = PVN_RUN(err, "tar", "-czf", ARCHIVE, "-C", STATE, "etc",
			     "guests");
	if (!rc)
		rc = backup_sign(&backup, ARCHIVE, SECRET_KEY, PUBLIC_KEY, err);
	unlink(ARCHIVE);
	if (!rc) {
		f = open_memstream(text_r, &len);
		if (!f)
			abort();
		rc = put_all(f, &backup, err);
		fclose(f);
	}
	if (!rc)
		fprintf(stderr, "signed by the key %s\n", backup.signer);
	backup_free(&backup);
	return rc;
}

static int run_export(void *ctx, char **args)
{
	autofree char *text = NULL;
	struct pvn_err err = { 0 };
	int rc;

	(void)ctx;
	umask(077);
	if (!strcmp(args[0], "-") && isatty(STDOUT_FILENO))
		rc = pvn_err(&err, -EINVAL,
			     "standard output is a terminal: send it into a "
			     "file or a pipe");
	else if (!file_exists(PATH_HOST))
		rc = pvn_err(&err, -ENOENT, "this host is not installed");
	else
		rc = host_lock("host config export", &err);
	if (!rc)
		rc = make_text(&text, &err);
	if (!rc && strcmp(args[0], "-"))
		rc = file_write(args[0], text, 0600, &err);
	else if (!rc && (fputs(text, stdout) < 0 || fflush(stdout)))
		rc = pvn_err_errno(&err, errno, "cannot write the output");
	return rc ? cmd_error(&cmd_host_config_export, PVN_EXIT_FAILED, &err)
		  : PVN_EXIT_OK;
}

struct opts {
	struct change_opts change;
};

static const struct opt opts[] = {
	CHANGE_OPTS,
};

struct import {
	struct change change;
	const char *file;
	char *text; /* of that */
	struct kv_list given; /* what it says, as "SECTION.KEY" */
	struct strlist keys; /* who may log in */
};

static void on_item(void *arg, const struct ini_item *item)
{
	struct import *im = arg;
	autofree char *key = xasprintf("%s.%s", item->section, item->key);
	const char *before = kv_get(&im->given, key);
	autofree char *value = NULL;

	if (!strcmp(key, "ssh.key")) {
		strlist_add(&im->keys, item->value);
		return;
	}
	/* what may be repeated is a list of words in the host's file */
	value = xasprintf("%s%s%s", before ? before : "", before ? " " : "",
			  item->value);
	kv_set(&im->given, key, value);
}

/* What the file says, as the installer reads it; what is wrong in it is the installer's to say. */
static void read_given(struct import *im)
{
	auto_strlist struct strlist ignored = { 0 };

	ini_lines(im->text, im->file, on_item, im, &ignored);
}

static int read_file(const char *file, char **text_r, struct pvn_err *err)
{
	if (strcmp(file, "-") != 0)
		return file_read(file, text_r, err);
	return isatty(STDIN_FILENO)
		       ? pvn_err(err, -EINVAL,
				 "standard input is a terminal: send the file "
				 "from a pipe")
		       : file_read("/dev/stdin", text_r, err);
}

static int step_unpack(void *ctx, struct pvn_err *err)
{
	int rc = PVN_RUN(err, "rm", "-rf", RESTORED);

	(void)ctx;
	if (!rc)
		rc = mkdir_p(RESTORED, 0700, err);
	if (!rc)
		rc = PVN_RUN(err, "tar", "-xzf", ARCHIVE, "-C", RESTORED);
	unlink(ARCHIVE);
	/* it says which installation this is, and its pool */
	unlink(RESTORED PATH_HOST);
	return rc;
}

static int undo_unpack(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return PVN_RUN(err, "rm", "-rf", RESTORED);
}

static struct pvn_err *copy_err; /* nftw() hands nothing on */

/* Each file whole or not at all: beside its place first. What is none (a mark that somebody removed
 * a file of the release's) stays away. */
static int copy_one(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	const char *to = path + strlen(RESTORED);
	autofree char *new = xasprintf("%s.new", to);
	int rc = 0;

	(void)ftw;
	if (type == FTW_D)
		return mkdir_p(to, st->st_mode & 07777, copy_err);
	if (type == FTW_F && !S_ISREG(st->st_mode))
		return 0;
	rc = PVN_RUN(copy_err, "cp", "-a", path, new);
	if (!rc && rename(new, to))
		rc = pvn_err_errno(copy_err, errno, "cannot write '%s'", to);
	return rc;
}

static int step_copy(void *ctx, struct pvn_err *err)
{
	int rc;

	(void)ctx;
	copy_err = err;
	rc = nftw(RESTORED "/etc", copy_one, 16, FTW_PHYS);
	sync();
	return rc < 0 && !err->code
		       ? pvn_err_errno(err, errno, "cannot read '%s'",
				       RESTORED "/etc")
		       : rc;
}

/* Set in the host's file @path what is given, and only that. */
static int take_settings(const struct import *im, const char *path,
			 struct pvn_err *err)
{
	auto_kv struct kv_list file = { 0 };
	int rc = file_exists(path) ? kv_read(&file, path, err) : 0;

	for (size_t i = 0; i < N_SETTINGS; i++) {
		const struct setting *setting = &settings[i];
		autofree char *key =
			xasprintf("%s.%s", setting->section, setting->key);
		const char *value = kv_get(&im->given, key);

		if (strcmp(setting->file, path) != 0)
			continue;
		if (value)
			kv_set(&file, setting->key, value);
		else
			kv_remove(&file, setting->key);
	}
	return rc ? rc : kv_write(&file, path, 0644, err);
}

/* What stands in the file above [restore], which somebody may have edited. */
static int step_answers(void *ctx, struct pvn_err *err)
{
	const struct import *im = ctx;
	const char *hash = kv_get(&im->given, "console.password-hash");
	autofree char *name =
		xasprintf("%s\n", kv_get(&im->given, "host.hostname"));
	autofree char *known = NULL;
	int rc = file_write("/etc/hostname", name, 0644, err);

	if (!rc)
		rc = take_settings(im, TIME, err);
	if (!rc)
		rc = take_settings(im, NETWORK, err);
	if (!rc && hash)
		rc = shadow_set(SHADOW, SHADOW, hash, err);
	if (!rc)
		rc = file_read(AUTHORIZED_KEYS, &known, err);
	for (size_t i = 0; !rc && i < im->keys.n; i++)
		lines_add(&known, im->keys.v[i]);
	if (!rc)
		rc = file_write(AUTHORIZED_KEYS, known, 0600, err);
	return rc ? rc : PVN_RUN(err, "rm", "-rf", RESTORED "/etc");
}

/* What was edited may be wrong: the installer knows. */
static int check_answers(const char *text, struct pvn_err *err)
{
	int rc = file_write(ANSWERS, text, 0600, err);

	if (!rc)
		rc = PVN_RUN(err, "paravane-install", "--check", "--answers",
			     ANSWERS);
	unlink(ANSWERS);
	return rc;
}

static char *given(const struct import *im, const char *key)
{
	const char *value = kv_get(&im->given, key);

	return value ? xstrdup(value) : NULL;
}

/* The archive, if the file is one of ours and the installer would take it. */
static int take_archive(const struct import *im, struct pvn_err *err)
{
	struct backup backup = {
		.files = given(im, "restore.files"),
		.signature = given(im, "restore.signature"),
		.signer = given(im, "restore.signer"),
	};
	int rc;

	if (!kv_get(&im->given, "host.hostname") || !backup.files ||
	    !backup.signature || !backup.signer)
		rc = pvn_err(err, -EINVAL,
			     "'%s' is none that 'host config export' wrote",
			     im->file);
	else
		rc = check_answers(im->text, err);
	if (!rc)
		rc = backup_take(&backup, ARCHIVE, err);
	if (!rc)
		fprintf(stderr, "signed by the key %s\n", backup.signer);
	backup_free(&backup);
	return rc;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct import *im = ctx;
	int rc = read_file(im->file, &im->text, err);

	if (!rc && !file_exists(PATH_HOST))
		rc = pvn_err(
			err, PVN_REFUSED,
			"this host has no state partition, so nothing would be kept: see 'host health'");
	if (rc)
		return rc;
	read_given(im);
	rc = take_archive(im, err);
	if (rc)
		return rc;
	plan_add(plan, "unpack", step_unpack, undo_unpack,
		 "unpack the configuration of host '%s' into '" RESTORED
		 "', in place of what an earlier import left there",
		 kv_get(&im->given, "host.hostname"));
	plan_add(
		plan, "copy", step_copy, NULL,
		"put what is of /etc in its place, but for this installation's own '" PATH_HOST
		"'");
	plan_add(
		plan, "answers", step_answers, NULL,
		"set the name, time, network, password and keys that the file begins with");
	return 0;
}

static void report(const void *ctx)
{
	const struct import *im = ctx;

	printf("the configuration of host '%s' is there; its name, network and own key are used from the next "
	       "start on, its keys and password now. Its guests' files are in '" RESTORED
	       "/guests'\n",
	       kv_get(&im->given, "host.hostname"));
}

static int run_import(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct import im = {
		.change = { .cmd = &cmd_host_config_import,
			    .o = &o->change,
			    .ctx = &im,
			    .plan = make_plan,
			    .report = report },
		.file = args[0],
	};
	int exit_code;

	umask(077);
	exit_code = change_run(&im.change);
	unlink(ARCHIVE);
	kv_free(&im.given);
	strlist_free(&im.keys);
	free(im.text);
	return exit_code;
}

const struct cmd cmd_host_config_export = {
	.program = "host",
	.group = "configuration",
	.name = "config export",
	.synopsis = "FILE|-",
	.n_args = 1,
	.help = "write the host's configuration, for a fresh one to be installed from",
	.example = "ssh root@xen1 host config export - >xen1.ini\n",
	.details =
		"The file is an answer file (see the installer's): a host that is installed from it has the same\n"
		"name, network, keys (its own, too), console password and port forwards. The guests' files are in\n"
		"it, their disks are not: 'guest export' writes those. It is signed by a key that the host keeps\n"
		"for that, and has the host's private key in it: keep it where nobody reads it.\n",
	.ctx_size = sizeof(struct opts),
	.run = run_export,
};

const struct cmd cmd_host_config_import = {
	.program = "host",
	.group = "configuration",
	.name = "config import",
	.synopsis = "FILE|-",
	.n_args = 1,
	.help = "take over the configuration that 'host config export' wrote",
	.example = "ssh root@xen2 host config import - <xen1.ini\n",
	.details =
		"Of this host or of another: it has that one's keys and password at once, its name and network from\n"
		"the next start on, with what was edited in the file above [restore]. The guests' files are put into\n"
		"/state/restored/guests and used by nothing.\n"
		"--json (with --dry-run): steps[].name and .what.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run_import,
};
