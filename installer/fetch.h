/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fetch.h: files from servers, and what is told to them. Each waits for the network first, at
 * most a minute. */
#ifndef PVN_FETCH_H
#define PVN_FETCH_H

#include "err.h"

/* What is at @url (http, tftp); caller frees. */
int fetch_url(const char *url, char **text_r, struct pvn_err *err);

/* POST @json to @url (http). With text_r the answer's text; caller frees. */
int fetch_post(const char *url, const char *json, char **text_r,
	       struct pvn_err *err);

#endif
