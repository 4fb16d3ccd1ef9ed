/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_log.c: 'guest log': what a guest wrote on its console.
 *
 * xenconsoled writes the log; it is moved to <file>.0 when it has become large. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "cmd.h"
#include "consolelog.h"
#include "create.h"
#include "guests.h"
#include "progress.h"

#define MAX_LINES 1000000

struct opts {
	unsigned int lines;
	bool follow;
};

static const struct opt opts[] = {
	OPT("lines", OPT_UINT, lines, "N",
	    "only the last N lines (default: all)", .min = 1, .max = MAX_LINES),
	OPT("follow", OPT_FLAG, follow, NULL,
	    "go on with what it writes from now on, until Ctrl-C"),
};

/* Where the last @n lines of @text begin. */
static const char *last_lines(const char *text, size_t n)
{
	const char *p = text + strlen(text);

	if (p > text && p[-1] == '\n')
		p--;
	for (; p > text; p--) {
		if (p[-1] == '\n' && !--n)
			return p;
	}
	return text;
}

/* C0 and DEL, and C1 in UTF-8: C2 80 to C2 9F. */
static bool is_control(unsigned char before, unsigned char c)
{
	return (c < ' ' && c != '\n' && c != '\t') || c == 127 ||
	       (before == 0xc2 && c >= 0x80 && c < 0xa0);
}

/* Copy what the file has from here on. A guest may write any byte: control
 * characters, which could do things to the reader's terminal, become '?'. */
static void copy_clean(int fd, FILE *to)
{
	static unsigned char
		before; /* it may be cut between two bytes of a character */
	unsigned char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			const bool control = is_control(before, buf[i]);

			before = buf[i];
			if (buf[i] != '\r')
				fputc(control ? '?' : buf[i], to);
		}
	}
}

/* A new file has taken the place of the one that is read: the rest of that, then
 * the new one from its beginning. */
static void reopen(const char *path, int *fd)
{
	struct stat now, then;

	if (stat(path, &now))
		return;
	if (*fd >= 0 && !fstat(*fd, &then) && now.st_ino == then.st_ino)
		return;
	if (*fd >= 0) {
		copy_clean(*fd, stdout);
		close(*fd);
	}
	*fd = open(path, O_RDONLY | O_CLOEXEC);
}

static int follow(const char *path, int fd, struct pvn_err *err)
{
	autoclose int log = fd;
	autoclose int notify = inotify_init1(IN_CLOEXEC);
	char events[4096]
		__attribute__((aligned(__alignof__(struct inotify_event))));

	if (notify < 0 ||
	    inotify_add_watch(notify, PATH_CONSOLE_LOGS,
			      IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0)
		return pvn_err_errno(err, errno, "cannot watch '%s'",
				     PATH_CONSOLE_LOGS);
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = notify, .events = POLLIN },
			/* the reader of a pipe may go while the guest is silent */
			{ .fd = STDOUT_FILENO, .events = 0 },
		};

		reopen(path, &log);
		if (log >= 0)
			copy_clean(log, stdout);
		if (fflush(stdout))
			return 0;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return pvn_err_errno(err, errno, "cannot wait");
		if (p[1].revents & (POLLERR | POLLHUP))
			return 0;
		if ((p[0].revents & POLLIN) &&
		    read(notify, events, sizeof(events)) < 0)
			return pvn_err_errno(err, errno, "cannot read events");
	}
}

static int check_known(const char *name, const char *path, struct pvn_err *err)
{
	auto_guests struct guest_set set = { 0 };
	int rc = 0;

	/* the log of a guest that is gone may still be wanted */
	if (!file_exists(path))
		rc = guests_read(&set, err);
	if (!rc && !file_exists(path) && !guests_find(&set, name, err))
		rc = err->code;
	return rc;
}

/* All that is kept; *fd_r is then at the end of the log. */
static char *read_logs(const char *path, int *fd_r)
{
	autofree char *old_path = xasprintf("%s.0", path);
	autoclose int old = open(old_path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	*fd_r = open(path, O_RDONLY | O_CLOEXEC);
	if (old >= 0)
		copy_clean(old, f);
	if (*fd_r >= 0)
		copy_clean(*fd_r, f);
	if (fclose(f))
		abort();
	return text;
}

static int print_log(const struct opts *o, const char *name,
		     struct pvn_err *err)
{
	autofree char *path = consolelog_path(name);
	autofree char *text = NULL;
	int fd = -1;
	int rc = check_known(name, path, err);

	if (rc)
		return rc;
	text = read_logs(path, &fd);
	fputs(o->lines ? last_lines(text, o->lines) : text, stdout);
	fflush(stdout);
	if (o->follow)
		return follow(path, fd, err);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int run(void *ctx, char **args)
{
	struct pvn_err err = { 0 };

	if (guest_name_check(args[0], &err))
		return cmd_error(&cmd_guest_log, PVN_EXIT_USAGE, &err);
	signal(SIGPIPE, SIG_DFL);
	return print_log(ctx, args[0], &err)
		       ? change_error(&cmd_guest_log, &err)
		       : PVN_EXIT_OK;
}

const struct cmd cmd_guest_log = {
	.program = "guest",
	.group = "look",
	.name = "log",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "print what a guest wrote on its console",
	.details =
		"The host keeps between 256K and 512K a guest, also of one that has stopped or is gone, and\n"
		"over reboots of the host. When another guest gets the name of one that is gone, what that one\n"
		"wrote is set aside: " PATH_CONSOLE_LOGS
		"/guest-NAME.log.old and guest-NAME.log.0.old.\n",
	.example = "guest log web1 --lines 50 --follow\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
