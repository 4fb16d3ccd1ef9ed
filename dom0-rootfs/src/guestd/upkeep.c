/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upkeep.c: run 'paravane upkeep' when there is something for it to do and nobody waits;
 * one at a time. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>
#include "guestd.h"

#define PROGRAM "/usr/bin/paravane"
/* After a command: maybe another comes. */
#define DELAY_MS 1000
/* After a failure, and after more in a row. */
#define SOON_MS 2000
#define RETRY_MS 30000
/* Commands that a person waits for go first. */
#define NICE 10

struct upkeep {
	pid_t pid; /* 0: none runs */
	int fd; /* what it says */
	int64_t due; /* 0: nothing to do */
	char line[256];
	size_t len;
	char made[SPARE_ID_MAX]; /* the spare whose volumes it made, or "" */
	char wrong[256]; /* what it said last of what is wrong */
	char told[256]; /* what of that is in the log */
	bool failed; /* the last one did */
};

static struct upkeep *of(struct guestd *g)
{
	if (!g->upkeep) {
		g->upkeep = xcalloc(1, sizeof(*g->upkeep));
		g->upkeep->fd = -1;
	}
	return g->upkeep;
}

void upkeep_ask(struct guestd *g)
{
	struct upkeep *u = of(g);

	if (!u->due)
		u->due = now_ms() + DELAY_MS;
}

int upkeep_fd(struct guestd *g)
{
	return of(g)->fd;
}

/* Returns in the child only if it can't be run. */
static void run_program(int out, bool with_spare)
{
	const char *argv[] = { "paravane", "upkeep",
			       with_spare ? "--spare" : NULL, NULL };

	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	setpriority(PRIO_PROCESS, 0, NICE);
	execv(PROGRAM, (char *const *)argv);
	_exit(127);
}

static void begin(struct guestd *g, struct upkeep *u)
{
	int ends[2];
	bool with_spare = spares_wanted(g);

	u->due = 0;
	u->len = 0;
	u->made[0] = '\0';
	strcpy(u->wrong, "paravane upkeep: failed without a word");
	if (pipe2(ends, O_CLOEXEC)) {
		say(LOG_ERR, "upkeep: %s", strerror(errno));
		return;
	}
	u->pid = fork();
	if (!u->pid)
		run_program(ends[1], with_spare);
	close(ends[1]);
	u->fd = ends[0];
	if (u->pid < 0) {
		say(LOG_ERR, "upkeep: %s", strerror(errno));
		close(u->fd);
		u->fd = -1;
		u->pid = 0;
	}
}

/* Once, not with each try. */
static void tell(struct upkeep *u)
{
	if (!strcmp(u->told, u->wrong))
		return;
	strcpy(u->told, u->wrong);
	say(LOG_WARNING, "%s", u->wrong);
}

/* A spare's ID, or what a person should know. */
static void take_line(struct upkeep *u)
{
	u->line[u->len] = '\0';
	if (u->len == SPARE_ID_MAX - 1 &&
	    strspn(u->line, "0123456789abcdef") == u->len)
		strcpy(u->made, u->line);
	else if (u->len && strncmp(u->line, "waiting for ", 12))
		strcpy(u->wrong, u->line);
	u->len = 0;
}

/* The first time may be a matter of a moment: blkback has a volume still open. And where
 * it made a spare all the same, another may be wanted. */
static void failed(struct upkeep *u)
{
	const bool soon = !u->failed || u->made[0];

	if (u->failed)
		tell(u);
	u->due = now_ms() + (soon ? SOON_MS : RETRY_MS);
	u->failed = true;
}

static void ended(struct guestd *g, struct upkeep *u)
{
	int status = 0;

	close(u->fd);
	u->fd = -1;
	while (waitpid(u->pid, &status, 0) < 0 && errno == EINTR)
		;
	u->pid = 0;
	if (u->made[0])
		spares_build(g, u->made);
	if (status) {
		failed(u);
		return;
	}
	u->failed = false;
	u->told[0] = '\0';
	if (spares_wanted(g))
		upkeep_ask(g);
}

void upkeep_read(struct guestd *g)
{
	struct upkeep *u = of(g);
	char text[256];
	ssize_t n = read(u->fd, text, sizeof(text));

	for (ssize_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			take_line(u);
		else if (u->len < sizeof(u->line) - 1)
			u->line[u->len++] = text[i];
	}
	if (!n || (n < 0 && errno != EINTR && errno != EAGAIN))
		ended(g, u);
}

/* There may be something to do when *time_io, if it is set, is over. */
static void ask_when_due(struct guestd *g, int64_t *time_io, int64_t now,
			 int64_t *next_io)
{
	if (*time_io && now >= *time_io) {
		*time_io = 0;
		upkeep_ask(g);
	}
	if (*time_io && *time_io < *next_io)
		*next_io = *time_io;
}

void upkeep_tick(struct guestd *g, int64_t now, int64_t *next_io)
{
	struct upkeep *u = of(g);

	if (u->pid || g->halt_deadline)
		return;
	ask_when_due(g, &g->spares_pause, now, next_io);
	ask_when_due(g, &g->spares_one_until, now, next_io);
	if (!u->due)
		return;
	if (g->clients && u->due <= now)
		u->due = now + DELAY_MS;
	if (u->due <= now)
		begin(g, u);
	else if (u->due < *next_io)
		*next_io = u->due;
}
