/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xl.c: the connection to Xen, and what libxl says of errors.
 *
 * libxl returns a number and logs the cause. Several operations run at once, so
 * each error is kept with the domain that it is about. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "../guest/xlmsg.h"
#include "guestd.h"

#define KEPT 32
/* That of a guest is 256, and 65535 is the most. */
#define DOM0_WEIGHT 2048

struct kept {
	unsigned long number; /* 0: none */
	uint32_t domid; /* 0: not known */
	char text[200];
};

static struct kept kept[KEPT];
static unsigned long last_number;

static uint32_t domain_of(const char *text)
{
	const char *at = strstr(text, "Domain ");

	return at ? (uint32_t)strtoul(at + 7, NULL, 10) : 0;
}

static void keep_message(xentoollog_logger *logger, xentoollog_level level,
			 int errnoval, const char *context, const char *format,
			 va_list ap)
{
	struct kept *slot;

	(void)logger;
	(void)context;
	if (level < XTL_ERROR)
		return;
	slot = &kept[++last_number % KEPT];
	slot->number = last_number;
	xlmsg_write(slot->text, sizeof(slot->text), errnoval, format, ap);
	slot->domid = domain_of(slot->text);
}

static xentoollog_logger logger = XLMSG_LOGGER(keep_message);

/* libxl is out of its depth; the next guestd takes over where we were. */
static void disaster(void *user, libxl_event_type type, const char *msg,
		     int errnoval)
{
	(void)user;
	(void)type;
	say(LOG_CRIT, "libxl gave up, guestd ends: %s: %s", msg,
	    strerror(errnoval));
	_exit(PVN_EXIT_FAILED);
}

static const libxl_event_hooks event_hooks = { .disaster = disaster };
/* guestd is the last to go when memory is short; what it starts is not. */
static pid_t fork_ordinary(void *user)
{
	pid_t pid = fork();
	int fd;

	(void)user;
	if (pid)
		return pid;
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "0", 1) < 0)
			_exit(PVN_EXIT_FAILED);
		close(fd);
	}
	return 0;
}

/* pvn_run() waits for its own children */
static const libxl_childproc_hooks child_hooks = {
	.chldowner = libxl_sigchld_owner_libxl_always_selective_reap,
	.fork_replacement = fork_ordinary,
};

/* Xen gives dom0 as much of a CPU as any guest, and all disks and networks of all of them
 * wait for it, and so does whoever wants to stop one that takes too much. */
static void prefer_dom0(struct guestd *g)
{
	unsigned long mark = xl_mark();
	libxl_domain_sched_params params;
	struct pvn_err err;

	libxl_domain_sched_params_init(&params);
	params.weight = DOM0_WEIGHT;
	if (libxl_domain_sched_params_set(g->ctx, 0, &params)) {
		xl_error(mark, 0, &err, "cannot set the weight of dom0");
		say(LOG_WARNING, "%s", err.msg);
	}
	libxl_domain_sched_params_dispose(&params);
}

int xl_open(struct guestd *g, struct pvn_err *err)
{
	if (libxl_ctx_alloc(&g->ctx, LIBXL_VERSION, 0, &logger)) {
		g->ctx = NULL;
		return xl_error(0, 0, err, "cannot talk to Xen");
	}
	libxl_event_register_callbacks(g->ctx, &event_hooks, NULL);
	libxl_childproc_setmode(g->ctx, &child_hooks, NULL);
	prefer_dom0(g);
	return 0;
}

unsigned long xl_mark(void)
{
	return last_number;
}

/* What hotplug says comes behind the line that it failed, and tells more. */
static const char *first_after(unsigned long mark, uint32_t domid)
{
	const char *first = NULL;

	for (unsigned long i = mark + 1; i <= last_number; i++) {
		const struct kept *k = &kept[i % KEPT];

		if (k->number != i || (k->domid && domid && k->domid != domid))
			continue;
		if (xlmsg_is_script(k->text))
			return xlmsg_text(k->text);
		if (!first)
			first = xlmsg_text(k->text);
	}
	return first;
}

int xl_error(unsigned long mark, uint32_t domid, struct pvn_err *err,
	     const char *fmt, ...)
{
	const char *cause = first_after(mark, domid);
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return pvn_err(err, -EIO, "%s%s%s", what, cause ? ": " : "",
		       cause ? cause : "");
}
