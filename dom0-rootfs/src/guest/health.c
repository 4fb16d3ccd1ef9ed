/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health.c: does this host do what it is there for? */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "disks.h"
#include "domain.h"
#include "guestd_paths.h"
#include "health.h"
#include "host.h"
#include "volume.h"

#define SSH_PORT 22
#define SECONDS 10 /* that a peer may take to say something */

static int look_state(struct pvn_err *err)
{
	if (!file_exists("/state/guests"))
		return pvn_err(err, -ENOENT,
			       "the state partition is not mounted");
	return 0;
}

static int look_xen(struct pvn_err *err)
{
	auto_domains struct domain_list domains = { 0 };

	return domains_read(&domains, err);
}

static int look_guestd(struct pvn_err *err)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX,
					     .sun_path = GUESTD_SOCKET };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return pvn_err_errno(err, errno, "guestd does not answer");
	return 0;
}

static int look_pool(struct pvn_err *err)
{
	auto_host struct host host = { 0 };
	auto_volumes struct volume_list volumes = { 0 };
	int rc = host_read(&host, err);

	if (!rc)
		rc = volumes_read(host.vg, &volumes, err);
	if (!rc && !volumes_find(&volumes, host.pool))
		rc = pvn_err(err, -ENOENT, "there is no pool '%s/%s'", host.vg,
			     host.pool);
	return rc;
}

static int look_disks(struct pvn_err *err)
{
	auto_disks struct host_disks disks = { 0 };
	autofree char *problem = NULL;
	int rc = disks_read(&disks, err);

	if (!rc)
		problem = disks_problem(&disks);
	return problem ? pvn_err(err, -EIO, "%s", problem) : rc;
}

/* Not only that it listens: it says what it is. */
static int look_ssh(struct pvn_err *err)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(SSH_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct timeval limit = { .tv_sec = SECONDS };
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char said[4];

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return pvn_err_errno(err, errno, "ssh does not answer");
	if (recv(fd, said, sizeof(said), MSG_WAITALL) != sizeof(said) ||
	    memcmp(said, "SSH-", sizeof(said)))
		return pvn_err(err, -EPROTO,
			       "what answers at ssh's port is "
			       "no ssh");
	return 0;
}

static int look_network(struct pvn_err *err)
{
	autofree char *address = host_address(DEFAULT_BRIDGE);

	if (!address)
		return pvn_err(err, -ENETDOWN, "'%s' has no address",
			       DEFAULT_BRIDGE);
	return 0;
}

bool health_has_network(void)
{
	struct pvn_err ignored;

	return !look_network(&ignored);
}

const struct health_check health_checks[] = {
	{ "state", look_state },     { "xen", look_xen },
	{ "guestd", look_guestd },   { "pool", look_pool },
	{ "disks", look_disks },     { "ssh", look_ssh },
	{ "network", look_network }, { NULL, NULL },
};

int health_look(bool network, struct pvn_err *err)
{
	for (const struct health_check *c = health_checks; c->name; c++) {
		/* no release is to be given up for a disk that fails */
		if ((!network && c->look == look_network) ||
		    c->look == look_disks)
			continue;
		if (c->look(err))
			return pvn_err_wrap(err, "%s", c->name);
	}
	return 0;
}
