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
	assert_string_equal(a.method, "dhcp");
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

/* The commented example holds every key and is itself accepted, but for the
 * key, which is none. */
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
	for (size_t i = 0; i < errors.n; i++)
		assert_true(strstr(errors.v[i], "bad key") ||
			    strstr(errors.v[i], "method = static"));
	assert_int_equal(errors.n, 3);
	answers_free(&a);
}
