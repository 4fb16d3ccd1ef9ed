/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c: the only place that starts other programs. No shell is involved. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "mem.h"
#include "run.h"

extern char **environ;

static FILE *log_file;

void pvn_log_to(FILE *log)
{
	log_file = log;
}

void pvn_log(const char *fmt, ...)
{
	va_list ap;

	if (!log_file)
		return;
	va_start(ap, fmt);
	vfprintf(log_file, fmt, ap);
	va_end(ap);
	fputc('\n', log_file);
	fflush(log_file);
}

static struct {
	bool (*is_there)(void *arg); /* NULL: nothing is asked */
	void *arg;
	int seconds;
} object;

void pvn_run_while(bool (*is_there)(void *arg), void *arg, int seconds)
{
	object.is_there = is_there;
	object.arg = arg;
	object.seconds = seconds;
}

/* Text that grows; always NUL-terminated once something was added. */
struct text {
	char *v;
	size_t len;
	size_t room;
};

static void text_add(struct text *t, const char *data, size_t len)
{
	if (t->len + len + 1 > t->room) {
		t->room = (t->len + len + 1) * 2;
		t->v = xrealloc(t->v, t->room);
	}
	memcpy(t->v + t->len, data, len);
	t->len += len;
	t->v[t->len] = '\0';
}

/* One run: what is fed in, what is collected, and the line being made. */
struct job {
	const char *name;
	const struct pvn_feed *feed; /* NULL: /dev/null */
	const char *chunk; /* what it gave last, and what is left of that */
	size_t chunk_left;
	struct pvn_err feed_err; /* why it gave no more */
	int in; /* our end of its stdin, or -1 */
	int out; /* our end of its stdout, or -1; collected in 'output' */
	int log; /* our end of what is logged, or -1 */
	struct text output;
	struct text line;
	char last[256]; /* the last line that it wrote */
	pid_t pid;
	time_t gone; /* since when what it works on is; 0: it is not */
};

static void end_line(struct job *job)
{
	if (job->line.len) {
		pvn_log("%s: %s", job->name, job->line.v);
		snprintf(job->last, sizeof(job->last), "%s", job->line.v);
	}
	job->line.len = 0;
}

static void take_log(struct job *job, const char *data, size_t len)
{
	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		text_add(&job->line, data, n);
		if (!nl)
			return;
		end_line(job);
		data += n + 1;
		len -= n + 1;
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void log_command(char *const argv[])
{
	struct text t = { 0 };

	for (; *argv; argv++) {
		text_add(&t, " ", 1);
		text_add(&t, *argv, strlen(*argv));
	}
	pvn_log("+%s", t.v ? t.v : "");
	free(t.v);
}

/* Start argv with the three descriptors given; -1 is /dev/null. */
static int spawn(struct job *job, char *const argv[], int in, int out,
		 int errfd)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t set;
	int r;

	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attr, &set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&fa, in, 0);
	else
		posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY,
						 0);
	posix_spawn_file_actions_adddup2(&fa, out, 1);
	posix_spawn_file_actions_adddup2(&fa, errfd, 2);
	r = posix_spawnp(&job->pid, argv[0], &fa, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return r;
}

/* A pipe whose ends are not 0, 1 or 2, which dup2() in the child would tread
 * on when we were started with those closed. */
static int safe_pipe(int fd[2])
{
	int raw[2];

	if (pipe2(raw, O_CLOEXEC))
		return -1;
	fd[0] = fcntl(raw[0], F_DUPFD_CLOEXEC, 3);
	fd[1] = fcntl(raw[1], F_DUPFD_CLOEXEC, 3);
	close(raw[0]);
	close(raw[1]);
	return fd[0] < 0 || fd[1] < 0 ? -1 : 0;
}

static int start(struct job *job, char *const argv[], bool collect,
		 struct pvn_err *err)
{
	int in[2] = { -1, -1 };
	int out[2] = { -1, -1 };
	int log[2] = { -1, -1 };
	int rc = 0;
	int r;

	if (safe_pipe(log) || (collect && safe_pipe(out)) ||
	    (job->feed && safe_pipe(in)))
		rc = pvn_err_errno(err, errno, "cannot run '%s'", job->name);
	if (!rc) {
		r = spawn(job, argv, in[0], collect ? out[1] : log[1], log[1]);
		if (r)
			rc = pvn_err_errno(err, r, "cannot run '%s'",
					   job->name);
	}
	close_fd(&in[0]);
	close_fd(&out[1]);
	close_fd(&log[1]);
	job->in = in[1];
	job->out = out[0];
	job->log = log[0];
	if (job->in >= 0)
		fcntl(job->in, F_SETFL, O_NONBLOCK);
	return rc;
}

static void feed(struct job *job)
{
	ssize_t n = 0;

	if (!job->chunk_left) {
		n = job->feed->next(job->feed->arg, &job->chunk,
				    &job->feed_err);
		if (n <= 0) {
			close_fd(&job->in);
			return;
		}
		job->chunk_left = (size_t)n;
	}
	n = write(job->in, job->chunk, job->chunk_left);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* a program may stop reading early; its exit code says whether it minds */
	if (n < 0) {
		close_fd(&job->in);
		return;
	}
	job->chunk += n;
	job->chunk_left -= (size_t)n;
}

