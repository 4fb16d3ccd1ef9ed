/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks.c: what others have to do with an installation: a script of theirs that is run at its end,
 * and a server that gets its result. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

#include "fetch.h"
#include "file.h"
#include "hooks.h"
#include "lines.h"
#include "run.h"

#define SCRIPT "/run/paravane-install/script"

int hook_fetch(const struct install *in, struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc = fetch_url(in->answers->script, &text, err);

	if (!rc && strncmp(text, "#!", 2) != 0)
		rc = pvn_err(err, -EINVAL,
			     "'%s' is no script, expected '#!' and an "
			     "interpreter in its first line",
			     in->answers->script);
	return rc ? rc : file_write(SCRIPT, text, 0700, err);
}

int hook_script(const struct install *in, struct pvn_err *err)
{
	const struct {
		const char *name;
		const char *value;
	} environment[] = {
		{ "PARAVANE_STATE", MNT_STATE },
		{ "PARAVANE_ID", in->id },
		{ "PARAVANE_DISK", in->disk->path },
		{ "PARAVANE_HOSTNAME", in->answers->hostname },
	};

	for (size_t i = 0; i < sizeof(environment) / sizeof(*environment);
	     i++) {
		if (environment[i].value)
			setenv(environment[i].name, environment[i].value, 1);
	}
	return PVN_RUN(err, SCRIPT);
}

/* The address without its prefix length. */
static void add_address(struct strlist *list, const char *cidr)
{
	strlist_addf(list, "%.*s", (int)strcspn(cidr, "/"), cidr);
}

/* What br0 has of this family now: where the host asks for its address, most likely its own. */
static void add_present(struct strlist *list, int family)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		const void *address;

		if (!a->ifa_addr || a->ifa_addr->sa_family != family ||
		    strcmp(a->ifa_name, "br0") != 0)
			continue;
		address =
			family == AF_INET
				? (const void *)&((struct sockaddr_in *)(void *)
							  a->ifa_addr)
					  ->sin_addr
				: &((struct sockaddr_in6 *)(void *)a->ifa_addr)
					   ->sin6_addr;
		if (family == AF_INET6 &&
		    IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)address))
			continue;
		if (inet_ntop(family, address, text, sizeof(text)))
			strlist_add(list, text);
	}
	freeifaddrs(all);
}

static void put(FILE *f, const char *key, const char *value)
{
	fprintf(f, ",\"%s\":", key);
	if (value)
		json_quote(f, value);
	else
		fputs("null", f);
}

static void put_list(FILE *f, const char *key, const struct strlist *list)
{
	fprintf(f, ",\"%s\":[", key);
	for (size_t i = 0; i < list->n; i++) {
		fputs(i ? "," : "", f);
		json_quote(f, list->v[i]);
	}
	fputc(']', f);
}

static char *result_json(const struct install *in, const struct answers *a,
			 const struct pvn_err *failure)
{
	autofree char *version = file_read_line("/etc/paravane/version");
	auto_strlist struct strlist addresses = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	if (a->address)
		add_address(&addresses, a->address);
	else
		add_present(&addresses, AF_INET);
	if (a->address6)
		add_address(&addresses, a->address6);
	else if (strcmp(a->method6, "off") != 0)
		add_present(&addresses, AF_INET6);
	fprintf(f, "{\"result\":\"%s\"", failure ? "failed" : "ok");
	put(f, "error", failure ? failure->msg : NULL);
	put(f, "id", *in->id ? in->id : NULL);
	put(f, "hostname", a->hostname);
	put(f, "disk", in->disk ? in->disk->path : NULL);
	put_list(f, "addresses", &addresses);
	put(f, "fingerprint", in->fingerprint);
	put(f, "version", version);
	fputs("}\n", f);
	fclose(f);
	return text;
}

int hook_result(const struct install *in, const struct answers *a,
		const struct pvn_err *failure, struct pvn_err *err)
{
	autofree char *json = result_json(in, a, failure);

	return fetch_post(a->webhook, json, NULL, err);
}
