/* SPDX-License-Identifier: GPL-2.0-or-later */
/* supervisor.c: ask guestd, which starts and stops all guests. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include "guestd_paths.h"
#include "../lib/file.h"
#include "../lib/mem.h"
#include "supervisor.h"
#include "timing.h"

/* guestd is back in a second or two after it was killed; a host with much else to do has been
 * seen to take more than ten. */
#define AWAY_SECONDS 30
#define TOLD_SECONDS 3 /* then a person wants to know */
/* One that is down for so long is not being started again: somebody stopped it. */
#define DOWN_SECONDS 5
#define NAMES_SECONDS 2 /* then they are got elsewhere */
#define TICKS 10 /* in a second */
/* It ends so often while it is asked: then it is what it was asked for. */
#define MAX_LOSSES 20
#define ANSWER_MAX \
	600 /* bytes of a line: an error, and what is before and behind it */

/* Returns a connected socket, or a negative errno. */
static int connect_once(void)
{
	const struct sockaddr_un addr = { .sun_family = AF_UNIX,
					  .sun_path = GUESTD_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* As runsv says. */
static bool is_down(void)
{
	autofree char *state = file_read_line(GUESTD_STATE);

	return state && !strcmp(state, "down");
}

static int connect_soon(struct pvn_err *err)
{
	const struct timespec tick = { .tv_nsec = 1000000000 / TICKS };
	int fd = connect_once();
	int down = 0;

	for (int i = 0;
	     fd < 0 && i < AWAY_SECONDS * TICKS && down < DOWN_SECONDS * TICKS;
	     i++) {
		nanosleep(&tick, NULL);
		down = is_down() ? down + 1 : 0;
		fd = connect_once();
		if (fd < 0 && i == TOLD_SECONDS * TICKS)
			fprintf(stderr, "waiting for guestd\n");
	}
	if (fd < 0)
		return pvn_err(
			err, fd,
			"guestd, which runs the guests, is not there: %s ('sv restart /run/service/guestd' starts it, /var/log/messages may say why)",
			strerror(-fd));
	return fd;
}

/* Returns true when @line ends the request; then *err tells an error. */
static bool take_line(char *line, void (*say)(const char *text),
		      struct pvn_err *err)
{
	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "say ", 4)) {
		if (say)
			say(line + 4);
		return false;
	}
	if (!strncmp(line, "error ", 6))
		pvn_err(err, -EIO, "%s", line + 6);
	return true;
}

/* Returns true when it was answered, false when guestd went away. */
static bool ask_once(int fd, const char *request, void (*say)(const char *text),
		     struct pvn_err *err)
{
	autofclose FILE *f = fdopen(fd, "r+");
	autofree char *line = NULL;
	size_t size = 0;

	if (!f)
		abort();
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return false;
	while (getline(&line, &size, f) > 0) {
		if (take_line(line, say, err))
			return true;
	}
	return false;
}

static int too_many_losses(const char *request, struct pvn_err *err)
{
	return pvn_err(
		err, -EPIPE,
		"guestd, which runs the guests, ended %d times at '%s' (/var/log/messages may say why)",
		MAX_LOSSES, request);
}

int supervisor_ask(struct pvn_err *err, void (*say)(const char *text),
		   const char *fmt, ...)
{
	autofree char *text = NULL;
	autofree char *request = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	request = xasprintf("%s\n", text);
	err->code = 0;
	for (int i = 0; i < MAX_LOSSES; i++) {
		int fd = connect_soon(err);

		if (fd < 0)
			return fd;
		if (ask_once(fd, request, say, err))
			return err->code;
	}
	return too_many_losses(text, err);
}

/* Read a line without taking more than that. Returns false when guestd went away. */
static bool read_line(int fd, char line[ANSWER_MAX])
{
	size_t n = 0;

	while (n < ANSWER_MAX - 1 && recv(fd, line + n, 1, 0) == 1) {
		if (line[n++] != '\n')
			continue;
		line[n] = '\0';
		return true;
	}
	return false;
}

int supervisor_hold(const char *name, struct pvn_err *err)
{
	autofree char *request = xasprintf("hold %s\n", name);

	for (int i = 0; i < MAX_LOSSES; i++) {
		int fd = connect_soon(err);
		char line[ANSWER_MAX];

		if (fd < 0)
			return fd;
		err->code = 0;
		if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0 &&
		    read_line(fd, line)) {
			take_line(line, NULL, err);
			if (!err->code)
				return fd;
			close(fd);
			return err->code;
		}
		close(fd);
	}
	return too_many_losses("hold", err);
}

bool supervisor_release(int fd)
{
	char line[ANSWER_MAX];
	bool released;

	shutdown(fd, SHUT_WR);
	released = read_line(fd, line);
	close(fd);
	return released;
}

void supervisor_names(void (*take)(void *arg, uint32_t domid, const char *name),
		      void *arg)
{
	static const char request[] = "names\n";
	const struct timeval limit = { .tv_sec = NAMES_SECONDS };
	autofclose FILE *f = NULL;
	autofree char *line = NULL;
	size_t size = 0;
	int fd = connect_once();

	if (fd < 0)
		return;
	f = fdopen(fd, "r");
	if (!f)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return;
	while (getline(&line, &size, f) > 0) {
		unsigned int domid;
		int at = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "say %u %n", &domid, &at) != 1 || !at)
			return;
		take(arg, domid, line + at);
	}
}

static void take_times(const char *text)
{
	if (!strncmp(text, "times ", 6))
		timing_parts(text + 6);
}

int supervisor_start(const char *name, struct pvn_err *err)
{
	return supervisor_ask(err, take_times, "start %s", name);
}

/* See guestd/record.c. */
enum supervisor_plan supervisor_plan_of(const char *record)
{
	char phase[16], after[16];
	const char *next = phase;

	if (sscanf(record, "%15s %*s %*s %15s", phase, after) != 2)
		return SUPERVISOR_NOTHING;
	if (!strcmp(phase, "leaving"))
		next = after;
	if (!strcmp(next, "crashed"))
		return SUPERVISOR_GAVE_UP;
	return strcmp(next, "waiting") && strcmp(next, "building")
		       ? SUPERVISOR_NOTHING
		       : SUPERVISOR_STARTS;
}

enum supervisor_plan supervisor_plan(const char *name)
{
	autofree char *path = xasprintf(GUESTD_RECORDS "/%s", name);
	autofree char *line = file_read_line(path);

	return line ? supervisor_plan_of(line) : SUPERVISOR_NOTHING;
}
