/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answers.c: the one table of answer keys, and the parser that it drives. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "answers.h"
#include "base64.h"
#include "ini_lines.h"
#include "size.h"

enum need {
	OPTIONAL,
	REQUIRED, /* but for keep = configuration */
	STATIC_ONLY, /* only with method = static */
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
};

static const char *check_hostname(char *v)
{
	static const char expected[] =
		"letters, digits and '-' in parts of at most 63, "
		"with '.' between them";
	size_t label = 0;

	for (char *p = v;; p++) {
		if (*p == '.' || !*p) {
			if (!label || label > 63 || p[-1] == '-')
				return expected;
			if (!*p)
				return NULL;
			label = 0;
		} else if (isalnum((unsigned char)*p) || (*p == '-' && label)) {
			label++;
		} else {
			return expected;
		}
	}
}

static const char *check_method(char *v)
{
	return strcmp(v, "dhcp") && strcmp(v, "static") ? "dhcp or static"
							: NULL;
}

static const char *check_finish(char *v)
{
	return strcmp(v, "reboot") && strcmp(v, "poweroff") && strcmp(v, "halt")
		       ? "reboot, poweroff or halt"
		       : NULL;
}

static const char *check_keep(char *v)
{
	return strcmp(v, "nothing") && strcmp(v, "guests") &&
			       strcmp(v, "configuration")
		       ? "nothing, guests or configuration"
		       : NULL;
}

static const char *check_yes(char *v)
{
	return strcmp(v, "yes") && strcmp(v, "no") ? "yes or no" : NULL;
}

static const char *check_ipv4(char *v)
{
	struct in_addr a;

	return inet_pton(AF_INET, v, &a) == 1
		       ? NULL
		       : "an IPv4 address like 192.0.2.1";
}

static const char *check_cidr(char *v)
{
	static const char expected[] =
		"an IPv4 address and prefix length like 192.0.2.5/24";
	char *slash = strchr(v, '/');
	size_t digits;
	const char *bad;

	if (!slash)
		return expected;
	digits = strspn(slash + 1, "0123456789");
	if (!digits || digits > 2 || slash[1 + digits] || atoi(slash + 1) < 1 ||
	    atoi(slash + 1) > 32)
		return expected;
	*slash = '\0';
	bad = check_ipv4(v);
	*slash = '/';
	return bad ? expected : NULL;
}

static const char *check_dns(char *v)
{
	char *out = v;
	char *save;

	for (char *p = strtok_r(v, " \t,", &save); p;
	     p = strtok_r(NULL, " \t,", &save)) {
		unsigned char a[16];
		size_t len = strlen(p);

		if (inet_pton(AF_INET, p, a) != 1 &&
		    inet_pton(AF_INET6, p, a) != 1)
			return "addresses with blanks between them, "
			       "like '192.0.2.1 192.0.2.2'";
		if (out != v)
			*out++ = ' ';
		memmove(out, p, len + 1);
		out += len;
	}
	return NULL;
}

static const char *check_nic(char *v)
{
	size_t len = strlen(v);

	if (strchr(v, ':')) {
		bool ok = len == 17;

		for (size_t i = 0; ok && i < len; i++) {
			ok = i % 3 == 2 ? v[i] == ':'
					: isxdigit((unsigned char)v[i]) != 0;
			v[i] = (char)tolower((unsigned char)v[i]);
		}
		if (ok)
			return NULL;
	} else if (len < 16 && strspn(v, "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789._-") == len) {
		return NULL;
	}
	return "an interface's name or its MAC address";
}

static const char *const key_types[] = {
	"ssh-ed25519",
	"ssh-rsa",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
	NULL,
};

/* The start of the key's data is the length and text of its type. */
static bool data_begins_with(const char *b64, const char *type)
{
	uint8_t head[66];
	size_t want = strlen(type) + 4;

	return base64_decode(b64, 88, head) >= (int64_t)want && !head[0] &&
	       !head[1] && !head[2] && head[3] == want - 4 &&
	       !memcmp(head + 4, type, want - 4);
}

