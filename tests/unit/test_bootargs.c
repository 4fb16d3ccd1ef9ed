/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_bootargs.c: what is carried over from the boot menu to the installed host. */
#include "install.h"
#include "unit.h"

#define OWN "/boot/vmlinuz console=tty0 console=hvc0 quiet panic=10 $*"

static void expect(const char *running, const char *want)
{
	autofree char *extra = bootargs_extra(running, OWN);

	if (want)
		assert_string_equal(extra, want);
	else
		assert_null(extra);
}

PVN_TEST(what_was_typed)
{
	expect("console=tty0 console=hvc0 quiet panic=10 nomodeset",
	       "nomodeset");
	expect("quiet nomodeset panic=30 console=ttyS1,9600",
	       "nomodeset panic=30 console=ttyS1,9600");
	expect("con=x con=x", "con=x");
	/* a part of a word is none */
	expect("console=tty quie", "console=tty quie");
}

PVN_TEST(not_what_is_for_one_boot)
{
	expect("", NULL);
	expect("/boot/vmlinuz quiet paravane.mode=install "
	       "answers-post=http://h/p answers=http://192.0.2.1/a.ini BOOT_IMAGE=vmlinuz",
	       NULL);
}

PVN_TEST(not_what_is_too_much)
{
	autofree char *long_word = xcalloc(1, 300);

	memset(long_word, 'x', 299);
	expect(long_word, NULL);
}
