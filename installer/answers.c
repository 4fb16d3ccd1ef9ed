/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answers.c: the one table of answer keys, and the parser that it drives. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "answers.h"
#include "checks.h"
#include "ini_lines.h"
#include "lines.h"
#include "size.h"

enum need {
	OPTIONAL,
	REQUIRED, /* but for keep = configuration */
	STATIC_ONLY, /* only where .when is static */
	STATIC_REQUIRED, /* the same, and needed there */
	ONE_OF_SECTION, /* at least one key of its section must be given */
	ALL_OF_SECTION, /* none of its section, or all of them */
};

struct key {
	const char *section;
	const char *name;
	/* NULL when @v is fine, else what was expected. May tidy @v up. */
	const char *(*check)(char *v);
	enum { TEXT, LIST, SIZE } kind;
	enum need need;
	size_t max; /* characters */
	const char *def;
	const char *example;
	const char *doc;
	size_t offset;
	/* in place of @check: "this, that or those" */
	const char *choices;
	const char *when; /* the key of its section that STATIC_... is about */
	bool secret; /* its value is in no message */
};

#define AT(field) .offset = offsetof(struct answers, field)

static const struct key keys[] = {
	{ "host", "hostname", check_hostname, TEXT, REQUIRED, 64, NULL,
	  "xen1.example.com", "the host's name", AT(hostname) },
	{ "host", "timezone", check_timezone, TEXT, OPTIONAL, 64, "UTC",
	  "Europe/Berlin", "time zone of the host's clock and logs",
	  AT(timezone) },
	{ "host", "ntp", check_ntp, TEXT, OPTIONAL, 512, NULL,
	  "ntp1.example.com ntp2.example.com",
	  "time servers in place of the built-in ones; none: no NTP", AT(ntp) },
	{ "network", "method", NULL, TEXT, OPTIONAL, 16, "dhcp", "static",
	  "IPv4: dhcp or static", AT(method), .choices = "dhcp or static" },
	{ "network", "address", check_cidr, TEXT, STATIC_REQUIRED, 64, NULL,
	  "192.0.2.5/24", "address and prefix length", AT(address),
	  .when = "method" },
	{ "network", "gateway", check_ipv4, TEXT, STATIC_ONLY, 64, NULL,
	  "192.0.2.1", "default gateway", AT(gateway), .when = "method" },
	{ "network", "method6", NULL, TEXT, OPTIONAL, 16, "auto", "static",
	  "IPv6: off, auto (by router advertisements) or static", AT(method6),
	  .choices = "off, auto or static" },
	{ "network", "address6", check_cidr6, TEXT, STATIC_REQUIRED, 64, NULL,
	  "2001:db8::5/64", "IPv6 address and prefix length", AT(address6),
	  .when = "method6" },
	{ "network", "gateway6", check_ipv6, TEXT, STATIC_ONLY, 64, NULL,
	  "2001:db8::1", "default gateway of IPv6", AT(gateway6),
	  .when = "method6" },
	{ "network", "dns", check_dns, TEXT, OPTIONAL, 256, NULL,
	  "192.0.2.1 2001:db8::2", "name servers", AT(dns) },
	{ "network", "nic", check_nic, LIST, OPTIONAL, 64, NULL,
	  "52:54:00:12:34:56",
	  "interface by name or MAC, a line for each of a bond; without it, the first with a carrier",
	  AT(nics) },
	{ "network", "bond", NULL, TEXT, OPTIONAL, 16, NULL, "active-backup",
	  "active-backup, or lacp where the switch does it: all nics as one",
	  AT(bond), .choices = "active-backup or lacp" },
	{ "network", "vlan", check_vlan, TEXT, OPTIONAL, 64, NULL, "10",
	  "the host's network is this VLAN, tagged", AT(vlan) },
	{ "ssh", "key", check_ssh_key, LIST, REQUIRED, 8192, NULL,
	  "ssh-ed25519 AAAA... me@example.com",
	  "public key that may log in as root; repeat the line for more",
	  AT(ssh_keys) },
	{ "disk", "device", check_text, LIST, ONE_OF_SECTION, 128, NULL,
	  "/dev/sda",
	  "the disk by path, name or /dev/disk/by-id/NAME; * and ? match anything; repeat the line for what may be another",
	  AT(disk_devices) },
	{ "disk", "serial", check_text, TEXT, ONE_OF_SECTION, 128, NULL,
	  "S4EVNX0*", "the disk by serial number (pattern)", AT(disk_serial) },
	{ "disk", "model", check_text, TEXT, ONE_OF_SECTION, 128, NULL,
	  "Samsung SSD*", "the disk by model (pattern)", AT(disk_model) },
	{ "disk", "wwn", check_text, TEXT, ONE_OF_SECTION, 128, NULL,
	  "eui.0025385*", "the disk by world-wide name (pattern)",
	  AT(disk_wwn) },
	{ "disk", "bus", check_text, TEXT, ONE_OF_SECTION, 128, NULL, "nvme",
	  "the disk by bus: ata, nvme, scsi, usb, virtio, mmc, xen (pattern)",
	  AT(disk_bus) },
	{ "disk", "size-min", check_size, SIZE, ONE_OF_SECTION, 24, NULL,
	  "100G", "the disk is at least this large", AT(disk_size_min) },
	{ "disk", "size-max", check_size, SIZE, ONE_OF_SECTION, 24, NULL, "2T",
	  "the disk is at most this large", AT(disk_size_max) },
	{ "disk", "raid", NULL, TEXT, OPTIONAL, 8, "none", "raid1",
	  "raid1: two disks match, and each has all; or none", AT(raid),
	  .choices = "none or raid1" },
	{ "console", "xen-args", check_args, TEXT, OPTIONAL, 256, NULL,
	  "com1=115200,8n1 console=com1,vga",
	  "more arguments for Xen, kept in grubenv", AT(xen_args) },
	{ "console", "kernel-args", check_args, TEXT, OPTIONAL, 256, NULL,
	  "console=hvc0", "more arguments for dom0's kernel, kept in grubenv",
	  AT(kernel_args) },
	{ "console", "password-hash", check_password_hash, TEXT, OPTIONAL, 256,
	  NULL, "$6$...",
	  "hash of root's password at the console, as 'openssl passwd -6' prints it; ssh takes keys only",
	  AT(password_hash), .secret = true },
	{ "restore", "files", check_base64, TEXT, ALL_OF_SECTION, 12 << 20,
	  NULL, "H4sIAAAA", "what 'host config export' wrote of a host",
	  AT(restore.files) },
	{ "restore", "signature", check_base64, TEXT, ALL_OF_SECTION, 4096,
	  NULL, "dW50cnVz", "its signature", AT(restore.signature) },
	{ "restore", "signer", check_base64, TEXT, ALL_OF_SECTION, 128, NULL,
	  "RWRhYmNk", "the key that it is signed by", AT(restore.signer) },
	{ "install", "keep", NULL, TEXT, OPTIONAL, 16, "nothing", "guests",
	  "nothing; of a Paravane that is on the disk its guests with their pool; or configuration, which keeps the host's own, too",
	  AT(keep), .choices = "nothing, guests or configuration" },
	{ "install", "nvram", NULL, TEXT, OPTIONAL, 16, "yes", "no",
	  "yes or no: tell a UEFI firmware of the installed host", AT(nvram),
	  .choices = "yes or no" },
	{ "install", "script", check_url, TEXT, OPTIONAL, 1024, NULL,
	  "http://192.0.2.9/after",
	  "URL of a script that is run when the host is configured, before it can boot",
	  AT(script) },
	{ "install", "webhook", check_http, TEXT, OPTIONAL, 1024, NULL,
	  "http://192.0.2.9/done", "URL that the result is posted to",
	  AT(webhook) },
	{ "install", "finish", NULL, TEXT, OPTIONAL, 16, "reboot", "reboot",
	  "reboot, poweroff or halt when all is done", AT(finish),
	  .choices = "reboot, poweroff or halt" },
};