static const char *check_ssh_key(char *v)
{
	static const char expected[] =
		"a line of a .pub file like 'ssh-ed25519 AAAA... name'";
	size_t type_len = strcspn(v, " \t");
	const char *data = v + type_len + strspn(v + type_len, " \t");
	size_t data_len = strcspn(data, " \t");
	size_t body;

	for (const char *const *type = key_types; *type; type++) {
		autofree char *copy = NULL;

		if (strlen(*type) != type_len || memcmp(v, *type, type_len))
			continue;
		body = strspn(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/");
		body += strspn(data + body, "=");
		copy = xasprintf("%.*s", (int)data_len, data);
		if (data_len < 64 || body != data_len || data_len % 4 ||
		    strstr(copy, "===") || !data_begins_with(copy, *type))
			return "a whole key: its data is damaged or cut";
		return NULL;
	}
	return expected;
}

static const char *check_size(char *v)
{
	struct pvn_err err;
	uint64_t bytes;

	return size_parse(v, &bytes, &err) || !bytes
		       ? "a size like 64G (K, M, G, T; powers of 1024)"
		       : NULL;
}

static const char *check_base64(char *v)
{
	size_t digits = strspn(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/");

	digits += strspn(v + digits, "=");
	return v[digits] || digits % 4
		       ? "base64, as 'host config export' writes it"
		       : NULL;
}

static const char *check_text(char *v)
{
	for (; *v; v++) {
		if (*v < ' ' || *v > '~')
			return "printable ASCII";
	}
	return NULL;
}

/* In grubenv a backslash takes two places, and no argument needs one. */
static const char *check_args(char *v)
{
	return check_text(v) || strchr(v, '\\') ? "printable ASCII without '\\'"
						: NULL;
}

#define AT(field) offsetof(struct answers, field)

static const struct key keys[] = {
	{ "host", "hostname", check_hostname, TEXT, REQUIRED, 64, NULL,
	  "xen1.example.com", "the host's name", AT(hostname) },
	{ "network", "method", check_method, TEXT, OPTIONAL, 16, "dhcp", "dhcp",
	  "dhcp or static", AT(method) },
	{ "network", "address", check_cidr, TEXT, STATIC_REQUIRED, 18, NULL,
	  "192.0.2.5/24", "address and prefix length", AT(address) },
	{ "network", "gateway", check_ipv4, TEXT, STATIC_ONLY, 15, NULL,
	  "192.0.2.1", "default gateway", AT(gateway) },
	{ "network", "dns", check_dns, TEXT, OPTIONAL, 256, NULL,
	  "192.0.2.1 192.0.2.2", "name servers", AT(dns) },
	{ "network", "nic", check_nic, TEXT, OPTIONAL, 17, NULL,
	  "52:54:00:12:34:56",
	  "interface by name or MAC; without it, the first with a carrier",
	  AT(nic) },
	{ "ssh", "key", check_ssh_key, LIST, REQUIRED, 8192, NULL,
	  "ssh-ed25519 AAAA... me@example.com",
	  "public key that may log in as root; repeat the line for more",
	  AT(ssh_keys) },
	{ "disk", "device", check_text, TEXT, ONE_OF_SECTION, 128, NULL,
	  "/dev/sda",
	  "the disk by path, name or /dev/disk/by-id/NAME; * and ? match anything",
	  AT(disk_device) },
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
	{ "console", "xen-args", check_args, TEXT, OPTIONAL, 256, NULL,
	  "com1=115200,8n1 console=com1,vga",
	  "more arguments for Xen, kept in grubenv", AT(xen_args) },
	{ "console", "kernel-args", check_args, TEXT, OPTIONAL, 256, NULL,
	  "console=hvc0", "more arguments for dom0's kernel, kept in grubenv",
	  AT(kernel_args) },
	{ "restore", "files", check_base64, TEXT, ALL_OF_SECTION, 12 << 20,
	  NULL, "H4sIAAAA", "what 'host config export' wrote of a host",
	  AT(restore.files) },
	{ "restore", "signature", check_base64, TEXT, ALL_OF_SECTION, 4096,
	  NULL, "dW50cnVz", "its signature", AT(restore.signature) },
	{ "restore", "signer", check_base64, TEXT, ALL_OF_SECTION, 128, NULL,
	  "RWRhYmNk", "the key that it is signed by", AT(restore.signer) },
	{ "install", "keep", check_keep, TEXT, OPTIONAL, 16, "nothing",
	  "guests",
	  "nothing; of a Paravane that is on the disk its guests with their pool; or configuration, which keeps the host's own, too",
	  AT(keep) },
	{ "install", "nvram", check_yes, TEXT, OPTIONAL, 3, "yes", "no",
	  "yes or no: tell a UEFI firmware of the installed host", AT(nvram) },
	{ "install", "finish", check_finish, TEXT, OPTIONAL, 16, "reboot",
	  "reboot", "reboot, poweroff or halt when all is done", AT(finish) },
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

/* NULL when @value is fine, else what was expected. */
static const char *check_value(const struct key *key, char *value)
{
	if (!*value)
		return "a value";
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
			     p->name, item->line, item->key, item->value,
			     expected);
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

/* A missing key is reported at the file's last line. */
static void check_needs(struct parser *p, int last)
{
	bool is_static = p->a->method && !strcmp(p->a->method, "static");
	bool all_kept = !strcmp(p->a->keep, "configuration");
	const char *told = "";

	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];
		bool missing = (k->need == REQUIRED && !all_kept) ||
			       (k->need == STATIC_REQUIRED && is_static) ||
			       (k->need == ALL_OF_SECTION &&
				seen_in_section(p, k->section));

		if ((k->need == STATIC_ONLY || k->need == STATIC_REQUIRED) &&
		    p->seen[i] && !is_static)
			strlist_addf(p->errors,
				     "%s:%d: '%s' makes no sense here, "
				     "expected it only with method = static",
				     p->name, p->seen[i], k->name);
		if (missing && !p->seen[i])
			strlist_addf(p->errors,
				     "%s:%d: no '%s' in [%s], expected %s%s",
				     p->name, last, k->name, k->section, k->doc,
				     is_static && k->need == STATIC_REQUIRED
					     ? ", with method = static"
					     : "");
		if (k->need == ONE_OF_SECTION && strcmp(told, k->section) &&
		    !seen_in_section(p, k->section)) {
			told = k->section;
			strlist_addf(
				p->errors,
				"%s:%d: nothing in [%s], expected at least "
				"one key that says which disk to use",
				p->name, last, k->section);
		}
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
	check_needs(&p, lines);
	if (a->disk_size_min && a->disk_size_max &&
	    a->disk_size_min > a->disk_size_max)
		strlist_addf(errors,
			     "%s:%d: size-min is above size-max, "
			     "expected a range",
			     name, lines);
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
		[STATIC_ONLY] = " (only with static)",
		[STATIC_REQUIRED] = " (with static)",
		[ONE_OF_SECTION] = " (one of these)",
		[ALL_OF_SECTION] = " (all of these)",
	};

	snprintf(buf, 64, "%s", texts[k->need]);
	if (k->def)
		snprintf(buf, 64, " (default %s)", k->def);
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
