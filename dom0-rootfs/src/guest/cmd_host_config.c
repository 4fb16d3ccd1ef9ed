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
#include "../lib/kv.h"
#include "../lib/lines.h"
#include "../lib/run.h"
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
#define NETWORK "/etc/paravane/network"

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
	autofree char *block = NULL;
	struct pvn_err ignored;

	if (file_read(PATH_BOOT_NOTES, &block, &ignored) ||
	    strlen(block) != GRUBENV_SIZE ||
	    grubenv_parse(block, &boot, &ignored))
		return;
	put_if(f, "xen-args", kv_get(&boot, "xen_args"));
	put_if(f, "kernel-args", kv_get(&boot, "kernel_args"));
}

static int put_answers(FILE *f, struct pvn_err *err)
{
	auto_kv struct kv_list net = { 0 };
	autofree char *name = file_read_line("/etc/hostname");
	const char *method;
	bool fixed;
	int rc = kv_read(&net, NETWORK, err);

	if (rc)
		return rc;
	fprintf(f, "[host]\nhostname = %s\n[network]\n", name ? name : "xen");
	method = kv_get(&net, "method");
	fixed = method && !strcmp(method, "static");
	put_if(f, "method", method);
	put_if(f, "address", fixed ? kv_get(&net, "address") : NULL);
	put_if(f, "gateway", fixed ? kv_get(&net, "gateway") : NULL);
	put_if(f, "dns", kv_get(&net, "dns"));
	put_if(f, "nic", kv_get(&net, "nic"));
	fprintf(f, "[ssh]\n");
	rc = put_ssh_keys(f, err);
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
	char *name; /* of the host whose it is */
};

/* The value if @line is "key = value" of that key, as the installer's answers have it: blanks mean nothing, and
 * a comment begins with a ';' after one. Caller frees; NULL: it is another line. */
static char *value_in(const char *line, size_t len, const char *key)
{
	autofree char *text = xasprintf("%.*s", (int)len, line);
	char *at = text + strspn(text, " \t");
	char *end;

	if (strncmp(at, key, strlen(key)))
		return NULL;
	at += strlen(key);
	at += strspn(at, " \t");
	if (*at++ != '=')
		return NULL;
	at += strspn(at, " \t");
	end = strstr(at, " ;");
	if (end)
		*end = '\0';
	end = at + strlen(at);
	while (end > at && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return xstrdup(at);
}

/* Of the first such line from *at on; *at is then behind it. */
static char *next_value(const char **at, const char *key)
{
	while (**at) {
		size_t len = strcspn(*at, "\n");
		char *value = value_in(*at, len, key);

		*at += len + ((*at)[len] == '\n');
		if (value)
			return value;
	}
	return NULL;
}

static char *line_value(const char *text, const char *key)
{
	return next_value(&text, key);
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

/* What stands in the file above [restore], which somebody may have edited. */
static int step_answers(void *ctx, struct pvn_err *err)
{
	static const char *const keys[] = { "method", "address", "gateway",
					    "dns",    "nic",	 NULL };
	const struct import *im = ctx;
	autofree char *name = xasprintf("%s\n", im->name);
	autofree char *known = NULL;
	auto_kv struct kv_list net = { 0 };
	const char *at = im->text;
	char *key;
	int rc = file_write("/etc/hostname", name, 0644, err);

	if (!rc)
		rc = kv_read(&net, NETWORK, err);
	for (const char *const *k = keys; *k; k++) {
		autofree char *value = line_value(im->text, *k);

		if (value)
			kv_set(&net, *k, value);
		else
			kv_remove(&net, *k);
	}
	if (!rc)
		rc = kv_write(&net, NETWORK, 0644, err);
	if (!rc)
		rc = file_read(AUTHORIZED_KEYS, &known, err);
	while (!rc && (key = next_value(&at, "key"))) {
		lines_add(&known, key);
		free(key);
	}
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

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct import *im = ctx;
	struct backup backup = { 0 };
	int rc = read_file(im->file, &im->text, err);

	if (!rc && !file_exists(PATH_HOST))
		rc = pvn_err(
			err, PVN_REFUSED,
			"this host has no state partition, so nothing would be kept: see 'host health'");
	if (rc)
		return rc;
	im->name = line_value(im->text, "hostname");
	backup.files = line_value(im->text, "files");
	backup.signature = line_value(im->text, "signature");
	backup.signer = line_value(im->text, "signer");
	if (!im->name || !backup.files || !backup.signature || !backup.signer)
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
	if (rc)
		return rc;
	plan_add(plan, "unpack", step_unpack, undo_unpack,
		 "unpack the configuration of host '%s' into '" RESTORED
		 "', in place of what an earlier import left there",
		 im->name);
	plan_add(
		plan, "copy", step_copy, NULL,
		"put what is of /etc in its place, but for this installation's own '" PATH_HOST
		"'");
	plan_add(
		plan, "answers", step_answers, NULL,
		"set the name, the network and the keys that the file begins with");
	return 0;
}

static void report(const void *ctx)
{
	const struct import *im = ctx;

	printf("the configuration of host '%s' is there; its name, network and own key are used from the next "
	       "start on, its keys and password now. Its guests' files are in '" RESTORED
	       "/guests'\n",
	       im->name);
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
	free(im.name);
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
