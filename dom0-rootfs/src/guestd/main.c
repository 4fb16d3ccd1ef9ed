/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c: guestd, the one process that looks after all guests.
 *
 *   guestd                       supervise; started by runsv
 *   guestd shutdown-all SECONDS  ask the running guestd to stop all guests
 *   guestd print-config FILE [no-pvh]
 *                                what libxl would be asked for, on a host that can
 *                                do PVH or can't; needs no Xen */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include "../guest/guesttype.h"
#include "../guest/supervisor.h"
#include "../lib/file.h"
#include "guestd.h"
#include "xlcfg.h"

/* Ours in the set that is polled; libxl's are behind them. */
#define FD_LISTENER 0
#define FD_XENSTORE 1
#define FD_UPKEEP 2
#define N_FIXED 3

#define LOCK RECORDS "/.lock"

struct polled {
	struct pollfd *v;
	size_t size; /* how many have room */
	int n_ours;
	int n_libxl;
};

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void say(int priority, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	syslog(priority, "%s", text);
}

/* Returns whether there were any. */
static bool handle_events(struct guestd *g)
{
	libxl_event *event;
	bool any = false;

	while (!libxl_event_check(g->ctx, &event, LIBXL_EVENTMASK_ALL, NULL,
				  NULL)) {
		life_event(g, event);
		libxl_event_free(g->ctx, event);
		any = true;
	}
	return any;
}

static void room_for(struct polled *p, size_t n)
{
	if (n <= p->size)
		return;
	p->v = xrealloc(p->v, n * sizeof(*p->v));
	p->size = n;
}

static void collect(struct guestd *g, struct polled *p, int *timeout_io)
{
	size_t n = N_FIXED;
	struct timeval now;
	int rc;

	for (const struct client *c = g->clients; c; c = c->next)
		n++;
	room_for(p, n);
	p->v[FD_LISTENER] = (struct pollfd){ g->listener, POLLIN, 0 };
	p->v[FD_XENSTORE] = (struct pollfd){ xs_fileno(g->xs), POLLIN, 0 };
	p->v[FD_UPKEEP] = (struct pollfd){ upkeep_fd(g), POLLIN, 0 };
	n = N_FIXED;
	for (const struct client *c = g->clients; c; c = c->next)
		p->v[n++] = (struct pollfd){ c->fd, POLLIN, 0 };
	p->n_ours = (int)n;
	do {
		gettimeofday(&now, NULL);
		p->n_libxl = (int)(p->size - n);
		rc = libxl_osevent_beforepoll(g->ctx, &p->n_libxl, p->v + n,
					      timeout_io, now);
		room_for(p, n + (size_t)p->n_libxl);
	} while (rc == ERROR_BUFFERFULL);
}

static void handle_ours(struct guestd *g, const struct polled *p)
{
	int i = N_FIXED;

	if (p->v[FD_XENSTORE].revents)
		watches_handle(g);
	if (p->v[FD_UPKEEP].revents)
		upkeep_read(g);
	/* those that are accepted now come before the first in the list */
	for (struct client *c = g->clients; c && i < p->n_ours;
	     c = c->next, i++) {
		if (p->v[i].revents)
			server_read(g, c);
	}
	if (p->v[FD_LISTENER].revents)
		server_accept(g);
}

static int timeout_until(int64_t next)
{
	int64_t left = next - now_ms();

	if (next == INT64_MAX)
		return -1;
	if (left < 0)
		return 0;
	return left > 3600000 ? 3600000 : (int)left;
}

/* Returns when there is more to do. What is done makes events, and they make more
 * due: it ends when nothing is left but to wait. */
static int64_t do_what_is_due(struct guestd *g)
{
	int64_t next, now;

	do {
		handle_events(g);
		next = INT64_MAX;
		now = now_ms();
		autostart_tick(g, now, &next);
		life_tick(g, now, &next);
		pool_tick(g, now, &next);
		spares_tick(g);
		upkeep_tick(g, now, &next);
		halt_tick(g, now, &next);
		server_tick(g, now, &next);
		wards_sweep(g);
	} while (handle_events(g));
	return next;
}

