/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootargs.c: what was said at the boot menu, which the installed host is then started with, too.
 *
 * A machine that needed 'nomodeset' or another console to get as far as the installer needs it
 * again. The release's own arguments, which the running system shows as well, are those in its menu. */
#include <stdbool.h>
#include <string.h>

#include "facts.h"
#include "file.h"
#include "install.h"
#include "run.h"

#define ARGS_MAX 256 /* as many as an answer file may have */

/* Is @word one of those in @line? */
static bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = line; (at = strstr(at, word)); at += len) {
		bool begins = at == line || strchr(" \t\n", at[-1]);

		if (begins && (!at[len] || strchr(" \t\n", at[len])))
			return true;
	}
	return false;
}

/* The boot loader's words, and those that say what this boot alone is for. */
static bool is_of_this_boot(const char *word)
{
	static const char *const prefixes[] = {
		"paravane.",   "answers=", "answers-post=",
		"BOOT_IMAGE=", "initrd=",  "/",
		NULL
	};

	for (const char *const *p = prefixes; *p; p++) {
		if (!strncmp(word, *p, strlen(*p)))
			return true;
	}
	return false;
}

char *bootargs_extra(const char *running, const char *own)
{
	autofree char *words = xstrdup(running);
	autofree char *extra = xstrdup("");
	char *save = NULL;

	for (char *word = strtok_r(words, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save)) {
		char *longer;

		if (is_of_this_boot(word) || has_word(own, word) ||
		    has_word(extra, word))
			continue;
		longer = xasprintf("%s%s%s", extra, *extra ? " " : "", word);
		free(extra);
		extra = longer;
	}
	if (!*extra || strlen(extra) > ARGS_MAX)
		return NULL;
	return steal_ptr(&extra);
}

/* The line of @menu that starts @file; caller frees. */
static char *menu_line(const char *menu, const char *file)
{
	const char *at = strstr(menu, file);

	return at ? xasprintf("%.*s", (int)strcspn(at, "\n"), at) : NULL;
}

/* Xen tells dom0 its command line by a hypercall alone. */
static char *xen_line(void)
{
	static const char key[] = "xen_commandline";
	autofree char *text = NULL;
	struct pvn_err ignored;
	const char *at;

	if (pvn_run_output(PVN_ARGV("xl", "info"), &text, &ignored))
		return NULL;
	at = strstr(text, key);
	at = at ? strchr(at, ':') : NULL;
	return at ? xasprintf("%.*s", (int)strcspn(at + 1, "\n"), at + 1)
		  : NULL;
}

/* What an answer file could not say either is not taken. */
static void take(char **field, const char *running, const char *menu,
		 const char *file, const char *key)
{
	autofree char *own = menu_line(menu, file);
	char *extra = own && running ? bootargs_extra(running, own) : NULL;

	if (extra && answers_check("console", key, extra)) {
		pvn_log("'%s' can't be carried over", extra);
		free(extra);
		extra = NULL;
	}
	free(*field);
	*field = extra;
}

void bootargs_read(struct facts *facts, const char *slot_dir)
{
	autofree char *path = xasprintf("%s/boot/grub/start.cfg", slot_dir);
	autofree char *kernel = file_read_line("/proc/cmdline");
	autofree char *xen = xen_line();
	autofree char *menu = NULL;
	struct pvn_err ignored;

	if (file_read(path, &menu, &ignored))
		return;
	take(&facts->xen_args, xen, menu, "/boot/xen.gz", "xen-args");
	take(&facts->kernel_args, kernel, menu, "/boot/vmlinuz", "kernel-args");
}
