/* SPDX-License-Identifier: GPL-2.0-or-later */
/* complete.c: completion of commands. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include "../lib/mem.h"
#include "cmd.h"
#include "complete.h"
#include "create.h"
#include "guests.h"
#include "snapshot.h"
#include "template.h"

/* What has been found; each is kept if it begins with 'begin'. */
struct found {
	const char *begin;
	struct strlist list;
};

static void offer(struct found *found, const char *text, size_t len)
{
	autofree char *word = xasprintf("%.*s", (int)len, text);

	if (strncmp(word, found->begin, strlen(found->begin)))
		return;
	for (size_t i = 0; i < found->list.n; i++) {
		if (!strcmp(found->list.v[i], word))
			return;
	}
	strlist_add(&found->list, word);
}

static void offer_all(struct found *found, const struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		offer(found, list->v[i], strlen(list->v[i]));
}

static void offer_templates(struct found *found)
{
	auto_templates struct template_list list = { 0 };
	struct pvn_err ignored;

	if (templates_read_host(&list, &ignored))
		return;
	for (size_t i = 0; i < list.n; i++)
		offer(found, list.v[i].name, strlen(list.v[i].name));
}

static void offer_disks(struct found *found, const char *guest)
{
	autofree char *path = guestconf_path(guest);
	auto_guestconf struct guestconf conf = { 0 };
	struct pvn_err ignored;

	if (guest_name_check(guest, &ignored) ||
	    guestconf_read(path, &conf, &ignored))
		return;
	for (size_t i = 0; i < conf.n_disks; i++)
		offer(found, conf.disks[i].vdev, strlen(conf.disks[i].vdev));
}

static void offer_snapshots(struct found *found, const char *guest)
{
	autofree char *folder = snapshot_folder(guest);
	struct dirent **entries = NULL;
	struct pvn_err ignored;
	int n = guest_name_check(guest, &ignored)
			? 0
			: scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);

		if (len > 4 && !strcmp(name + len - 4, ".cfg"))
			offer(found, name, len - 4);
		free(entries[i]);
	}
	free(entries);
}

/* What argument @i of the synopsis stands for. */
static void offer_argument(struct found *found, const struct cmd *cmd,
			   char **args, int i)
{
	auto_strlist struct strlist guests = { 0 };
	const char *word = cmd->synopsis;

	for (int skip = i; skip && *word; skip--) {
		word += strcspn(word, " ");
		word += strspn(word, " ");
	}
	word += *word == '[';
	if (!strncmp(word, "DISK", 4) && i) {
		offer_disks(found, args[0]);
	} else if (!strncmp(word, "SNAPSHOT", 8) && i) {
		offer_snapshots(found, args[0]);
	} else if (!strncmp(word, "NAME", 4) &&
		   !strcmp(cmd->program, "template")) {
		offer_templates(found);
	} else if (!strncmp(word, "NAME", 4) || !strncmp(word, "GUEST", 5)) {
		guests_conf_names(&guests);
		offer_all(found, &guests);
	}
}

/* "ssh|ip|off", or what else an option's placeholder says. */
static void offer_value(struct found *found, const struct opt *opt)
{
	if (!strcmp(opt->name, "template")) {
		offer_templates(found);
	} else if (strchr(opt->arg, '|')) {
		for (const char *p = opt->arg; *p;) {
			size_t len = strcspn(p, "|");

			offer(found, p, len);
			p += len + (p[len] == '|');
		}
	}
}

static const struct opt *option_with_value(const struct cmd *cmd,
					   const char *word)
{
	for (size_t i = 0; i < cmd->n_opts && !strncmp(word, "--", 2); i++) {
		if (cmd->opts[i].arg && !strcmp(cmd->opts[i].name, word + 2))
			return &cmd->opts[i];
	}
	return NULL;
}

