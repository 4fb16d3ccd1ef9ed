/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.c: facts about this host. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include "../lib/file.h"
#include "../lib/kv.h"
#include "host.h"

#define LOCK_PATH PATH_RUN "/guest.lock"
#define LOCK_SECONDS 60
#define TICKS 10 /* in a second */
/* Shared by those that gave the lock back for a while. */
#define WORK_PATH PATH_RUN "/work.lock"

int host_read(struct host *host, struct pvn_err *err)
{
	auto_kv struct kv_list list = { 0 };
	const char *vg, *pool;
	int rc;

	if (!file_exists(PATH_HOST))
		return pvn_err(
			err, -ENOENT,
			"this host has no guest storage: it is not installed");
	rc = kv_read(&list, PATH_HOST, err);
	if (rc)
		return rc;
	vg = kv_get(&list, "vg");
	pool = kv_get(&list, "pool");
	if (!vg || !*vg || !pool || !*pool)
		return pvn_err(err, -EINVAL, "no 'vg' or no 'pool' in '%s'",
			       PATH_HOST);
	host->vg = xstrdup(vg);
	host->pool = xstrdup(pool);
	return 0;
}

void host_free(struct host *host)
{
	free(host->vg);
	free(host->pool);
	*host = (struct host){ 0 };
}

void host_bridges(struct strlist *list)
{
	DIR *dir = opendir("/sys/class/net");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		autofree char *path =
			xasprintf("/sys/class/net/%s/bridge", entry->d_name);

		if (entry->d_name[0] != '.' && file_exists(path))
			strlist_add(list, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static int prefix_length(const struct sockaddr *mask)
{
	const struct sockaddr_in *in = (const void *)mask;

	return mask ? __builtin_popcount(in->sin_addr.s_addr) : 32;
}

char *host_address(const char *name)
{
	struct ifaddrs *all = NULL;
	char *found = NULL;
	char text[INET_ADDRSTRLEN];

	if (getifaddrs(&all))
		return NULL;
	for (struct ifaddrs *a = all; a && !found; a = a->ifa_next) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;

		if (!in || in->sin_family != AF_INET ||
		    strcmp(a->ifa_name, name))
			continue;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		found = xasprintf("%s/%d", text, prefix_length(a->ifa_netmask));
	}
	freeifaddrs(all);
	return found;
}

char *host_cmdline(const char *key)
{
	autofree char *line = file_read_line("/proc/cmdline");
	size_t len = strlen(key);
	char *save = NULL;

	if (!line)
		return NULL;
	for (char *word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (!strncmp(word, key, len) && word[len] == '=')
			return xstrdup(word + len + 1);
	}
	return NULL;
}

char *host_boot_fact(const char *key)
{
	auto_kv struct kv_list facts = { 0 };
	struct pvn_err ignored;
	const char *value = kv_read(&facts, PATH_RUN "/mode", &ignored)
				    ? NULL
				    : kv_get(&facts, key);

	return value && *value ? xstrdup(value) : NULL;
}

/* Who has the lock, as the holder wrote it there. */
static char *lock_holder(void)
{
	char *line = file_read_line(LOCK_PATH);

	if (line && *line)
		return line;
	free(line);
	return xstrdup("another command");
}

/* @seconds: 0 is for as long as it takes. */
static int wait_lock(int fd, int seconds, struct pvn_err *err)
{
	const struct timespec tick = { .tv_nsec = 1000000000 / TICKS };

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return pvn_err_errno(err, errno, "cannot lock '%s'",
					     LOCK_PATH);
		autofree char *holder = lock_holder();

		if (seconds && i >= seconds * TICKS)
			return pvn_err(
				err, -EBUSY,
				"%s is at work for more than %d s, try again later",
				holder, seconds);
		if (i == TICKS) /* a person wants to know */
			fprintf(stderr, "waiting for %s\n", holder);
		nanosleep(&tick, NULL);
	}
	return 0;
}

static int lock_fd = -1;
static int work_fd = -1;

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void host_unlock(void)
{
	work_fd = open(WORK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (work_fd >= 0)
		flock(work_fd, LOCK_SH);
	close_fd(&lock_fd);
}

static int lock(const char *what, int seconds, struct pvn_err *err)
{
	autofree char *holder =
		xasprintf("'%s' (process %d)\n", what, (int)getpid());
	int fd, rc;

	rc = mkdir_p(PATH_RUN, 0755, err);
	if (rc)
		return rc;
	/* The lock ends with the process. */
	fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open '%s'", LOCK_PATH);
	rc = wait_lock(fd, seconds, err);
	if (rc) {
		close(fd);
		return rc;
	}
	lock_fd = fd;
	close_fd(&work_fd);
	if (ftruncate(fd, 0) ||
	    write(fd, holder, strlen(holder)) != (ssize_t)strlen(holder))
		fprintf(stderr, "cannot write '%s': %s\n", LOCK_PATH,
			strerror(errno));
	return 0;
}

int host_lock(const char *what, struct pvn_err *err)
{
	return lock(what, LOCK_SECONDS, err);
}

int host_relock(const char *what, struct pvn_err *err)
{
	return lock(what, 0, err);
}

static bool is_free(const char *path)
{
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 || !flock(fd, LOCK_EX | LOCK_NB);
}

bool host_is_idle(void)
{
	return is_free(WORK_PATH) && (lock_fd >= 0 || is_free(LOCK_PATH));
}