#define N_KEYS (sizeof(keys) / sizeof(*keys))

static const struct key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (!strcmp(keys[i].section, section) &&
		    !strcmp(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

/* Is @value one of the words of "this, that or those"? */
static bool is_choice(const char *choices, const char *value)
{
	autofree char *words = xstrdup(choices);
	char *save;

	for (char *word = strtok_r(words, ", ", &save); word;
	     word = strtok_r(NULL, ", ", &save)) {
		if (strcmp(word, "or") && !strcmp(word, value))
			return true;
	}
	return false;
}

/* NULL when @value is fine, else what was expected. */
static const char *check_value(const struct key *key, char *value)
{
	if (!*value)
		return "a value";
	if (key->choices)
		return is_choice(key->choices, value) ? NULL : key->choices;
	if (strlen(value) > key->max)
		return "a shorter value";
	return key->check(value);
}

const char *answers_check(const char *section, const char *name, char *value)
{
	return check_value(find_key(section, name), value);
}

struct parser {
	struct answers *a;
	const char *name;
	struct strlist *errors;
	int seen[N_KEYS]; /* the line of each key, 0 where it was not given */
};

static void store(struct answers *a, const struct key *key, const char *value)
{
	void *field = (char *)a + key->offset;
	struct pvn_err err;

	switch (key->kind) {
	case TEXT:
		free(*(char **)field);
		*(char **)field = xstrdup(value);
		break;
	case LIST:
		strlist_add(field, value);
		break;
	case SIZE:
		size_parse(value, field, &err);
		break;
	}
}

static void bad_key(struct parser *p, const struct ini_item *item)
{
	autofree char *expected = xstrdup("");

	if (!*item->section) {
		strlist_addf(p->errors,
			     "%s:%d: '%s' is in no section, expected [host] "
			     "or another above it",
			     p->name, item->line, item->key);
		return;
	}

	for (size_t i = 0; i < N_KEYS; i++) {
		char *longer;

		if (strcmp(keys[i].section, item->section))
			continue;
		longer = xasprintf("%s%s%s", expected, *expected ? ", " : "",
				   keys[i].name);
		free(expected);
		expected = longer;
	}
	if (*expected)
		strlist_addf(
			p->errors,
			"%s:%d: unknown key '%s' in [%s], expected one of %s",
			p->name, item->line, item->key, item->section,
			expected);
	else
		strlist_addf(
			p->errors,
			"%s:%d: unknown section [%s], expected one of "
			"host, network, ssh, disk, console, restore, install",
			p->name, item->line, item->section);
}

static void on_item(void *arg, const struct ini_item *item)
{
	struct parser *p = arg;
	const struct key *key = find_key(item->section, item->key);
	autofree char *value = xstrdup(item->value);
	const char *expected;
	size_t i;

	if (!key) {
		bad_key(p, item);
		return;
	}
	i = (size_t)(key - keys);
	if (p->seen[i] && key->kind != LIST) {
		strlist_addf(p->errors,
			     "%s:%d: '%s' was given in line %d already, "
			     "expected it once",
			     p->name, item->line, item->key, p->seen[i]);
		return;
	}
	p->seen[i] = item->line;
	expected = check_value(key, value);
	if (expected)
		strlist_addf(p->errors, "%s:%d: bad %s '%.60s', expected %s",
			     p->name, item->line, item->key,
			     key->secret ? "..." : item->value, expected);
	else
		store(p->a, key, value);
}

static bool seen_in_section(const struct parser *p, const char *section)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (p->seen[i] && !strcmp(keys[i].section, section))
			return true;
	}
	return false;
}

