/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c: libxl's hotplug program, installed as 'block', as 'vif-bridge', and as
 * 'vif-open' for a guest that may send what it likes (a router, a switch).
 *
 * libxl runs '<script> add|remove' for a disk and '<script> online|offline
 * type_if=vif' for a network device, gives it 40 s, and looks at nothing but
 * the exit status and, if that is not 0, hotplug-error. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "hotplug.h"

#define LOCK_DIR "/run/xen-hotplug"
#define LOCK_SECONDS 30

char *hp_read(const struct hotplug *hp, const char *path, const char *key)
{
	autofree char *node = xasprintf("%s/%s", path, key);

	return xs_read(hp->xs, XBT_NULL, node, NULL);
}

int hp_write(const struct hotplug *hp, const char *key, const char *value,
	     struct pvn_err *err)
{
	autofree char *node = xasprintf("%s/%s", hp->path, key);

	if (!xs_write(hp->xs, XBT_NULL, node, value, strlen(value)))
		return pvn_err_errno(err, errno, "cannot write xenstore's '%s'",
				     node);
	return 0;
}

int hp_connected(const struct hotplug *hp, struct pvn_err *err)
{
	return hp_write(hp, "hotplug-status", "connected", err);
}

int hp_lock(const char *kind, struct pvn_err *err)
{
	const struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };
	autofree char *path = xasprintf(LOCK_DIR "/%s.lock", kind);
	autoclose int fd = -1;
	struct timespec start, now;
	int rc, locked;

	rc = mkdir_p(LOCK_DIR, 0700, err);
	if (rc)
		return rc;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", path);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return pvn_err_errno(err, errno, "cannot lock '%s'",
					     path);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec >= LOCK_SECONDS)
			return pvn_err(err, -ETIMEDOUT,
				       "'%s' was locked for %d s", path,
				       LOCK_SECONDS);
		nanosleep(&tick, NULL);
	}
	locked = fd;
	fd = -1;
	return locked;
}

/* libxl passes type_if in an argument, older ones in the environment. */
static const char *device_type(int argc, char **argv)
{
	const char *env = getenv("type_if");

	for (int i = 2; i < argc; i++) {
		if (!strncmp(argv[i], "type_if=", 8))
			return argv[i] + 8;
	}
	return env && *env ? env : "vif";
}

/* Nothing was made for a disk: then not even xenstored need be asked. */
static bool nothing_to_do(const char *name, const struct hotplug *hp)
{
	return !strcmp(name, "block") && !strcmp(hp->action, "remove");
}

static void report(const struct hotplug *hp, const struct pvn_err *err)
{
	struct pvn_err ignored = { 0 };

	syslog(LOG_ERR, "%s %s: %s", hp->action, hp->path, err->msg);
	fprintf(stderr, "%s %s: %s\n", hp->action, hp->path, err->msg);
	/* A failed removal is no reason to bring the node back. */
	if (!hp->xs ||
	    (strcmp(hp->action, "add") && strcmp(hp->action, "online")))
		return;
	hp_write(hp, "hotplug-error", err->msg, &ignored);
	hp_write(hp, "hotplug-status", err->code == -EBUSY ? "busy" : "error",
		 &ignored);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	struct hotplug hp = { .path = getenv("XENBUS_PATH") };
	struct pvn_err err = { 0 };
	int rc;

	openlog(name, LOG_PID, LOG_DAEMON);
	if (argc < 2 || !hp.path || !*hp.path) {
		fprintf(stderr,
			"usage: XENBUS_PATH=... %s add|remove|online|offline\n",
			name);
		return PVN_EXIT_USAGE;
	}
	hp.action = argv[1];
	hp.type = device_type(argc, argv);
	hp.open = !strcmp(name, "vif-open");
	if (nothing_to_do(name, &hp))
		return PVN_EXIT_OK;
	hp.xs = xs_open(0);
	if (!hp.xs)
		rc = pvn_err_errno(&err, errno, "cannot connect to xenstored");
	else if (!strcmp(name, "block"))
		rc = block_run(&hp, &err);
	else if (!strcmp(name, "vif-bridge") || hp.open)
		rc = vif_run(&hp, &err);
	else
		rc = pvn_err(&err, -EINVAL, "'%s' is no device that I know",
			     name);
	if (rc)
		report(&hp, &err);
	xs_close(hp.xs);
	return rc ? PVN_EXIT_FAILED : PVN_EXIT_OK;
}
