/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_wait.c: 'guest wait': wait until a guest can be reached, or is off. */
#include <errno.h>
#include <string.h>
#include "cmd.h"
#include "create.h"
#include "json.h"
#include "progress.h"
#include "wait.h"

#define DEFAULT_TIMEOUT 120

struct opts {
	const char *what;
	unsigned int timeout;
	bool json;
};

static const struct opt opts[] = {
	OPT("for", OPT_STRING, what, "ssh|ip|off", "what to wait for",
	    .required = true),
	OPT("timeout", OPT_UINT, timeout, "SECONDS",
	    "how long, at most (default: 120)", .min = 1, .max = 86400),
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static const struct opts defaults = { .timeout = DEFAULT_TIMEOUT };

static int parse_what(const char *text, enum wait_for *what_r,
		      struct pvn_err *err)
{
	static const char *const names[] = {
		[WAIT_SSH] = "ssh",
		[WAIT_IP] = "ip",
		[WAIT_OFF] = "off",
	};

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, names[i]))
			continue;
		*what_r = (enum wait_for)i;
		return 0;
	}
	return pvn_err(err, -EINVAL, "'--for %s' is none of ssh, ip, off",
		       text);
}

static void report(const struct wait *w, bool as_json)
{
	auto_json struct json *j = NULL;

	if (!as_json) {
		if (w->address)
			printf("%s\n", w->address);
		return;
	}
	j = json_new();
	json_object(j, NULL);
	json_string(j, "name", w->guest->name);
	json_string(j, "address", w->address);
	json_end_object(j);
	json_print(j, stdout);
}

static int wait_for_guest(const struct opts *o, struct wait *w,
			  const char *name, struct pvn_err *err)
{
	auto_guests struct guest_set set = { 0 };
	int rc = guests_read(&set, err);

	if (rc)
		return rc;
	w->guest = guests_find(&set, name, err);
	if (!w->guest)
		return err->code;
	if (!w->guest->domain && w->what != WAIT_OFF)
		return pvn_err(
			err, -EINVAL,
			"guest '%s' is stopped ('guest start %s' starts it)",
			name, name);
	rc = wait_until(w, err);
	if (!rc)
		report(w, o->json);
	return rc;
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct wait w = { .seconds = o->timeout };
	struct pvn_err err = { 0 };
	int rc;

	if (guest_name_check(args[0], &err) ||
	    parse_what(o->what, &w.what, &err))
		return cmd_error(&cmd_guest_wait, PVN_EXIT_USAGE, &err);
	rc = wait_for_guest(o, &w, args[0], &err);
	free(w.address);
	return rc ? change_error(&cmd_guest_wait, &err) : PVN_EXIT_OK;
}

const struct cmd cmd_guest_wait = {
	.program = "guest",
	.group = "run",
	.name = "wait",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "wait until a guest answers by ssh, has an address, or is off",
	.details =
		"ssh: its port 22 answers as an ssh server, at its address or another one in the ip= of\n"
		"its first interface, IPv4 or IPv6. ip: its address is known. Both print the address.\n"
		"off: it has stopped. Exit code 1 after the timeout.\n"
		"--json: name, address.\n",
	.example = "ssh root@$(guest wait web1 --for ssh --timeout 300)\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.defaults = &defaults,
	.run = run,
};