/* Another key of the same section which is needed in the same way. */
static bool seen_of_need(const struct parser *p, const struct key *k)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (p->seen[i] && keys[i].need == k->need &&
		    !strcmp(keys[i].section, k->section))
			return true;
	}
	return false;
}

static bool is_static(const struct parser *p, const struct key *k)
{
	const struct key *when = find_key(k->section, k->when);
	char *const *value = (void *)((char *)p->a + when->offset);

	return *value && !strcmp(*value, "static");
}

/* Keys that make sense only beside another one. */
static void check_static(struct parser *p, size_t i, int last)
{
	const struct key *k = &keys[i];

	if (p->seen[i] && !is_static(p, k))
		strlist_addf(p->errors,
			     "%s:%d: '%s' makes no sense here, "
			     "expected it only with %s = static",
			     p->name, p->seen[i], k->name, k->when);
	if (k->need == STATIC_REQUIRED && !p->seen[i] && is_static(p, k))
		strlist_addf(p->errors,
			     "%s:%d: no '%s' in [%s], expected %s, with %s = "
			     "static",
			     p->name, last, k->name, k->section, k->doc,
			     k->when);
}

/* A missing key is reported at the file's last line. */
static void check_needs(struct parser *p, int last)
{
	bool all_kept = !strcmp(p->a->keep, "configuration");
	const char *told = "";

	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];
		bool missing = (k->need == REQUIRED && !all_kept) ||
			       (k->need == ALL_OF_SECTION &&
				seen_in_section(p, k->section));

		if (k->when)
			check_static(p, i, last);
		if (missing && !p->seen[i])
			strlist_addf(p->errors,
				     "%s:%d: no '%s' in [%s], expected %s",
				     p->name, last, k->name, k->section,
				     k->doc);
		if (k->need == ONE_OF_SECTION && strcmp(told, k->section) &&
		    !seen_of_need(p, k)) {
			told = k->section;
			strlist_addf(
				p->errors,
				"%s:%d: nothing in [%s], expected at least "
				"one key that says which disk to use",
				p->name, last, k->section);
		}
	}
}

static int line_of(const struct parser *p, const char *section,
		   const char *name)
{
	return p->seen[find_key(section, name) - keys];
}