static void drain(struct job *job, int *fd)
{
	char buf[4096];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		close_fd(fd);
	else if (fd == &job->out)
		text_add(&job->output, buf, (size_t)n);
	else
		take_log(job, buf, (size_t)n);
}

static void look_after_object(struct job *job)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!object.is_there || object.is_there(object.arg))
		job->gone = 0;
	else if (!job->gone)
		job->gone = now.tv_sec;
	else if (now.tv_sec - job->gone >= object.seconds)
		kill(job->pid, SIGKILL);
}

static void talk(struct job *job)
{
	while (job->in >= 0 || job->out >= 0 || job->log >= 0) {
		struct pollfd p[3] = {
			{ .fd = job->in, .events = POLLOUT },
			{ .fd = job->out, .events = POLLIN },
			{ .fd = job->log, .events = POLLIN },
		};

		if (poll(p, 3, object.is_there ? 1000 : -1) < 0)
			continue;
		look_after_object(job);
		if (p[0].revents)
			feed(job);
		if (p[1].revents)
			drain(job, &job->out);
		if (p[2].revents)
			drain(job, &job->log);
	}
	end_line(job);
}

static int finish(struct job *job, struct pvn_err *err)
{
	const char *sep = *job->last ? ": " : "";
	int status;

	while (waitpid(job->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return pvn_err_errno(err, errno, "cannot wait for '%s'",
					     job->name);
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status))
		pvn_err(err, -EIO, "'%s' failed with exit code %d%s%s",
			job->name, WEXITSTATUS(status), sep, job->last);
	else
		pvn_err(err, -EIO, "'%s' was killed by signal %d%s%s",
			job->name, WTERMSIG(status), sep, job->last);
	pvn_log("%s", err->msg);
	return err->code;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int run_job(char *const argv[], const struct pvn_feed *feed_from,
		   char **out_r, struct pvn_err *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;
	struct job job = {
		.name = base_name(argv[0]),
		.feed = feed_from,
		.in = -1,
		.out = -1,
		.log = -1,
	};
	int rc;

	log_command(argv);
	sigaction(SIGPIPE, &ignore, &old);
	rc = start(&job, argv, out_r != NULL, err);
	if (!rc) {
		talk(&job);
		rc = finish(&job, err);
		/* what it was not given is why it failed */
		if (job.feed_err.code) {
			*err = job.feed_err;
			rc = err->code;
		}
	}
	sigaction(SIGPIPE, &old, NULL);
	close_fd(&job.in);
	close_fd(&job.out);
	close_fd(&job.log);
	free(job.line.v);
	if (out_r) {
		*out_r = NULL;
		if (!rc)
			*out_r = job.output.v ? job.output.v : xstrdup("");
	}
	if (!out_r || rc)
		free(job.output.v);
	return rc;
}

int pvn_run(char *const argv[], struct pvn_err *err)
{
	return run_job(argv, NULL, NULL, err);
}

int pvn_run_output(char *const argv[], char **out_r, struct pvn_err *err)
{
	return run_job(argv, NULL, out_r, err);
}

int pvn_run_feed(char *const argv[], const struct pvn_feed *feed_from,
		 struct pvn_err *err)
{
	return run_job(argv, feed_from, NULL, err);
}

int pvn_stream_begin(char *const argv[], struct pvn_stream *stream,
		     struct pvn_err *err)
{
	struct job job = {
		.name = base_name(argv[0]),
		.in = -1,
		.out = -1,
		.log = -1,
	};
	int rc;

	log_command(argv);
	rc = start(&job, argv, true, err);
	if (rc) {
		close_fd(&job.out);
		close_fd(&job.log);
		return rc;
	}
	snprintf(stream->name, sizeof(stream->name), "%s", job.name);
	stream->out = job.out;
	stream->log = job.log;
	stream->pid = job.pid;
	return 0;
}

int pvn_stream_end(struct pvn_stream *stream, struct pvn_err *err)
{
	struct job job = {
		.name = stream->name,
		.pid = stream->pid,
		.in = -1,
		.out = -1,
		.log = stream->log,
	};
	siginfo_t info = { 0 };
	int rc;

	if (!stream->pid)
		return 0;
	close_fd(&stream->out);
	talk(&job);
	free(job.line.v);
	while (waitid(P_PID, (id_t)stream->pid, &info, WEXITED | WNOWAIT) &&
	       errno == EINTR)
		;
	rc = finish(&job, err);
	*stream = (struct pvn_stream)PVN_STREAM_INIT;
	return info.si_code == CLD_KILLED && info.si_status == SIGPIPE ? 0 : rc;
}

/* All of a string at once, then nothing. */
static ssize_t next_of_string(void *arg, const char **data_r,
			      struct pvn_err *err)
{
	const char **text = arg;

	(void)err;
	*data_r = *text;
	*text += strlen(*text);
	return (ssize_t)strlen(*data_r);
}

int pvn_run_input(char *const argv[], const char *input, struct pvn_err *err)
{
	const struct pvn_feed string = { next_of_string, &input };

	return pvn_run_feed(argv, &string, err);
}
