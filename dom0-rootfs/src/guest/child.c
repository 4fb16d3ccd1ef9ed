/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child.c: do something in a process of its own, with less rights. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/size.h"
#include "child.h"
#include "signals.h"
#include "syscalls.h"

/* 'image' of dom0's /etc/passwd; owns nothing */
#define IMAGE_UID 980
#define LEAST_MEMORY (96 * 1024 * 1024)
#define STACK_BYTES (1024 * 1024) /* of each thread */
#define MAX_SECONDS (24 * 3600)
/* Between two looks of a watch. */
#define WATCH_MS 200
#define MAX_FILES 64
#define MAX_PROCESSES 64

struct shared {
	struct pvn_err err;
	int rc;
	bool done;
	char arg[];
};

/* Whose death is ours. */
static pid_t parent;

/* What it started is in its group; each of these has the same parent no more. */
static void end_group(int sig)
{
	(void)sig;
	kill(0, SIGKILL);
}

/* Also to be called after another user became the child's: the kernel forgets it then. */
static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		kill(0, SIGKILL);
}

static int look(const struct child_watch *watch, struct pvn_err *err)
{
	int rc = signals_check(err);

	return rc || !watch ? rc : watch->look(watch->arg, err);
}

/* Until it ends, or something says that it must: then with all that it started. */
static int wait_child(pid_t pid, const struct child_watch *watch, int *status_r,
		      struct pvn_err *err)
{
	autoclose int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int rc = 0;

	while (!rc && !waitpid(pid, status_r, WNOHANG)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		poll(&p, 1, WATCH_MS);
		rc = look(watch, err);
	}
	if (!rc)
		return 0;
	kill(-pid, SIGKILL);
	while (waitpid(pid, status_r, 0) < 0 && errno == EINTR)
		;
	return rc;
}

static int judge(int status, const char *what, const struct shared *s,
		 struct pvn_err *err)
{
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
	      void *arg, size_t size, const struct child_watch *watch,
	      struct pvn_err *err)
{
	struct shared *s = mmap(NULL, sizeof(*s) + size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;
	int rc;

	if (s == MAP_FAILED)
		return pvn_err_errno(err, errno, "cannot map memory");
	memcpy(s->arg, arg, size);
	fflush(NULL);
	parent = getpid();
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGTERM, end_group);
		die_with_parent();
		s->rc = fn(s->arg, &s->err);
		s->done = true;
		_exit(0);
	}
	if (pid < 0) {
		rc = pvn_err_errno(err, errno, "cannot fork");
	} else {
		setpgid(pid, pid); /* whoever of the two is first */
		rc = wait_child(pid, watch, &status, err);
		if (!rc)
			rc = judge(status, what, s, err);
		memcpy(arg, s->arg, size);
	}
	munmap(s, sizeof(*s) + size);
	return rc;
}

/* Half of what dom0 has left. */
static rlim_t memory_limit(void)
{
	autofree char *meminfo = NULL;
	struct pvn_err ignored;
	uint64_t available = 0;
	const char *at;

	if (!file_read("/proc/meminfo", &meminfo, &ignored) &&
	    (at = strstr(meminfo, "MemAvailable:")))
		available =
			strtoull(at + strlen("MemAvailable:"), NULL, 10) * 1024;
	available /= 2;
	return available > LEAST_MEMORY ? available : LEAST_MEMORY;
}

static int limit(struct pvn_err *err)
{
	const rlim_t bytes = memory_limit();
	const struct rlimit no_core = { 0, 0 };
	/* Memory that it writes, not addresses: each of qemu-img's threads reserves
	 * 64 MiB of these. */
	const struct rlimit memory = { bytes, bytes };
	const struct rlimit stack = { STACK_BYTES, STACK_BYTES };
	const struct rlimit seconds = { MAX_SECONDS, MAX_SECONDS };
	autoclose int fd =
		open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1000", 4) != 4 ||
	    setrlimit(RLIMIT_CORE, &no_core) ||
	    setrlimit(RLIMIT_DATA, &memory) ||
	    setrlimit(RLIMIT_STACK, &stack) || setrlimit(RLIMIT_CPU, &seconds))
		return pvn_err_errno(err, errno, "cannot set limits");
	return 0;
}