/* A bond is of at least two interfaces; without one there is but one. */
static void check_bond(struct parser *p)
{
	const struct strlist *nics = &p->a->nics;
	const int line = line_of(p, "network", "nic");
	bool twice = false;

	for (size_t i = 0; i < nics->n; i++) {
		for (size_t j = 0; j < i; j++)
			twice = twice || !strcmp(nics->v[i], nics->v[j]);
	}
	if (twice)
		strlist_addf(p->errors,
			     "%s:%d: one 'nic' was given twice, expected "
			     "each once",
			     p->name, line);
	else if (nics->n > 1 && !line_of(p, "network", "bond"))
		strlist_addf(p->errors,
			     "%s:%d: %zu lines 'nic', expected one, or 'bond' "
			     "with them",
			     p->name, line, nics->n);
	else if (nics->n < 2 && p->a->bond)
		strlist_addf(p->errors,
			     "%s:%d: 'bond' with %zu 'nic', expected a line "
			     "'nic' for each of at least two",
			     p->name, line_of(p, "network", "bond"), nics->n);
}

static void check_sizes(struct parser *p, int last)
{
	const struct answers *a = p->a;

	if (a->disk_size_min && a->disk_size_max &&
	    a->disk_size_min > a->disk_size_max)
		strlist_addf(p->errors,
			     "%s:%d: size-min is above size-max, "
			     "expected a range",
			     p->name, last);
}

/* What a kept host has is not replaced by what nobody said. */
static void forget_defaults(struct parser *p)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		char **field = (char **)((char *)p->a + keys[i].offset);

		if (strcmp(keys[i].section, "host") || p->seen[i])
			continue;
		free(*field);
		*field = NULL;
	}
}

int answers_parse(struct answers *a, const char *text, const char *name,
		  struct strlist *errors)
{
	struct parser p = { .a = a, .name = name, .errors = errors };
	size_t before = errors->n;
	int lines;

	for (size_t i = 0; i < N_KEYS; i++) {
		if (keys[i].def)
			store(a, &keys[i], keys[i].def);
	}
	lines = ini_lines(text, name, on_item, &p, errors);
	a->says_network = seen_in_section(&p, "network");
	if (!strcmp(a->keep, "configuration"))
		forget_defaults(&p);
	check_needs(&p, lines);
	check_bond(&p);
	check_sizes(&p, lines);
	if (!strcmp(a->keep, "configuration") && a->restore.files)
		strlist_addf(errors,
			     "%s:%d: [restore] and keep = configuration, "
			     "expected one of them",
			     name, lines);
	return errors->n > before ? -EINVAL : 0;
}

void answers_free(struct answers *a)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		void *field = (char *)a + keys[i].offset;

		if (keys[i].kind == LIST)
			strlist_free(field);
		else if (keys[i].kind == TEXT)
			free(*(char **)field);
	}
	*a = (struct answers){ 0 };
}

/* " (required)" and the like, in @buf; "" where it is just optional. */
static const char *need_text(const struct key *k, char buf[64])
{
	static const char *const texts[] = {
		[OPTIONAL] = "",
		[REQUIRED] = " (required)",
		[STATIC_ONLY] = " (only with %s = static)",
		[STATIC_REQUIRED] = " (with %s = static)",
		[ONE_OF_SECTION] = " (one of these)",
		[ALL_OF_SECTION] = " (all of these)",
	};
	const char *text = texts[k->need];
	const char *gap = strstr(text, "%s");

	if (k->def)
		snprintf(buf, 64, " (default %s)", k->def);
	else if (gap)
		snprintf(buf, 64, "%.*s%s%s", (int)(gap - text), text, k->when,
			 gap + 2);
	else
		snprintf(buf, 64, "%s", text);
	return buf;
}

void answers_print_keys(FILE *f)
{
	const char *section = "";

	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];
		char need[64];

		if (strcmp(section, k->section))
			fprintf(f, "%s[%s]\n", *section ? "\n" : "",
				k->section);
		section = k->section;
		fprintf(f, "# %s%s\n", k->doc, need_text(k, need));
		fprintf(f, "%s%s = %s\n", k->need == REQUIRED ? "" : "#",
			k->name, k->example);
	}
}

void answers_print_man(FILE *f)
{
	const char *section = "";

	fputs(".\\\" Made by 'paravane-install --man'.\n"
	      ".TH PARAVANE-ANSWERS 5 \"\" Paravane\n"
	      ".SH NAME\nparavane-answers \\- answer file of paravane-install\n"
	      ".SH DESCRIPTION\n"
	      "Lines 'key = value' in sections '[name]'; a line that begins with '#' or ';' is a comment. What is "
	      "unknown, bad, missing, or given twice where that means nothing is an error with the number of its line.\n",
	      f);
	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];
		char need[64];

		if (strcmp(section, k->section))
			fprintf(f, ".SH [%s]\n", k->section);
		section = k->section;
		fputs(".TP\n\\fB", f);
		roff_put(k->name, f);
		fprintf(f, "\\fR%s\n", need_text(k, need));
		roff_put(k->doc, f);
		fputs(".\nExample: ", f);
		roff_put(k->example, f);
		fputc('\n', f);
	}
	fputs(".SH \"SEE ALSO\"\nhost(8), docs/answers.md\n", f);
}
