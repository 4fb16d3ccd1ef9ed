/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.c: what guests tell through xenstore. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <xenstore.h>
#include "../lib/mem.h"
#include "../lib/subnet.h"
#include "store.h"

#define NODE_ADDRESS "attr/vif/0/ipv4/0"
#define NODE_READY "data/ready"

struct store {
	struct xs_handle *xs;
};

int store_open(struct store **store_r, struct pvn_err *err)
{
	struct xs_handle *xs = xs_open(0);

	if (!xs)
		return pvn_err_errno(err, errno, "cannot connect to xenstored");
	*store_r = xcalloc(1, sizeof(**store_r));
	(*store_r)->xs = xs;
	return 0;
}

void store_close(struct store **store)
{
	if (!*store)
		return;
	xs_close((*store)->xs);
	free(*store);
	*store = NULL;
}

static char *read_node(struct store *store, uint32_t domid, const char *node)
{
	autofree char *path = xasprintf("/local/domain/%u/%s", domid, node);
	unsigned int len = 0;
	char *value = xs_read(store->xs, XBT_NULL, path, &len);

	/* libxenstore adds a NUL; one within would hide the rest */
	if (value && strlen(value) != len) {
		free(value);
		return NULL;
	}
	return value;
}

char *store_guest_address(struct store *store, uint32_t domid)
{
	autofree char *text = read_node(store, domid, NODE_ADDRESS);
	char clean[IP_TEXT];
	uint32_t ip;

	/* by some it would be this host */
	if (!text || !ip_parse(text, &ip) || !ip_is_of_host(ip))
		return NULL;
	return xstrdup(ip_print(ip, clean));
}

uint64_t store_memory_limit(struct store *store, uint32_t domid)
{
	autofree char *text = read_node(store, domid, "memory/static-max");

	return text ? strtoull(text, NULL, 10) * 1024 : 0;
}

bool store_guest_ready(struct store *store, uint32_t domid)
{
	autofree char *text = read_node(store, domid, NODE_READY);

	return text && !strcmp(text, "1");
}

int store_watch(struct store *store, const char *path, struct pvn_err *err)
{
	/* EEXIST: we do already */
	if (!xs_watch(store->xs, path, path) && errno != EEXIST)
		return pvn_err_errno(err, errno, "cannot watch xenstore");
	return 0;
}

int store_watch_guest(struct store *store, uint32_t domid, struct pvn_err *err)
{
	autofree char *address =
		xasprintf("/local/domain/%u/" NODE_ADDRESS, domid);
	autofree char *ready = xasprintf("/local/domain/%u/" NODE_READY, domid);
	int rc = store_watch(store, address, err);

	return rc ? rc : store_watch(store, ready, err);
}

void store_wait(struct store *store, int milliseconds)
{
	struct pollfd p = { .fd = xs_fileno(store->xs), .events = POLLIN };
	char **event;

	if (poll(&p, 1, milliseconds) <= 0)
		return;
	while ((event = xs_check_watch(store->xs)))
		free(event);
}

time_t store_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}