int child_own_mounts(struct pvn_err *err)
{
	int rc = mkdir_p(CHILD_MOUNT, 0755, err);

	if (rc)
		return rc;
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return pvn_err_errno(err, errno,
				     "cannot make a mount namespace");
	return 0;
}

int child_isolate(struct pvn_err *err)
{
	int rc = limit(err);

	if (!rc)
		rc = child_own_mounts(err);
	if (rc)
		return rc;
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC))
		return pvn_err_errno(err, errno, "cannot make namespaces");
	return 0;
}

/* Owners, modes, device nodes, file capabilities, and what is in other users' folders. */
static const int unpackers[] = { CAP_CHOWN,	   CAP_FOWNER, CAP_FSETID,
				 CAP_DAC_OVERRIDE, CAP_MKNOD,  CAP_SETFCAP };

int child_keep_unpackers_rights(struct pvn_err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { 0 };

	for (size_t i = 0; i < sizeof(unpackers) / sizeof(unpackers[0]); i++)
		data[CAP_TO_INDEX(unpackers[i])].permitted |=
			CAP_TO_MASK(unpackers[i]);
	for (size_t i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	if (syscall(SYS_capset, &head, data) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return pvn_err_errno(err, errno, "cannot give rights away");
	return syscalls_for_unpacker(err);
}

static int make_device(const struct child_device *d, struct pvn_err *err)
{
	autofree char *node = xasprintf(CHILD_MOUNT "/dev/%s", d->name);
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
static int make_root(struct pvn_err *err)
{
	static const char usr[] = CHILD_MOUNT "/usr";
	const char *const links[] = { "bin", "sbin", "lib", "lib64" };

	if (mount("box", CHILD_MOUNT, "tmpfs", MS_NOSUID | MS_NOEXEC,
		  "mode=755,size=1m"))
		return pvn_err_errno(err, errno, "cannot mount '%s'",
				     CHILD_MOUNT);
	if (mkdir(usr, 0755) || mkdir(CHILD_MOUNT "/dev", 0755) ||
	    mount("/usr", usr, NULL, MS_BIND, NULL) ||
	    mount(NULL, usr, NULL,
		  MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV,
		  NULL))
		return pvn_err_errno(err, errno, "cannot fill '%s'",
				     CHILD_MOUNT);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		autofree char *from = xasprintf(CHILD_MOUNT "/%s", links[i]);
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
	const struct rlimit files = { MAX_FILES, MAX_FILES };
	const struct rlimit processes = { MAX_PROCESSES, MAX_PROCESSES };

	if (setrlimit(RLIMIT_NOFILE, &files) ||
	    setrlimit(RLIMIT_NPROC, &processes) || setgroups(0, NULL) ||
	    setresgid(IMAGE_UID, IMAGE_UID, IMAGE_UID) ||
	    setresuid(IMAGE_UID, IMAGE_UID, IMAGE_UID) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return pvn_err_errno(err, errno, "cannot give rights away");
	die_with_parent();
	return syscalls_for_converter(err);
}

int child_confine(const struct child_device *devices, size_t n,
		  struct pvn_err *err)
{
	const struct child_device null = { "/dev/null", "null", true };
	int rc = make_root(err);

	if (!rc)
		rc = make_device(&null, err);
	for (size_t i = 0; !rc && i < n; i++)
		rc = make_device(&devices[i], err);
	if (rc)
		return rc;
	if (chroot(CHILD_MOUNT) || chdir("/"))
		return pvn_err_errno(err, errno, "cannot enter '%s'",
				     CHILD_MOUNT);
	return drop_rights(err);
}
