/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals.c: notice the signals that ask us to end. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include "signals.h"

static volatile sig_atomic_t caught;

static void note(int sig)
{
	caught = sig;
}

void signals_hold(void)
{
	const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = note, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

int signals_check(struct pvn_err *err)
{
	return caught ? pvn_err(err, -EINTR, "interrupted") : 0;
}
