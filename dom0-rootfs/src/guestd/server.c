/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server.c: the socket. A client sends one line and gets one back, "ok" or
 * "error MESSAGE"; before that maybe lines "say TEXT". */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include "guestd.h"

#define BACKLOG 32

int server_open(struct guestd *g, struct pvn_err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
				    .sun_path = SOCKET_PATH };
	mode_t old;
	int r;

	g->listener =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (g->listener < 0)
		return pvn_err_errno(err, errno, "cannot open a socket");
	unlink(SOCKET_PATH);
	old = umask(0177);
	r = bind(g->listener, (struct sockaddr *)&addr, sizeof(addr));
	umask(old);
	if (r || listen(g->listener, BACKLOG))
		return pvn_err_errno(err, errno,
				     "cannot listen on '" SOCKET_PATH "'");
	return 0;
}

void server_accept(struct guestd *g)
{
	int fd = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0)
		return;
	client = xcalloc(1, sizeof(*client));
	client->fd = fd;
	client->next = g->clients;
	g->clients = client;
}

/* A client that doesn't read has no need of an answer. */
static void send_line(struct client *client, const char *word, const char *text)
{
	autofree char *line =
		xasprintf("%s%s%s\n", word, *text ? " " : "", text);

	if (send(client->fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		client->done = true;
}

static void answer(struct client *client, const struct pvn_err *err)
{
	send_line(client, err ? "error" : "ok", err ? err->msg : "");
	client->done = true;
}

static int begin_for_guest(struct guestd *g, struct client *client,
			   struct pvn_err *err)
{
	const struct request *request = &client->request;
	struct ward *ward = adopt_find(g, request->name);

	if (!ward)
		ward = ward_get(g, request->name);
	if (request->verb == REQUEST_START)
		return ward_start(g, ward, err);
	if (request->verb == REQUEST_KILL)
		return ward_kill(g, ward, err);
	client->deadline = now_ms() + request->seconds * 1000LL;
	return ward_stop(g, ward, err);
}

static int hold(struct guestd *g, struct client *client, struct pvn_err *err)
{
	const char *name = client->request.name;
	const struct ward *ward = adopt_find(g, name);

	if (!ward || !ward->domid)
		return pvn_err(err, -ENOENT, "guest '%s' does not run", name);
	if (libxl_domain_pause(g->ctx, ward->domid, NULL))
		return pvn_err(err, -EIO, "guest '%s' can't be paused", name);
	client->held = ward->domid;
	send_line(client, "ok", "");
	return 0;
}

/* However the client has ended: its guest goes on. Xen counts how often one was paused: where the
 * pool's guard has done it, too, it stays so. */
static void release(struct guestd *g, struct client *client)
{
	const struct ward *ward = ward_find_domain(g, client->held);

	if (!client->held || !ward)
		return;
	if (libxl_domain_unpause(g->ctx, client->held, NULL))
		say(LOG_ERR, "guest '%s' can't be resumed", ward->name);
	send_line(client, "ok", "");
}

/* All in one piece, so that the client is woken once. */
static void tell_names(struct guestd *g, struct client *client)
{
	autofree char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	watches_catch_up(g);
	for (const struct ward *ward = g->wards; ward; ward = ward->next) {
		if (ward->phase == PHASE_UP && !ward->misnamed)
			fprintf(f, "say %u %s\n", ward->domid, ward->name);
	}
	fputs("ok\n", f);
	fclose(f);
	send(client->fd, text, len, MSG_NOSIGNAL);
	client->done = true;
}

static int begin_request(struct guestd *g, struct client *client,
			 struct pvn_err *err)
{
	const struct request *request = &client->request;

	switch (request->verb) {
	case REQUEST_START:
	case REQUEST_STOP:
	case REQUEST_KILL:
		return begin_for_guest(g, client, err);
	case REQUEST_HOLD:
		return hold(g, client, err);
	case REQUEST_NAMES:
		tell_names(g, client);
		break;
	case REQUEST_SHUTDOWN_ALL:
		halt_begin(g, request->seconds);
		break;
	case REQUEST_DROP_SPARES: /* answered by server_tick() */
		break;
	case REQUEST_DROP_SPARE:
		spares_drop(g, request->name);
		answer(client, NULL);
		break;
	case REQUEST_UPKEEP:
		upkeep_ask(g);
		answer(client, NULL);
		break;
	}
	return 0;
}

static void begin(struct guestd *g, struct client *client)
{
	struct pvn_err err = { 0 };
	int rc;

	client->waits = true;
	rc = request_parse(client->line, &client->request, &err);
	if (!rc)
		rc = begin_request(g, client, &err);
	if (rc)
		answer(client, &err);
}

void server_read(struct guestd *g, struct client *client)
{
	size_t room = sizeof(client->line) - client->len;
	ssize_t n = recv(client->fd, client->line + client->len, room, 0);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* it no longer wants to know */
		client->done = true;
		return;
	}
	if (client->waits)
		return;
	client->len += (size_t)n;
	end = memchr(client->line, '\n', client->len);
	if (end) {
		*end = '\0';
		begin(g, client);
	} else if (client->len == sizeof(client->line)) {
		client->done = true;
	}
}

static bool waits_for(const struct client *client, const char *name)
{
	return client->waits && !client->done && !client->held &&
	       !strcmp(client->request.name, name);
}

/* Nobody waits any more for it to shut down: when it stops later, its file says what
 * comes next. */
static void forget_stop(struct guestd *g, const struct request *request)
{
	struct ward *ward = ward_find(g, request->name);

	if (request->verb != REQUEST_STOP || !ward || g->halt_deadline)
		return;
	for (const struct client *c = g->clients; c; c = c->next) {
		if (waits_for(c, ward->name) && c->request.verb == REQUEST_STOP)
			return;
	}
	if (ward->wish == WISH_STOP)
		ward->wish = WISH_NONE;
}

static void drop_done(struct guestd *g)
{
	struct client **link = &g->clients;

	while (*link) {
		struct client *client = *link;

		if (!client->done) {
			link = &client->next;
			continue;
		}
		*link = client->next;
		forget_stop(g, &client->request);
		release(g, client);
		close(client->fd);
		free(client);
	}
}

void server_tick(struct guestd *g, int64_t now, int64_t *next_io)
{
	for (struct client *c = g->clients; c; c = c->next) {
		struct pvn_err err = { 0 };

		if (c->waits && !c->done &&
		    c->request.verb == REQUEST_DROP_SPARES &&
		    spares_drop(g, NULL)) {
			upkeep_ask(g);
			answer(c, NULL);
		}
		if (!c->deadline || c->done)
			continue;
		if (now < c->deadline) {
			if (c->deadline < *next_io)
				*next_io = c->deadline;
			continue;
		}
		pvn_err(&err, -ETIMEDOUT,
			"guest '%s' still runs after %u s ('guest stop --force %s' stops it at once)",
			c->request.name, c->request.seconds, c->request.name);
		answer(c, &err);
	}
	drop_done(g);
}

bool server_waits_for(const struct guestd *g, const char *name)
{
	for (const struct client *c = g->clients; c; c = c->next) {
		if (waits_for(c, name))
			return true;
	}
	return false;
}

static void answer_all(struct guestd *g, const char *name, bool starts,
		       const struct pvn_err *err)
{
	for (struct client *c = g->clients; c; c = c->next) {
		if (waits_for(c, name) &&
		    (c->request.verb == REQUEST_START) == starts)
			answer(c, err);
	}
}

void server_started(struct guestd *g, const struct ward *ward,
		    const struct pvn_err *err)
{
	autofree char *times = xasprintf("times %s", ward->times);

	for (struct client *c = g->clients; c && !err && *ward->times;
	     c = c->next) {
		if (waits_for(c, ward->name) &&
		    c->request.verb == REQUEST_START)
			send_line(c, "say", times);
	}
	answer_all(g, ward->name, true, err);
}

void server_gone(struct guestd *g, const struct ward *ward)
{
	answer_all(g, ward->name, false, NULL);
}

void server_not_gone(struct guestd *g, const struct ward *ward,
		     const struct pvn_err *err)
{
	answer_all(g, ward->name, false, err);
}

void server_say(struct guestd *g, bool last, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (struct client *c = g->clients; c; c = c->next) {
		if (!c->waits || c->done ||
		    c->request.verb != REQUEST_SHUTDOWN_ALL)
			continue;
		if (*text)
			send_line(c, "say", text);
		if (last)
			answer(c, NULL);
	}
}
