/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syscalls.c: leave a process only the system calls that its work needs. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "../lib/mem.h"
#include "syscalls.h"

/* What qemu-img makes was counted with strace over all formats; the rest is what glibc may use
 * in their place, and what starting it takes. */
static const unsigned short converter[] = {
	/* memory */
	SYS_brk,
	SYS_mmap,
	SYS_mprotect,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	/* files that it can open, which are its two devices and libraries */
	SYS_openat,
	SYS_close,
	SYS_close_range,
	SYS_access,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_stat,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_fstatfs,
	SYS_readlink,
	SYS_readlinkat,
	SYS_lseek,
	SYS_getcwd,
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_preadv,
	SYS_write,
	SYS_writev,
	SYS_pwrite64,
	SYS_pwritev,
	SYS_fsync,
	SYS_fdatasync,
	SYS_fallocate,
	SYS_ftruncate,
	SYS_fadvise64,
	SYS_ioctl,
	SYS_fcntl,
	SYS_flock,
	/* waiting */
	SYS_poll,
	SYS_ppoll,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_wait,
	SYS_epoll_pwait,
	SYS_eventfd2,
	SYS_signalfd4,
	SYS_pipe2,
	SYS_dup,
	SYS_dup2,
	SYS_dup3,
	SYS_futex,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_gettimeofday,
	SYS_restart_syscall,
	/* processes and threads */
	SYS_clone,
	SYS_clone3,
	SYS_vfork,
	SYS_execve,
	SYS_wait4,
	SYS_waitid,
	SYS_exit,
	SYS_exit_group,
	SYS_arch_prctl,
	SYS_prctl,
	SYS_prlimit64,
	SYS_rseq,
	SYS_set_robust_list,
	SYS_set_tid_address,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_getpid,
	SYS_gettid,
	SYS_tgkill,
	SYS_kill, /* see end_group() in child.c */
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getppid,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrandom,
	SYS_membarrier,
	/* signals */
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigtimedwait,
	SYS_sigaltstack,
};

/* Reading a pipe, and making files of every kind below a folder that is open. */
static const unsigned short unpacker[] = {
	/* memory */
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	/* the archive, and what is said */
	SYS_read,
	SYS_poll,
	SYS_write,
	SYS_writev,
	SYS_fstat,
	SYS_newfstatat,
	SYS_lseek,
	/* what it makes */
	SYS_openat,
	SYS_openat2,
	SYS_close,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_symlinkat,
	SYS_linkat,
	SYS_unlinkat,
	SYS_fchown,
	SYS_fchownat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_fsetxattr,
	SYS_utimensat,
	SYS_fsync,
	SYS_fdatasync,
	SYS_syncfs,
	SYS_umask,
	/* the rest */
	SYS_clock_gettime,
	SYS_restart_syscall,
	SYS_futex,
	SYS_getrandom,
	SYS_getpid,
	SYS_gettid,
	SYS_geteuid,
	SYS_tgkill,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_exit,
	SYS_exit_group,
};

/* At most 254 of them: a jump goes no further. */
static int restrict_to(const unsigned short *allowed, size_t n,
		       struct pvn_err *err)
{
	const struct sock_filter start[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
	};
	const struct sock_filter end[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	autofree struct sock_filter *filter =
		xcalloc(4 + n + 2, sizeof(*filter));
	const struct sock_fprog program = {
		.len = (unsigned short)(4 + n + 2),
		.filter = filter,
	};

	memcpy(filter, start, sizeof(start));
	for (size_t i = 0; i < n; i++) {
		/* over those that are left and the refusal, to the end */
		filter[4 + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
			(unsigned char)(n - i), 0);
	}
	memcpy(filter + 4 + n, end, sizeof(end));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return pvn_err_errno(err, errno,
				     "cannot restrict system calls");
	return 0;
}

int syscalls_for_converter(struct pvn_err *err)
{
	return restrict_to(converter, sizeof(converter) / sizeof(*converter),
			   err);
}

int syscalls_for_unpacker(struct pvn_err *err)
{
	return restrict_to(unpacker, sizeof(unpacker) / sizeof(*unpacker), err);
}
