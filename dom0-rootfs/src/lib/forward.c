/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forward.c: ports of the host that lead to guests on nat0, as they are written. */
#include <errno.h>
#include <string.h>
#include "nat.h"

int port_parse(const char *text, uint16_t *port_r, struct pvn_err *err)
{
	size_t len = strlen(text);
	unsigned long n = strtoul(text, NULL, 10);

	if (len < 1 || len > 5 || strspn(text, "0123456789") != len || n < 1 ||
	    n > 65535)
		return pvn_err(err, -EINVAL,
			       "'%.40s' is no port: expected 1 to 65535", text);
	*port_r = (uint16_t)n;
	return 0;
}

int forward_parse_target(const char *text, char **guest_r, uint16_t *port_r,
			 struct pvn_err *err)
{
	const char *colon = strchr(text, ':');
	int rc;

	if (!colon || colon == text)
		return pvn_err(err, -EINVAL,
			       "'%.60s' is no guest with a port, like web1:80",
			       text);
	rc = port_parse(colon + 1, port_r, err);
	if (!rc)
		*guest_r = xasprintf("%.*s", (int)(colon - text), text);
	return rc;
}

static int parse_pair(const struct kv *pair, struct forward *fw,
		      struct pvn_err *err)
{
	bool tcp = !strncmp(pair->key, "tcp/", 4);
	int rc;

	*fw = (struct forward){ .udp = !tcp };
	if (!tcp && strncmp(pair->key, "udp/", 4))
		return pvn_err(err, -EINVAL,
			       "'%.40s' is neither tcp/PORT nor udp/PORT",
			       pair->key);
	rc = port_parse(pair->key + 4, &fw->port, err);
	return rc ? rc
		  : forward_parse_target(pair->value, &fw->guest, &fw->to, err);
}

int forwards_parse(const struct kv_list *pairs, struct forward_list *list,
		   struct pvn_err *err)
{
	int rc = 0;

	list->v = xcalloc(pairs->n + 1, sizeof(*list->v));
	for (size_t i = 0; i < pairs->n && !rc; i++) {
		rc = parse_pair(&pairs->v[i], &list->v[list->n], err);
		if (!rc)
			list->n++;
		else
			pvn_err_wrap(err, "'%s'", NAT_FORWARDS);
	}
	return rc;
}

bool forwards_rename(struct kv_list *pairs, const char *from, const char *to)
{
	size_t len = strlen(from);
	bool any = false;

	for (size_t i = 0; i < pairs->n; i++) {
		char *value = pairs->v[i].value;

		if (strncmp(value, from, len) || value[len] != ':')
			continue;
		pairs->v[i].value = xasprintf("%s%s", to, value + len);
		free(value);
		any = true;
	}
	return any;
}

void forwards_free(struct forward_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].guest);
	free(list->v);
	*list = (struct forward_list){ 0 };
}