static void offer_options(struct found *found, const struct cmd *cmd)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		autofree char *word = xasprintf("--%s", cmd->opts[i].name);

		if (!opt_is_hidden(&cmd->opts[i]))
			offer(found, word, strlen(word));
	}
	offer(found, "--help", 6);
}

/* The word behind a command's own: an option, its value, or an argument. */
static void after_command(struct found *found, const struct cmd *cmd, int n,
			  char **words)
{
	char *args[CMD_MAX_ARGS + 1] = { NULL };
	int n_args = 0;

	for (int i = 0; i < n - 1; i++) {
		const struct opt *opt = option_with_value(cmd, words[i]);

		if (opt && i == n - 2) {
			offer_value(found, opt);
			return;
		}
		if (opt)
			i++;
		else if (words[i][0] != '-' && n_args < CMD_MAX_ARGS)
			args[n_args++] = words[i];
	}
	if (words[n - 1][0] == '-')
		offer_options(found, cmd);
	else
		offer_argument(found, cmd, args, n_args);
}

static void offer_commands(struct found *found, const char *program, int n,
			   char **words)
{
	for (const struct cmd *const *c = commands; *c; c++) {
		const char *name = (*c)->name;
		size_t len = strcspn(name, " ");

		if (strcmp((*c)->program, program))
			continue;
		if (n == 1)
			offer(found, name, len);
		else if (name[len] && strlen(words[0]) == len &&
			 !strncmp(words[0], name, len))
			offer(found, name + len + 1, strlen(name + len + 1));
	}
}

int complete(int n, char **words, FILE *f)
{
	struct found found = { .begin = n ? words[n - 1] : "" };
	const struct cmd *cmd;
	int used = 0;

	if (n <= 1) {
		for (const struct cmd_program *p = cmd_programs; p->name; p++)
			offer(&found, p->name, strlen(p->name));
	} else {
		cmd = n > 2 ? cmd_find(words[0], n - 2, words + 1, &used)
			    : NULL;
		if (cmd)
			after_command(&found, cmd, n - 1 - used,
				      words + 1 + used);
		else if (n <= 3)
			offer_commands(&found, words[0], n - 1, words + 1);
	}
	for (size_t i = 0; i < found.list.n; i++)
		fprintf(f, "%s\n", found.list.v[i]);
	strlist_free(&found.list);
	return PVN_EXIT_OK;
}

#define WORD_CHARS                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789_-"

int completion_script(const char *name, const char *destination, FILE *f,
		      struct pvn_err *err)
{
	autofree char *root = xasprintf("root@%s", name);
	const char *to = destination ? destination : root;

	if (!*name || name[0] == '-' ||
	    strspn(name, WORD_CHARS) != strlen(name))
		return pvn_err(err, -EINVAL,
			       "'%.40s' can't be the name of a command", name);
	if (*to == '-' || strspn(to, WORD_CHARS "@.:[]/") != strlen(to))
		return pvn_err(err, -EINVAL, "'%.40s' is no destination of ssh",
			       to);
	fprintf(f,
		"# bash or zsh: '%s guest list' runs 'guest list' on %s, and <Tab> asks it.\n"
		"%s() {\n"
		"	local tty=; [ ! -t 0 ] || [ ! -t 1 ] || tty=-t\n"
		"	ssh ${tty:+\"$tty\"} '%s' \"$(printf '%%q ' \"$@\")\"\n"
		"}\n"
		"_paravane_%s() {\n"
		"	local IFS='\n'\n"
		"	COMPREPLY=($(ssh -o BatchMode=yes '%s' \\\n"
		"		\"$(printf '%%q ' paravane complete \"${COMP_WORDS[@]:1:COMP_CWORD}\")\" </dev/null 2>/dev/null))\n"
		"}\n"
		"[ -z \"${ZSH_VERSION-}\" ] || { autoload -U +X compinit bashcompinit; compinit; bashcompinit; }\n"
		"complete -F _paravane_%s '%s'\n",
		name, to, name, to, name, to, name, name);
	return 0;
}
