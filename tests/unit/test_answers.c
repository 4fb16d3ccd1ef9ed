/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_answers.c: what the golden tests can't show: long lines, odd endings. */
#include <errno.h>

#include "answers.h"
#include "ini_lines.h"
#include "size.h"
#include "unit.h"

#define KEY                                                        \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG+LXXgwOKlwBiDDCxAm" \
	"qNc0cwMZ7o+nlI3AZlcy1y0S"
#define REST "[host]\nhostname = h\n[disk]\ndevice = vda\n"

static int parse(struct answers *a, const char *text)
{
	auto_strlist struct strlist errors = { 0 };

	*a = (struct answers){ 0 };
	return answers_parse(a, text, "f", &errors);
}

PVN_TEST(defaults)
{
	struct answers a;

	assert_int_equal(parse(&a, REST "[ssh]\nkey = " KEY), 0);
	assert_string_equal(a.timezone, "UTC");
	assert_string_equal(a.method, "dhcp");
	assert_string_equal(a.method6, "auto");
	assert_int_equal(a.nics.n, 0);
	assert_string_equal(a.finish, "reboot");
	assert_null(a.xen_args);
	assert_int_equal(a.ssh_keys.n, 1);
	assert_string_equal(a.ssh_keys.v[0], KEY);
	answers_free(&a);
}

PVN_TEST(windows_file)
{
	struct answers a;

	assert_int_equal(parse(&a, "\xef\xbb\xbf[host]\r\nhostname = h\r\n\r\n"
				   "[disk]\r\nsize-min = 4G\r\n"
				   "[ssh]\r\nkey = " KEY "\r\n"),
			 0);
	assert_string_equal(a.hostname, "h");
	assert_string_equal(a.ssh_keys.v[0], KEY);
	assert_int_equal(a.disk_size_min, 4 * GIB);
	answers_free(&a);
}

/* inih reads 200 bytes; whatever stands where a line is cut must survive. */
PVN_TEST(long_lines)
{
	static const char odd[] = "# ;#; [=";

	for (size_t pad = 170; pad < 420; pad++) {
		autofree char *fill = xcalloc(1, pad + 1);
		autofree char *key = NULL;
		autofree char *text = NULL;
		struct answers a;

		memset(fill, 'x', pad);
		key = xasprintf("%s %s%s%s", KEY, fill, odd + (pad & 1) * 2,
				fill);
		if (strstr(key, " ;"))
			key[strstr(key, " ;") - key] = '_';
		text = xasprintf(REST "[ssh]\nkey = %s\n  key = " KEY "\n",
				 key);
		assert_int_equal(parse(&a, text), 0);
		assert_int_equal(a.ssh_keys.n, 2);
		assert_string_equal(a.ssh_keys.v[0], key);
		assert_string_equal(a.ssh_keys.v[1], KEY);
		answers_free(&a);
	}
}

PVN_TEST(hostnames)
{
	static const char *const bad[] = { "-a", "a-",	"a..b", ".a",
					   "a.", "a_b", "a b" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		autofree char *text = xasprintf("[host]\nhostname = %s\n"
						"[disk]\ndevice = a\n"
						"[ssh]\nkey = " KEY,
						bad[i]);
		struct answers a;

		assert_int_equal(parse(&a, text), -EINVAL);
		answers_free(&a);
	}
}

static void assert_checked(const char *section, const char *name,
			   const char *value, bool right)
{
	autofree char *copy = xstrdup(value);
	const char *expected = answers_check(section, name, copy);

	if (!expected != right)
		fail_msg("[%s] %s = %s: %s", section, name, value,
			 expected ? expected : "was taken");
}

#define ASSERT_ALL(section, name, right, ...)                    \
	for (const char *const *v =                              \
		     (const char *const[]){ __VA_ARGS__, NULL }; \
	     *v; v++)                                            \
	assert_checked(section, name, *v, right)

PVN_TEST(network_values)
{
	ASSERT_ALL("network", "vlan", true, "1", "10", "4094");
	ASSERT_ALL("network", "vlan", false, "0", "4095", "-1", "010", "1x",
		   "99999999999");
	ASSERT_ALL("network", "method6", true, "off", "auto", "static");
	ASSERT_ALL("network", "method6", false, "or", "dhcp", "auto or",
		   "auto,");
	ASSERT_ALL("network", "address6", true, "2001:db8::5/64",
		   "fd00::1/128");
	ASSERT_ALL("network", "address6", false, "2001:db8::5", "::1/129",
		   "192.0.2.1/24", "2001:db8::5/0", "2001:db8::5/064x");
	ASSERT_ALL("network", "gateway6", true, "fe80::1");
	ASSERT_ALL("network", "bond", false, "balance-rr", "802.3ad");
}

