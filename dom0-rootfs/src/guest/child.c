/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child.c: do something in a process of its own, with less rights. */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include "../lib/mem.h"
#include "../lib/size.h"
#include "child.h"
#include "syscalls.h"

/* 'image' of dom0's /etc/passwd; owns nothing */
#define IMAGE_UID 980
#define MAX_MEMORY GIB
#define MAX_FILES 64
#define MAX_PROCESSES 64

struct shared {
	struct pvn_err err;
	int rc;
	bool done;
	char arg[];
};

static int wait_child(pid_t pid, const char *what, const struct shared *s,
		      struct pvn_err *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (s->done && s->rc)
		return pvn_err(err, s->rc, "%s", s->err.msg);
	if (s->done)
		return 0;
	if (WIFSIGNALED(status))
		return pvn_err(err, -EIO, "%s was killed by signal %d", what,
			       WTERMSIG(status));
	return pvn_err(err, -EIO, "%s ended by itself", what);
}

int child_run(const char *what, int (*fn)(void *arg, struct pvn_err *err),
	      void *arg, size_t size, struct pvn_err *err)
{
	struct shared *s = mmap(NULL, sizeof(*s) + size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getpid();
	pid_t pid;
	int rc;

	if (s == MAP_FAILED)
		return pvn_err_errno(err, errno, "cannot map memory");
	memcpy(s->arg, arg, size);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		s->rc = fn(s->arg, &s->err);
		s->done = true;
		_exit(0);
	}
	if (pid < 0) {
		rc = pvn_err_errno(err, errno, "cannot fork");
	} else {
		rc = wait_child(pid, what, s, err);
		memcpy(arg, s->arg, size);
	}
	munmap(s, sizeof(*s) + size);
	return rc;
}

int child_isolate(struct pvn_err *err)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return pvn_err_errno(err, errno, "cannot make namespaces");
	return 0;
}

static int make_device(const char *dir, const struct child_device *d,
		       struct pvn_err *err)
{
	autofree char *node = xasprintf("%s/dev/%s", dir, d->name);
	struct stat st;

	if (stat(d->path, &st))
		return pvn_err_errno(err, errno, "cannot find '%s'", d->path);
	if (!S_ISBLK(st.st_mode) && !S_ISCHR(st.st_mode))
		return pvn_err(err, -EINVAL, "'%s' is no device", d->path);
	if (mknod(node, (st.st_mode & S_IFMT) | (d->writable ? 0600 : 0400),
		  st.st_rdev) ||
	    chown(node, IMAGE_UID, IMAGE_UID))
		return pvn_err_errno(err, errno, "cannot make '%s'", node);
	return 0;
}

/* The child's root: programs and their libraries, read-only, and nothing else. */
static int make_root(const char *dir, struct pvn_err *err)
{
	const char *const links[] = { "bin", "sbin", "lib", "lib64" };
	autofree char *usr = xasprintf("%s/usr", dir);
	autofree char *dev = xasprintf("%s/dev", dir);

	if (mount("box", dir, "tmpfs", MS_NOSUID | MS_NOEXEC,
		  "mode=755,size=1m"))
		return pvn_err_errno(err, errno, "cannot mount '%s'", dir);
	if (mkdir(usr, 0755) || mkdir(dev, 0755) ||
	    mount("/usr", usr, NULL, MS_BIND, NULL) ||
	    mount(NULL, usr, NULL,
		  MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV,
		  NULL))
		return pvn_err_errno(err, errno, "cannot fill '%s'", dir);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		autofree char *from = xasprintf("%s/%s", dir, links[i]);
		autofree char *to = xasprintf(
			"usr/%s", strcmp(links[i], "lib64") ? links[i] : "lib");

		if (symlink(to, from))
			return pvn_err_errno(err, errno, "cannot make '%s'",
					     from);
	}
	return 0;
}

static int drop_rights(struct pvn_err *err)
{
	const struct rlimit memory = { MAX_MEMORY, MAX_MEMORY };
	const struct rlimit files = { MAX_FILES, MAX_FILES };
	const struct rlimit processes = { MAX_PROCESSES, MAX_PROCESSES };

	if (setrlimit(RLIMIT_AS, &memory) || setrlimit(RLIMIT_NOFILE, &files) ||
	    setrlimit(RLIMIT_NPROC, &processes) || setgroups(0, NULL) ||
	    setresgid(IMAGE_UID, IMAGE_UID, IMAGE_UID) ||
	    setresuid(IMAGE_UID, IMAGE_UID, IMAGE_UID) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return pvn_err_errno(err, errno, "cannot give rights away");
	return syscalls_restrict(err);
}

int child_confine(const char *dir, const struct child_device *devices, size_t n,
		  struct pvn_err *err)
{
	const struct child_device null = { "/dev/null", "null", true };
	int rc = make_root(dir, err);

	if (!rc)
		rc = make_device(dir, &null, err);
	for (size_t i = 0; !rc && i < n; i++)
		rc = make_device(dir, &devices[i], err);
	if (rc)
		return rc;
	if (chroot(dir) || chdir("/"))
		return pvn_err_errno(err, errno, "cannot enter '%s'", dir);
	return drop_rights(err);
}
