/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.h: the only place that starts other programs. No shell is involved. */
#ifndef PVN_RUN_H
#define PVN_RUN_H

#include <stdbool.h>
#include <sys/types.h>
#include "err.h"

/* Where log lines of programs and steps go; a NULL file drops them. The
 * default is no log. The stream is borrowed. */
#include <stdio.h>
void pvn_log_to(FILE *log);
void pvn_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Run argv[0] (found in PATH) with argv, stdin from /dev/null, and wait. Each line that
 * it writes goes to the log with the program's name before it.
 * Returns: 0 when it exited with 0; otherwise negative, and *err says what was
 * run, how it ended, and the last line that it wrote. */
int pvn_run(char *const argv[], struct pvn_err *err);

/* While programs run, ask once a second whether what they work on is still there. One that goes on for @seconds
 * after it was not is killed: the kernel may have it wait for ever. NULL: ask nothing. */
void pvn_run_while(bool (*is_there)(void *arg), void *arg, int seconds);

/* The same, but its standard output is returned in *out_r (NUL-terminated,
 * caller frees; NULL on failure) and only its standard error is logged. */
int pvn_run_output(char *const argv[], char **out_r, struct pvn_err *err);

/* What goes to a program's standard input, piece by piece: next() points *data_r at what is
 * valid until the next call, and returns how many bytes that are, 0 at the end or a negative
 * errno, which then is the run's. */
struct pvn_feed {
	ssize_t (*next)(void *arg, const char **data_r, struct pvn_err *err);
	void *arg;
};

int pvn_run_feed(char *const argv[], const struct pvn_feed *feed_from,
		 struct pvn_err *err);

/* The same, with @input (a string) on its standard input. */
int pvn_run_input(char *const argv[], const char *input, struct pvn_err *err);

/* A program that runs beside us: what it writes to its standard output is read from 'out'. Both
 * are the caller's from begin to end. */
struct pvn_stream {
	int out;
	int log;
	pid_t pid; /* 0: none runs */
	char name[32];
};

#define PVN_STREAM_INIT { .out = -1, .log = -1 }

int pvn_stream_begin(char *const argv[], struct pvn_stream *stream,
		     struct pvn_err *err);

/* Close 'out' and wait for it. As pvn_run(), but one that ends because nobody reads what it
 * writes has done nothing wrong. Does nothing where none runs. */
int pvn_stream_end(struct pvn_stream *stream, struct pvn_err *err);

/* pvn_run() with the arguments spelled out: PVN_RUN(err, "mkfs.ext4", "-q", dev). */
#define PVN_RUN(err, ...) pvn_run(PVN_ARGV(__VA_ARGS__), (err))

/* Arguments spelled out, for the other two. They are never written to, so
 * constant strings are welcome. */
#define PVN_ARGV(...) \
	((char *const *)(const char *const[]){ __VA_ARGS__, NULL })

#endif
