/* SPDX-License-Identifier: GPL-2.0-or-later */
/* request.h: the line that a client of guestd sends: "VERB [NAME] [SECONDS]". */
#ifndef PVN_REQUEST_H
#define PVN_REQUEST_H

#include "../lib/err.h"

#define REQUEST_MAX 128 /* bytes of a line with its newline */
#define REQUEST_NAME_MAX 64

enum request_verb {
	REQUEST_START, /* NAME: answered when it runs */
	REQUEST_STOP, /* NAME SECONDS: asked to shut down; answered when it is gone */
	REQUEST_KILL, /* NAME: answered when it is gone */
	REQUEST_HOLD, /* NAME: paused until the client ends; answered when it is, and then */
	REQUEST_NAMES, /* answered by lines "say DOMID NAME" for the domains that are known */
	REQUEST_UPKEEP, /* run 'paravane upkeep' soon; answered at once */
	REQUEST_DROP_SPARES, /* answered when their memory is free */
	REQUEST_DROP_SPARE, /* NAME, its ID: the same of one */
	REQUEST_SHUTDOWN_ALL, /* SECONDS: the same for all, with lines "say ..." */
};

struct request {
	enum request_verb verb;
	char name[REQUEST_NAME_MAX]; /* "" without */
	unsigned int seconds; /* 0 without */
};

/* Parse a line without its newline. Returns 0 or -EINVAL. */
int request_parse(const char *line, struct request *request,
		  struct pvn_err *err);

#endif