static void run(struct guestd *g)
{
	struct polled p = { 0 };

	for (;;) {
		struct timeval real_now;
		int timeout = timeout_until(do_what_is_due(g));

		collect(g, &p, &timeout);
		if (poll(p.v, (nfds_t)(p.n_ours + p.n_libxl), timeout) < 0) {
			for (int i = 0; i < p.n_ours + p.n_libxl; i++)
				p.v[i].revents = 0;
		}
		gettimeofday(&real_now, NULL);
		libxl_osevent_afterpoll(g->ctx, p.n_libxl, p.v + p.n_ours,
					real_now);
		handle_ours(g, &p);
	}
}

/* Two would do everything twice. Not flock(): libxl's children would keep that one
 * when we are killed. The lock ends with the process. */
static int take_lock(struct pvn_err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '" LOCK "'");
	if (!fcntl(fd, F_SETLK, &lock))
		return 0;
	pvn_err_errno(err, errno, "cannot lock '" LOCK "'");
	if (!fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK)
		pvn_err(err, -EBUSY, "another guestd runs, as process %d",
			(int)lock.l_pid);
	close(fd);
	return err->code;
}

static int supervise(void)
{
	struct guestd g = { .listener = -1 };
	struct pvn_err err = { 0 };
	int rc;

	/* libxenstore's threads need no heaps of their own */
	mallopt(M_ARENA_MAX, 1);
	openlog("guestd", 0, LOG_DAEMON);
	signal(SIGPIPE, SIG_IGN);
	rc = mkdir_p(RECORDS, 0700, &err);
	if (!rc)
		rc = take_lock(&err);
	if (!rc)
		rc = xl_open(&g, &err);
	if (!rc)
		rc = watches_begin(&g, &err);
	if (!rc) {
		adopt_recover(&g);
		spares_begin(&g);
		rc = server_open(&g, &err);
	}
	if (rc) {
		say(LOG_ERR, "%s", err.msg);
		fprintf(stderr, "guestd: %s\n", err.msg);
		return PVN_EXIT_FAILED;
	}
	autostart_begin(&g);
	run(&g);
	return PVN_EXIT_OK;
}

static void print_progress(const char *text)
{
	puts(text);
	fflush(stdout);
}

static int shutdown_all(const char *seconds)
{
	struct pvn_err err = { 0 };

	if (!supervisor_ask(&err, print_progress, "shutdown-all %s", seconds))
		return PVN_EXIT_OK;
	fprintf(stderr, "guestd: %s\n", err.msg);
	return PVN_EXIT_FAILED;
}

static int print_config(const char *path, bool pvh)
{
	auto_guestconf struct guestconf conf = { 0 };
	autofree char *text = NULL;
	libxl_domain_config config;
	struct pvn_err err = { 0 };
	int rc = guestconf_read(path, &conf, &err);

	if (!rc) {
		guesttype_settle(&conf, pvh);
		rc = guesttype_check(conf.type, pvh, &err);
	}
	if (!rc) {
		rc = xlcfg_make(&conf, &config, &err);
		if (!rc)
			text = xlcfg_json(&config);
		libxl_domain_config_dispose(&config);
	}
	if (rc)
		fprintf(stderr, "guestd: %s\n", err.msg);
	else
		fputs(text, stdout);
	return rc ? PVN_EXIT_FAILED : PVN_EXIT_OK;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return supervise();
	if (argc == 3 && !strcmp(argv[1], "shutdown-all"))
		return shutdown_all(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "print-config"))
		return print_config(argv[2], true);
	if (argc == 4 && !strcmp(argv[1], "print-config") &&
	    !strcmp(argv[3], "no-pvh"))
		return print_config(argv[2], false);
	fputs("usage: guestd\n"
	      "       guestd shutdown-all SECONDS\n"
	      "       guestd print-config FILE [no-pvh]\n",
	      stderr);
	return PVN_EXIT_USAGE;
}