PVN_TEST(host_values)
{
	ASSERT_ALL("host", "timezone", true, "UTC",
		   "America/Argentina/Ushuaia");
	ASSERT_ALL("host", "timezone", false, "CET", "europe/berlin", "Factory",
		   "../etc/passwd");
	ASSERT_ALL("host", "ntp", true, "none", "192.0.2.1 2001:db8::1",
		   "ntp1.example.com, ntp2.example.com");
	ASSERT_ALL("host", "ntp", false, ",", "-q", "a_b", "ntp.example.com/x");
	ASSERT_ALL("install", "webhook", true, "http://192.0.2.9/done?host=1",
		   "http://[2001:db8::1]:8080/");
	ASSERT_ALL("install", "webhook", false, "https://example.com/",
		   "http://", "http:///x", "http://-O/x", "http://a b/");
	ASSERT_ALL("install", "script", true, "tftp://192.0.2.9/after");
	ASSERT_ALL("install", "script", false, "ftp://192.0.2.9/",
		   "/root/after");
}

#define HASH6                                        \
	"YlNl7LRW6RpLNSXWeWBxUCE3WC.REVAPk6bJ6JvjBK" \
	"R5kQP0s9rd9OLUWi5rYDTUGVjCiyZz9Y5ZuV9aYHWQ/1"
#define HASH5 "gCVI/CKzGTNpl2s8g6NLu4uTuL0I3Bw8bAv7vXkPbR5"

PVN_TEST(password_hashes)
{
	ASSERT_ALL("console", "password-hash", true, "$6$salt$" HASH6,
		   "$6$rounds=5000$salt$" HASH6, "$5$salt$" HASH5,
		   "$y$j9T$salt$" HASH5);
	ASSERT_ALL("console", "password-hash", false, "secret", "$6$",
		   "$6$" HASH6, "$6$salt$" HASH5,
		   "$1$salt$AAAAAAAAAAAAAAAAAAAAAA", "$6$salt:$" HASH6,
		   "$6$salt$" HASH6 "x", "*");
}

/* A password typed in place of its hash is on no console. */
PVN_TEST(secrets_are_not_told)
{
	auto_strlist struct strlist errors = { 0 };
	struct answers a = { 0 };

	answers_parse(&a,
		      REST "[ssh]\nkey = " KEY
			   "\n[console]\npassword-hash = hunter2\n",
		      "f", &errors);
	assert_int_equal(errors.n, 1);
	assert_null(strstr(errors.v[0], "hunter2"));
	answers_free(&a);
}

struct seen {
	int lines[4];
	size_t n;
};

static void on_item(void *arg, const struct ini_item *item)
{
	struct seen *seen = arg;

	assert_true(seen->n < 4);
	seen->lines[seen->n++] = item->line;
}

PVN_TEST(line_numbers)
{
	auto_strlist struct strlist errors = { 0 };
	struct seen seen = { 0 };

	assert_int_equal(ini_lines("\n# c\n[a]\nx=1\n\n  y = 2\nnothing\nz=3",
				   "f", on_item, &seen, &errors),
			 8);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.lines[0], 4);
	assert_int_equal(seen.lines[1], 6);
	assert_int_equal(seen.lines[2], 8);
	assert_int_equal(errors.n, 1);
	assert_memory_equal(errors.v[0], "f:7: ", 5);
}

PVN_TEST(nothing_replaces_what_is_kept)
{
	static const char keep[] =
		"[disk]\ndevice = a\n[install]\nkeep = configuration\n";
	autofree char *more = xasprintf("%s[host]\ntimezone = Europe/Berlin\n"
					"[network]\nvlan = 7\n",
					keep);
	struct answers a;

	assert_int_equal(parse(&a, keep), 0);
	assert_null(a.hostname);
	assert_null(a.timezone);
	assert_false(a.says_network);
	answers_free(&a);
	assert_int_equal(parse(&a, more), 0);
	assert_string_equal(a.timezone, "Europe/Berlin");
	assert_true(a.says_network);
	answers_free(&a);
}

/* The commented example holds every key and is itself accepted, but for the
 * key and the password, which are none, and the second interface of its bond. */
PVN_TEST(example)
{
	auto_strlist struct strlist errors = { 0 };
	autofree char *text = NULL;
	struct answers a = { 0 };
	size_t len;
	FILE *f = open_memstream(&text, &len);

	answers_print_keys(f);
	fclose(f);
	for (char *p = text; (p = strstr(p, "\n#")); p++) {
		if (p[2] != ' ')
			p[1] = ' ';
	}
	assert_int_equal(answers_parse(&a, text, "f", &errors), -EINVAL);
	assert_int_equal(errors.n, 3);
	assert_non_null(strstr(errors.v[0], "bad key"));
	assert_non_null(strstr(errors.v[1], "bad password-hash"));
	assert_non_null(strstr(errors.v[2], "'bond' with 1 'nic'"));
	answers_free(&a);
}
