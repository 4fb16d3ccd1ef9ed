/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_seed_files.c: user-data, meta-data and network-config of the user's own. */
#include <errno.h>

#include "seed.h"
#include "unit.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA root@desk"

/* What seed_files_check() says, "" when all is well. */
static char *said(const char *user_data, const char *meta_data,
		  const char *network, const char *ip, const char *user,
		  bool has_keys)
{
	const struct seed_net net = { .address = ip };
	const struct seed_files files = { {
		{ "user-data", user_data ? "u" : NULL, (char *)user_data },
		{ "meta-data", meta_data ? "m" : NULL, (char *)meta_data },
		{ "network-config", network ? "n" : NULL, (char *)network },
	} };
	struct pvn_err err = { 0 };
	int rc = seed_files_check(&files, &net, user, has_keys, &err);

	assert_int_equal(rc, rc ? -EINVAL : 0);
	return xstrdup(err.msg);
}

static void assert_fine(char *msg)
{
	assert_string_equal(msg, "");
	free(msg);
}

static void assert_says(char *msg, const char *words)
{
	if (!strstr(msg, words))
		fail_msg("expected '%s' in '%s'", words, msg);
	free(msg);
}

PVN_TEST(good_ones)
{
	assert_fine(said(NULL, NULL, NULL, "192.0.2.5/24", "debian", true));
	assert_fine(said("#cloud-config\nusers: []\n", NULL, NULL, NULL, NULL,
			 true));
	assert_fine(said("#!/bin/sh\n", "instance-id: a\n", NULL, NULL, NULL,
			 false));
	assert_fine(said(NULL, "{\"instance-id\": \"a\"}", NULL, NULL, "_x",
			 false));
	assert_fine(said(NULL, NULL, "network:\n  version: 2\n", NULL, NULL,
			 false));
}

PVN_TEST(bad_ones)
{
	assert_says(said("hello\n", NULL, NULL, NULL, NULL, false),
		    "'--user-data u' is nothing that cloud-init takes");
	assert_says(said(NULL, "my-instance-id: a\n", NULL, NULL, NULL, false),
		    "'--meta-data m' has no 'instance-id'");
	assert_says(said(NULL, "# instance-id: a\nname: b # instance-id: c\n",
			 NULL, NULL, NULL, false),
		    "'--meta-data m' has no 'instance-id'");
	assert_says(said(NULL, NULL, "ethernets: {}\n", NULL, NULL, false),
		    "'--network-config n' has no 'version'");
	assert_says(said(NULL, NULL, "version: 2\n", "192.0.2.5/24", NULL,
			 false),
		    "'--ip' and '--network-config'");
	assert_says(said("#cloud-config\n", NULL, NULL, NULL, "debian", false),
		    "'--user' and '--user-data'");
	assert_says(said("#cloud-config\n", "instance-id: a\n", NULL, NULL,
			 NULL, true),
		    "ssh keys have no place");
	assert_says(said(NULL, NULL, NULL, NULL, "Root", false),
		    "'--user Root' is no user's name");
	assert_says(said(NULL, NULL, NULL, NULL, "0day", false),
		    "'--user 0day' is no user's name");
}

PVN_TEST(own_files_are_used_as_they_are)
{
	auto_strlist struct strlist keys = { 0 };
	const struct seed_net net = { 0 };
	struct seed_files files = { {
		{ "user-data", "u", (char *)"#!/bin/sh\n" },
		{ "meta-data", NULL, NULL },
		{ "network-config", "n", (char *)"version: 1\n" },
	} };
	struct seed seed = { 0 };

	strlist_add(&keys, KEY);
	seed_make(&seed, "web", "1-2", "00:16:3e:12:34:56", "root", &keys, &net,
		  &files);
	assert_string_equal(seed.user_data, "#!/bin/sh\n");
	assert_string_equal(seed.network_config, "version: 1\n");
	/* the keys are not lost */
	assert_string_equal(seed.meta_data,
			    "instance-id: 1-2\nlocal-hostname: web\n"
			    "public-keys:\n  - " KEY "\n");
	seed_free(&seed);
	files.v[SEED_META_DATA].text = (char *)"instance-id: mine\n";
	seed_make(&seed, "web", "1-2", "00:16:3e:12:34:56", "root", &keys, &net,
		  &files);
	assert_string_equal(seed.meta_data, "instance-id: mine\n");
	seed_free(&seed);
}

/* A file with this content, and what reading it as user-data says. */
static char *read_says(const char *content, size_t len)
{
	char path[] = "/tmp/pvn-seed-XXXXXX";
	struct seed_files files = { { { "user-data", path, NULL } } };
	struct pvn_err err = { 0 };
	int fd = mkstemp(path);

	assert_int_equal(write(fd, content, len), len);
	close(fd);
	if (!seed_files_read(&files, &err))
		assert_memory_equal(files.v[0].text, content, len + 1);
	unlink(path);
	seed_files_free(&files);
	return xstrdup(err.msg);
}

PVN_TEST(reading)
{
	autofree char *large = xcalloc(1, SEED_FILE_MAX + 2);
	struct seed_files twice = { { { "user-data", "-", NULL },
				      { "meta-data", "-", NULL } } };
	struct pvn_err err = { 0 };

	memset(large, 'x', SEED_FILE_MAX + 1);
	assert_says(read_says(large, SEED_FILE_MAX + 1),
		    "is longer than 512 KiB");
	large[SEED_FILE_MAX] = '\0';
	assert_fine(read_says(large, SEED_FILE_MAX));
	assert_says(read_says("a\0b", 3), "is no text");
	assert_fine(read_says("", 0));
	assert_int_equal(seed_files_read(&twice, &err), -EINVAL);
	seed_files_free(&twice);
}

static char *all_keys(const char *key, const char *file)
{
	struct pvn_err err = { 0 };
	char *text = NULL;

	if (seed_keys_read(key, file, &text, &err))
		fail_msg("%s", err.msg);
	return text;
}

PVN_TEST(keys)
{
	char path[] = "/tmp/pvn-seed-XXXXXX";
	autofree char *one = all_keys("ssh-rsa A", NULL);
	autofree char *file = NULL, *both = NULL;
	int fd = mkstemp(path);

	assert_null(all_keys(NULL, NULL));
	assert_string_equal(one, "ssh-rsa A");
	assert_int_equal(write(fd, "ssh-rsa B", 9), 9);
	close(fd);
	file = all_keys(NULL, path);
	assert_string_equal(file, "ssh-rsa B");
	both = all_keys("ssh-rsa A", path);
	assert_string_equal(both, "ssh-rsa B\nssh-rsa A\n");
	unlink(path);
	assert_string_equal(seed_keys_name("k", NULL), "--ssh-key");
	assert_string_equal(seed_keys_name("k", "-"), "standard input");
	assert_null(seed_keys_name(NULL, NULL));
}

PVN_TEST(user_of_ones_own)
{
	auto_strlist struct strlist keys = { 0 };
	const struct seed_net net = { 0 };
	struct seed_files files = { 0 };
	struct seed seed = { 0 };

	strlist_add(&keys, KEY);
	seed_make(&seed, "web", "1-2", "00:16:3e:12:34:56", "admin", &keys,
		  &net, &files);
	assert_non_null(strstr(seed.user_data, "\nuser:\n  name: admin\n"));
	assert_non_null(
		strstr(seed.user_data, "\nssh_authorized_keys:\n  - " KEY));
	seed_free(&seed);
}
