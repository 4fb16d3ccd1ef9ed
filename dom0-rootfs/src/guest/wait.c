/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wait.c: wait until something is true of a guest, on xenstore's events. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "wait.h"
#include "store.h"

#define SSH_PORT 22
/* A closed port gives no event: it is tried again after this. */
#define RETRY_MS 250
/* How long a connection may take, and then until it says something: a guest that has accepted it is there, and
 * starts a process for it. To try again meanwhile would have a slow one start more and more of them. */
#define CONNECT_MS 3000
#define BANNER_MS 60000
/* How often it is looked meanwhile whether the guest is still there, or has an address. */
#define LOOK_MS 1000

/* Not longer than what is left, which may be nothing; a second is what an answer may always take. */
static int at_most(int ms, time_t seconds)
{
	if (seconds < 1)
		seconds = 1;
	return seconds * 1000 < ms ? (int)seconds * 1000 : ms;
}

/* Does it send "SSH-" in time? A guest that goes ends no connection. */
static bool read_banner(int fd, uint32_t id, int ms)
{
	char banner[4];
	size_t n = 0;

	while (n < sizeof(banner)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int slice = ms < LOOK_MS ? ms : LOOK_MS;
		ssize_t r = poll(&p, 1, slice);

		if (!r && slice < ms && domain_runs(id)) {
			ms -= slice;
			continue;
		}
		if (r <= 0)
			return false;
		r = recv(fd, banner + n, sizeof(banner) - n, MSG_DONTWAIT);
		if (r <= 0)
			return false;
		n += (size_t)r;
	}
	return !memcmp(banner, "SSH-", sizeof(banner));
}

size_t wait_ssh_port(const char *address, struct sockaddr_storage *to)
{
	struct sockaddr_in *ip4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)to;

	*to = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, address, &ip4->sin_addr) == 1) {
		ip4->sin_family = AF_INET;
		ip4->sin_port = htons(SSH_PORT);
		return sizeof(*ip4);
	}
	if (inet_pton(AF_INET6, address, &ip6->sin6_addr) == 1) {
		ip6->sin6_family = AF_INET6;
		ip6->sin6_port = htons(SSH_PORT);
		return sizeof(*ip6);
	}
	return 0;
}

/* Without a route to it, it fails at once. */
static bool ssh_answers(const char *address, uint32_t id, time_t seconds)
{
	struct sockaddr_storage to;
	socklen_t size = (socklen_t)wait_ssh_port(address, &to);
	autoclose int fd = -1;
	struct pollfd p = { .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	if (!size)
		return false;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&to, size) && errno != EINPROGRESS)
		return false;
	p.fd = fd;
	if (poll(&p, 1, at_most(CONNECT_MS, seconds)) <= 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
		return false;
	return read_banner(fd, id, at_most(BANNER_MS, seconds));
}

/* The guest's domain as it is now; 0: there is none. */
static int find_domain(const struct guest *guest, uint32_t *id_r,
		       struct pvn_err *err)
{
	auto_domains struct domain_list domains = { 0 };
	const struct domain *d;
	int rc = domains_read(&domains, err);

	if (rc)
		return rc;
	d = domains_find(&domains,
			 guest->has_conf ? guest->conf.name : guest->name);
	*id_r = d ? d->id : 0;
	return 0;
}

void wait_addresses(const char *first, const char *ip, struct strlist *list)
{
	autofree char *copy = xstrdup(ip ? ip : "");
	char *save = NULL;

	if (first)
		strlist_add(list, first);
	for (char *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (!strlist_has(list, word))
			strlist_add(list, word);
	}
}

static void find_addresses(const struct wait *w, struct strlist *list)
{
	const struct guestconf *conf = &w->guest->conf;

	wait_addresses(w->address, conf->n_vifs ? conf->vifs[0].ip : NULL,
		       list);
}

/* One that this host has no way to, as of an IPv6 network that is elsewhere, is no hindrance. */
static bool any_ssh_answers(struct wait *w, uint32_t id, time_t left)
{
	auto_strlist struct strlist list = { 0 };

	find_addresses(w, &list);
	for (size_t i = 0; i < list.n; i++) {
		if (!ssh_answers(list.v[i], id, left))
			continue;
		free(w->address);
		w->address = xstrdup(list.v[i]);
		return true;
	}
	return false;
}

/* Is it so by now, or within @left seconds? Returns 1, 0 or an error. @id: 0 for none */
static int look(struct wait *w, struct store *store, uint32_t id, time_t left,
		struct pvn_err *err)
{
	int rc;

	if (w->what == WAIT_OFF)
		return !id;
	if (!id || !domain_runs(id))
		return 0;
	if (w->what == WAIT_REBOOT)
		return id != w->old;
	rc = store_watch_guest(store, id, err);
	if (rc)
		return rc;
	free(w->address);
	w->address = guest_address(store, w->guest, id);
	if (!w->address)
		return 0;
	return w->what == WAIT_IP || any_ssh_answers(w, id, left);
}

static int timed_out(const struct wait *w, struct pvn_err *err)
{
	const char *name = w->guest->name;
	auto_strlist struct strlist list = { 0 };
	autofree char *where = NULL;

	find_addresses(w, &list);
	where = strlist_joined(&list, ", ");
	switch (w->what) {
	case WAIT_SSH:
		if (w->address)
			return pvn_err(
				err, -ETIMEDOUT,
				"no ssh answered at %s, guest '%s', in %u s",
				where, name, w->seconds);
		__attribute__((fallthrough));
	case WAIT_IP:
		return pvn_err(
			err, -ETIMEDOUT,
			"the address of guest '%s' was not known in %u s", name,
			w->seconds);
	case WAIT_OFF:
		return pvn_err(err, -ETIMEDOUT,
			       "guest '%s' still ran after %u s", name,
			       w->seconds);
	case WAIT_REBOOT:
		return pvn_err(err, -ETIMEDOUT,
			       "guest '%s' did not reboot in %u s", name,
			       w->seconds);
	}
	return -ETIMEDOUT;
}

/* Milliseconds. A port that opens has no event, nor has an address that a guest is seen to use. */
static int until_next_look(const struct wait *w, time_t left)
{
	if (w->what == WAIT_SSH && w->address)
		return RETRY_MS;
	if (w->what == WAIT_SSH || w->what == WAIT_IP)
		return LOOK_MS;
	return (int)(left > 3600 ? 3600 : left) * 1000;
}

int wait_until(struct wait *w, struct pvn_err *err)
{
	auto_store struct store *store = NULL;
	time_t end = store_now() + w->seconds;
	int rc = store_open(&store, err);

	if (!rc)
		rc = store_watch(store, "@releaseDomain", err);
	if (!rc)
		rc = store_watch(store, "@introduceDomain", err);
	while (!rc) {
		uint32_t id = 0;
		time_t left;

		rc = find_domain(w->guest, &id, err);
		if (!rc)
			rc = look(w, store, id, end - store_now(), err);
		if (rc)
			break;
		left = end - store_now();
		if (left <= 0)
			return timed_out(w, err);
		store_wait(store, until_next_look(w, left));
	}
	return rc < 0 ? rc : 0;
}
