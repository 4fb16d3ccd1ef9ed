/* SPDX-License-Identifier: GPL-2.0-or-later */
/* request.c: understand the line that a client sends. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "request.h"

#define MAX_SECONDS 86400

static const struct {
	const char *name;
	enum request_verb verb;
	bool has_name;
	bool has_seconds;
} verbs[] = {
	{ "start", REQUEST_START, true, false },
	{ "stop", REQUEST_STOP, true, true },
	{ "kill", REQUEST_KILL, true, false },
	{ "hold", REQUEST_HOLD, true, false },
	{ "names", REQUEST_NAMES, false, false },
	{ "upkeep", REQUEST_UPKEEP, false, false },
	{ "drop-spares", REQUEST_DROP_SPARES, false, false },
	{ "drop-spare", REQUEST_DROP_SPARE, true, false },
	{ "shutdown-all", REQUEST_SHUTDOWN_ALL, false, true },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* The next word of *line_io, or NULL. There is one blank between words. */
static char *next_word(char **line_io)
{
	char *word = *line_io ? strsep(line_io, " ") : NULL;

	return word && *word ? word : NULL;
}

static int take_name(const char *word, struct request *request,
		     struct pvn_err *err)
{
	/* It becomes a file's name. */
	if (!word || *word == '.' || strchr(word, '/') ||
	    strlen(word) >= sizeof(request->name))
		return pvn_err(err, -EINVAL, "bad request: no name of a guest");
	strcpy(request->name, word);
	return 0;
}

static int take_seconds(const char *word, struct request *request,
			struct pvn_err *err)
{
	char *end = NULL;
	long seconds = word ? strtol(word, &end, 10) : 0;

	if (!word || *end || seconds < 1 || seconds > MAX_SECONDS)
		return pvn_err(err, -EINVAL,
			       "bad request: no number of seconds");
	request->seconds = (unsigned int)seconds;
	return 0;
}

int request_parse(const char *line, struct request *request,
		  struct pvn_err *err)
{
	char copy[REQUEST_MAX];
	char *rest = copy;
	const char *verb;
	int rc = 0;

	*request = (struct request){ 0 };
	if (strlen(line) >= sizeof(copy))
		return pvn_err(err, -EINVAL, "bad request: too long");
	strcpy(copy, line);
	verb = next_word(&rest);
	for (size_t i = 0; verb && i < N_VERBS; i++) {
		if (strcmp(verb, verbs[i].name))
			continue;
		request->verb = verbs[i].verb;
		if (verbs[i].has_name)
			rc = take_name(next_word(&rest), request, err);
		if (!rc && verbs[i].has_seconds)
			rc = take_seconds(next_word(&rest), request, err);
		if (!rc && rest)
			rc = pvn_err(err, -EINVAL,
				     "bad request: more than '%s' takes", verb);
		return rc;
	}
	return pvn_err(err, -EINVAL, "bad request: unknown command");
}
