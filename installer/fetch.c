/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fetch.c: files from servers, and what is told to them. There is no https: nothing here could
 * tell the right server from another. */
#include <errno.h>
#include <string.h>

#include "fetch.h"
#include "file.h"
#include "install.h"
#include "mem.h"
#include "run.h"

#define FETCHED "/run/paravane-install/fetched"
#define BODY "/run/paravane-install/body.json"

/* tftp://HOST[:PORT]/PATH by BusyBox's tftp. */
static int fetch_tftp(const char *url, struct pvn_err *err)
{
	autofree char *host = xstrdup(url + strlen("tftp://"));
	char *path = strchr(host, '/');
	char *port;

	if (!path || path == host || !path[1] || *host == '-')
		return pvn_err(err, -EINVAL,
			       "bad URL '%s', expected tftp://HOST/PATH", url);
	*path++ = '\0';
	port = strchr(host, ':');
	if (port)
		*port++ = '\0';
	return PVN_RUN(err, "tftp", "-g", "-l", FETCHED, "-r", path, host,
		       port);
}

static int wait_for_network(const char *url, struct pvn_err *err)
{
	int rc = mkdir_p("/run/paravane-install", 0700, err);

	if (rc)
		return rc;
	unlink(FETCHED);
	if (PVN_RUN(err, "/usr/lib/paravane/network", "dhcp"))
		return pvn_err_wrap(err, "no network to reach '%s'", url);
	return 0;
}

int fetch_url(const char *url, char **text_r, struct pvn_err *err)
{
	bool tftp = !strncmp(url, "tftp://", 7);
	int rc;

	if (!tftp && strncmp(url, "http://", 7))
		return pvn_err(err, -EINVAL,
			       "bad URL '%s', expected http:// or tftp://",
			       url);
	rc = wait_for_network(url, err);
	if (rc)
		return rc;
	if (tftp)
		rc = fetch_tftp(url, err);
	else
		rc = PVN_RUN(err, "wget", "-q", "-T", "30", "-O", FETCHED, url);
	if (rc)
		return pvn_err_wrap(err, "cannot fetch '%s'", url);
	return file_read(FETCHED, text_r, err);
}

int fetch_post(const char *url, const char *json, char **text_r,
	       struct pvn_err *err)
{
	int rc;

	if (strncmp(url, "http://", 7))
		return pvn_err(err, -EINVAL, "bad URL '%s', expected http://",
			       url);
	rc = wait_for_network(url, err);
	if (!rc)
		rc = file_write(BODY, json, 0600, err);
	if (rc)
		return rc;
	rc = PVN_RUN(err, "wget", "-q", "-T", "30", "--header",
		     "Content-Type: application/json", "--post-file", BODY,
		     "-O", FETCHED, url);
	if (rc)
		return pvn_err_wrap(err, "cannot post to '%s'", url);
	return text_r ? file_read(FETCHED, text_r, err) : 0;
}
