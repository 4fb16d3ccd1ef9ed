/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_signature.c: signatures by those whom the host trusts, and by others. */
#include <errno.h>

#include "file.h"
#include "run.h"
#include "signature.h"
#include "unit.h"

/* Three folders: keys of those who are trusted, of strangers, and what is signed. */
struct desk {
	char *trusted, *strangers, *work;
};

static char *below(const char *dir, const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void must(int rc, const struct pvn_err *err)
{
	if (rc)
		fail_msg("%s", err->msg);
}

static void make_key(const char *dir, const char *secrets, const char *name)
{
	autofree char *pub = xasprintf("%s/%s.pub", dir, name);
	autofree char *key = below(secrets, name);
	struct pvn_err err;

	must(PVN_RUN(&err, "minisign", "-G", "-W", "-p", pub, "-s", key), &err);
}

static struct desk make_desk(void)
{
	struct desk d = { temp_folder(), temp_folder(), temp_folder() };

	make_key(d.trusted, d.work, "acme");
	make_key(d.trusted, d.work, "other");
	make_key(d.strangers, d.work, "stranger");
	return d;
}

static void remove_folder(char *dir)
{
	struct pvn_err err;

	must(PVN_RUN(&err, "rm", "-rf", dir), &err);
	free(dir);
}

static void remove_desk(struct desk *d)
{
	remove_folder(d->trusted);
	remove_folder(d->strangers);
	remove_folder(d->work);
}

static char *sign(const struct desk *d, const char *text, const char *name,
		  const char *how)
{
	autofree char *file = below(d->work, "text");
	autofree char *beside = below(d->work, "text.minisig");
	autofree char *key = below(d->work, name);
	struct pvn_err err;
	char *signature = NULL;

	must(file_write(file, text, 0600, &err), &err);
	must(PVN_RUN(&err, "minisign", "-S", how, "-s", key, "-m", file), &err);
	must(file_read(beside, &signature, &err), &err);
	return signature;
}

#define TEXT "name=mini\nversion=1\n"

static int check(const char *text, const char *signature, const char *keys,
		 struct signature *s, struct pvn_err *err)
{
	*err = (struct pvn_err){ 0 };
	return signature_check(text, signature, keys, s, err);
}

PVN_TEST(signed_or_not)
{
	struct desk d = make_desk();
	autofree char *good = sign(&d, TEXT, "acme", "-H");
	autofree char *strange = sign(&d, TEXT, "stranger", "-H");
	struct signature s;
	struct pvn_err err;

	must(check(TEXT, good, d.trusted, &s, &err), &err);
	assert_true(s.keys);
	assert_string_equal(s.key, "acme.pub");
	signature_free(&s);
	must(check(TEXT, strange, d.trusted, &s, &err), &err);
	assert_true(s.keys);
	assert_null(s.key);
	must(check(TEXT, NULL, d.trusted, &s, &err), &err);
	assert_true(s.keys);
	assert_null(s.key);
	must(check(TEXT, good, "/nonexistent", &s, &err), &err);
	assert_false(s.keys);
	assert_null(s.key);
	remove_desk(&d);
}

static void refused(const char *text, const char *signature, const char *keys,
		    const char *words)
{
	struct signature s;
	struct pvn_err err;

	assert_int_equal(check(text, signature, keys, &s, &err), PVN_REFUSED);
	assert_int_equal(err.code, PVN_REFUSED);
	if (!strstr(err.msg, words))
		fail_msg("'%s' is not in '%s'", words, err.msg);
	signature_free(&s);
}

PVN_TEST(bad_ones)
{
	struct desk d = make_desk();
	autofree char *good = sign(&d, TEXT, "acme", "-H");
	autofree char *old = sign(&d, TEXT, "acme", "-l");
	autofree char *changed = xstrdup(good);
	char *second = strchr(changed, '\n') + 1;

	refused(TEXT "x", good, d.trusted, "by 'acme.pub' is not good");
	refused(TEXT, old, d.trusted, "by 'acme.pub' is not good");
	second[40] = second[40] == 'A' ? 'B' : 'A';
	refused(TEXT, changed, d.trusted, "by 'acme.pub' is not good");
	refused(TEXT, "hello\n", d.trusted, "none of minisign's");
	refused(TEXT, "", d.trusted, "none of minisign's");
	remove_desk(&d);
}
