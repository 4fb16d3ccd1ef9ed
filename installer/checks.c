/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checks.c: what the value of an answer key may be. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base64.h"
#include "checks.h"
#include "mem.h"
#include "size.h"
#include "zones.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const char *check_hostname(char *v)
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

const char *check_timezone(char *v)
{
	return zone_rule(v)
		       ? NULL
		       : "a time zone like UTC or Europe/Berlin ('paravane-install --zones' lists them)";
}

/* Words with one blank between them; each is right by @word_ok. */
static bool tidy_words(char *v, bool (*word_ok)(const char *word))
{
	char *out = v;
	char *save;

	for (char *p = strtok_r(v, " \t,", &save); p;
	     p = strtok_r(NULL, " \t,", &save)) {
		size_t len = strlen(p);

		if (!word_ok(p))
			return false;
		if (out != v)
			*out++ = ' ';
		memmove(out, p, len + 1);
		out += len;
	}
	return out != v;
}

static bool is_address(const char *word)
{
	unsigned char a[16];

	return inet_pton(AF_INET, word, a) == 1 ||
	       inet_pton(AF_INET6, word, a) == 1;
}

static bool is_host(const char *word)
{
	autofree char *copy = xstrdup(word);

	return is_address(word) || !check_hostname(copy);
}

const char *check_ntp(char *v)
{
	return tidy_words(v, is_host)
		       ? NULL
		       : "names or addresses of servers with blanks between them, or none";
}

const char *check_ipv4(char *v)
{
	struct in_addr a;

	return inet_pton(AF_INET, v, &a) == 1
		       ? NULL
		       : "an IPv4 address like 192.0.2.1";
}

const char *check_ipv6(char *v)
{
	struct in6_addr a;

	return inet_pton(AF_INET6, v, &a) == 1
		       ? NULL
		       : "an IPv6 address like 2001:db8::1";
}

/* Is @v an address that @check takes, a slash and a length from 1 to @max? */
static bool is_cidr(char *v, const char *(*check)(char *v), int max)
{
	char *slash = strchr(v, '/');
	size_t digits = slash ? strspn(slash + 1, DIGITS) : 0;
	const char *bad;

	if (!digits || digits > 3 || slash[1 + digits] || atoi(slash + 1) < 1 ||
	    atoi(slash + 1) > max)
		return false;
	*slash = '\0';
	bad = check(v);
	*slash = '/';
	return !bad;
}

const char *check_cidr(char *v)
{
	return is_cidr(v, check_ipv4, 32)
		       ? NULL
		       : "an IPv4 address and prefix length like 192.0.2.5/24";
}

const char *check_cidr6(char *v)
{
	return is_cidr(v, check_ipv6, 128)
		       ? NULL
		       : "an IPv6 address and prefix length like 2001:db8::5/64";
}

const char *check_dns(char *v)
{
	return tidy_words(v, is_address)
		       ? NULL
		       : "addresses with blanks between them, "
			 "like '192.0.2.1 192.0.2.2'";
}

const char *check_nic(char *v)
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
	} else if (len < 16 && strspn(v, LETTERS DIGITS "._-") == len) {
		return NULL;
	}
	return "an interface's name or its MAC address";
}

const char *check_vlan(char *v)
{
	size_t digits = strspn(v, DIGITS);

	return digits && digits <= 4 && !v[digits] && *v != '0' &&
			       atoi(v) <= 4094
		       ? NULL
		       : "a number from 1 to 4094";
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

const char *check_ssh_key(char *v)
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
		body = strspn(data, LETTERS DIGITS "+/");
		body += strspn(data + body, "=");
		copy = xasprintf("%.*s", (int)data_len, data);
		if (data_len < 64 || body != data_len || data_len % 4 ||
		    strstr(copy, "===") || !data_begins_with(copy, *type))
			return "a whole key: its data is damaged or cut";
		return NULL;
	}
	return expected;
}

/* What crypt(3) makes: '$6$', parameters and salt, '$', the hash. Only what BusyBox's login here
 * verifies, and nobody breaks in a day. */
const char *check_password_hash(char *v)
{
	static const char digits[] = "./" DIGITS LETTERS;
	static const struct {
		const char *id;
		size_t len; /* of the hash */
	} kinds[] = { { "$6$", 86 }, { "$5$", 43 }, { "$y$", 43 } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *salt = v + 3;
		const char *hash = strrchr(v, '$');

		if (strncmp(v, kinds[i].id, 3) || hash <= salt)
			continue;
		hash++;
		if (strspn(salt, "./$=" DIGITS LETTERS) == strlen(salt) &&
		    strlen(hash) == kinds[i].len &&
		    strspn(hash, digits) == kinds[i].len)
			return NULL;
	}
	return "a whole hash as 'openssl passwd -6' prints it ($6$..., $5$... or $y$...)";
}

const char *check_size(char *v)
{
	struct pvn_err err;
	uint64_t bytes;

	return size_parse(v, &bytes, &err) || !bytes
		       ? "a size like 64G (K, M, G, T; powers of 1024)"
		       : NULL;
}

const char *check_base64(char *v)
{
	size_t digits = strspn(v, LETTERS DIGITS "+/");

	digits += strspn(v + digits, "=");
	return v[digits] || digits % 4
		       ? "base64, as 'host config export' writes it"
		       : NULL;
}

const char *check_text(char *v)
{
	for (; *v; v++) {
		if (*v < ' ' || *v > '~')
			return "printable ASCII";
	}
	return NULL;
}

/* In grubenv a backslash takes two places, and no argument needs one. */
const char *check_args(char *v)
{
	return check_text(v) || strchr(v, '\\') ? "printable ASCII without '\\'"
						: NULL;
}

static bool is_url(const char *v, const char *scheme)
{
	size_t len = strlen(scheme);
	const char *host = v + len;

	if (strncmp(v, scheme, len))
		return false;
	for (const char *p = v; *p; p++) {
		if (*p <= ' ' || *p > '~')
			return false;
	}
	return isalnum((unsigned char)*host) || *host == '[';
}

const char *check_http(char *v)
{
	return is_url(v, "http://") ? NULL : "a URL that begins with http://";
}

const char *check_url(char *v)
{
	return is_url(v, "http://") || is_url(v, "tftp://")
		       ? NULL
		       : "a URL that begins with http:// or tftp://";
}
