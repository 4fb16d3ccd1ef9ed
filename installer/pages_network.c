/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages_network.c: the dialogue's page about the network, part by part. */
#include <string.h>

#include "nics.h"
#include "pages.h"

static const char title[] = "The network";

static char *nic_line(const struct nic *nic)
{
	return xasprintf("%-8s %s  %-14s %s", nic->name, nic->mac, nic->driver,
			 nic->carrier ? "link" : "no link");
}

static bool has(const struct strlist *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->v[i], text))
			return true;
	}
	return false;
}

/* Two or more interfaces as one. They are named by their addresses: names change with what else is
 * plugged in. */
static int pick_bond(struct dialog *d, const struct nic_list *nics)
{
	static const char *const modes[] = {
		"active-backup: one works, another takes over; any switch",
		"lacp: all work (802.3ad); the switch must do it, too",
	};
	auto_strlist struct strlist lines = { 0 };
	autofree bool *picked = xcalloc(nics->n, sizeof(*picked));
	int rc;

	for (size_t i = 0; i < nics->n; i++) {
		autofree char *line = nic_line(&nics->v[i]);

		strlist_add(&lines, line);
		picked[i] = has(&d->nics, nics->v[i].mac);
	}
	for (;;) {
		ui_say("Which interfaces are the bond's? A blank takes one, or lets go of it.");
		rc = ui_pick((const char *const *)lines.v, lines.n, picked);
		if (rc)
			return rc;
		strlist_free(&d->nics);
		for (size_t i = 0; i < nics->n; i++) {
			if (picked[i])
				strlist_add(&d->nics, nics->v[i].mac);
		}
		if (d->nics.n < 2) {
			ui_refuse("A bond has two interfaces or more.");
			continue;
		}
		ui_say("How do they work together?");
		rc = ui_choose(modes, 2, d->bond && !strcmp(d->bond, "lacp"));
		if (rc == UI_BACK)
			continue;
		if (rc >= 0)
			page_set(&d->bond,
				 xstrdup(rc ? "lacp" : "active-backup"));
		return rc < 0 ? rc : 0;
	}
}

/* The line that is the present choice: 0 the first with a link, then each interface, then a bond. */
static size_t chosen_nic(const struct dialog *d, const struct nic_list *nics)
{
	if (d->bond)
		return nics->n + 1;
	for (size_t i = 0; i < nics->n && d->nics.n; i++) {
		if (!strcmp(nics->v[i].mac, d->nics.v[0]))
			return i + 1;
	}
	return 0;
}

static int take_nic(struct dialog *d, const struct nic_list *nics, int chosen)
{
	if (chosen > (int)nics->n)
		return pick_bond(d, nics);
	page_set(&d->bond, NULL);
	strlist_free(&d->nics);
	if (chosen)
		strlist_add(&d->nics, nics->v[chosen - 1].mac);
	return 0;
}

static int ask_nic(struct dialog *d)
{
	auto_strlist struct strlist lines = { 0 };
	struct nic_list nics = { 0 };
	int rc;

	nics_read(&nics);
	strlist_add(&lines, "the first that has a link, at each start");
	for (size_t i = 0; i < nics.n; i++) {
		autofree char *line = nic_line(&nics.v[i]);

		strlist_add(&lines, line);
	}
	if (nics.n > 1)
		strlist_add(&lines, "several as one (a bond)");
	do {
		ui_page(title, PAGE_NETWORK, PAGES);
		ui_say("Which interface is the host's own? Guests are bridged to it.");
		rc = ui_choose((const char *const *)lines.v, lines.n,
			       chosen_nic(d, &nics));
		if (rc < 0)
			break;
		rc = take_nic(d, &nics, rc);
	} while (rc == UI_BACK);
	nics_free(&nics);
	return rc;
}

static int ask_vlan(struct dialog *d)
{
	const struct question q = { "network", "vlan", "VLAN, 1 to 4094", true,
				    &d->vlan };

	ui_say("Does the switch want the host's frames tagged? Then its VLAN; nothing where it doesn't, or you don't know.");
	return page_ask(&q, 1);
}

/* One of @methods, and where it is the fixed one, @fixed, its address by @questions. */
static int ask_method(char **field, const char *const *methods,
		      const char *const *names, size_t n, size_t fixed,
		      const char *what, const struct question *questions,
		      size_t n_questions)
{
	for (;;) {
		size_t preset = 0;
		int rc;

		for (size_t i = 0; i < n && *field; i++)
			preset = strcmp(*field, names[i]) ? preset : i;
		ui_page(title, PAGE_NETWORK, PAGES);
		ui_say("%s", what);
		rc = ui_choose(methods, n, preset);
		if (rc < 0)
			return rc;
		page_set(field, xstrdup(names[rc]));
		if ((size_t)rc != fixed)
			return 0;
		ui_say("The host's fixed address:");
		rc = page_ask(questions, n_questions);
		if (rc != UI_BACK)
			return rc;
	}
}

static int ask_ipv4(struct dialog *d)
{
	static const char *const methods[] = { "by DHCP", "a fixed address" };
	static const char *const names[] = { "dhcp", "static" };
	const struct question questions[] = {
		{ "network", "address",
		  "Address and prefix length, like 192.0.2.5/24", false,
		  &d->address },
		{ "network", "gateway", "Default gateway, or nothing", true,
		  &d->gateway },
		{ "network", "dns",
		  "Name servers, blanks between them, or nothing", true,
		  &d->dns },
	};

	return ask_method(&d->method, methods, names, 2, 1,
			  "How does the host get its address (IPv4)?",
			  questions, 3);
}

static int ask_ipv6(struct dialog *d)
{
	static const char *const methods[] = {
		"by itself, where a router tells of a network",
		"a fixed address", "none: IPv6 is off"
	};
	static const char *const names[] = { "auto", "static", "off" };
	const struct question questions[] = {
		{ "network", "address6",
		  "Address and prefix length, like 2001:db8::5/64", false,
		  &d->address6 },
		{ "network", "gateway6", "Default gateway, or nothing", true,
		  &d->gateway6 },
	};

	return ask_method(&d->method6, methods, names, 3, 1,
			  "And its IPv6 address?", questions, 2);
}

int page_network(struct dialog *d)
{
	static int (*const parts[])(struct dialog *) = { ask_nic, ask_vlan,
							 ask_ipv4, ask_ipv6 };
	const size_t n = sizeof(parts) / sizeof(*parts);

	for (size_t at = 0; at < n;) {
		int rc;

		ui_page(title, PAGE_NETWORK, PAGES);
		rc = parts[at](d);
		if (!rc)
			at++;
		else if (rc == UI_BACK && at)
			at--;
		else
			return rc;
	}
	return 0;
}
