/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_shadow.c: root's password is replaced, and nothing else. */
#include <errno.h>
#include <sys/stat.h>

#include "file.h"
#include "shadow.h"
#include "unit.h"

#define FROM "/tmp/pvn-unit-shadow"
#define TO FROM ".new"

static void assert_set(const char *before, const char *after)
{
	autofree char *text = NULL;
	struct pvn_err err = { 0 };
	struct stat st;

	assert_int_equal(file_write(FROM, before, 0600, &err), 0);
	assert_int_equal(shadow_set(TO, FROM, "$6$a$b", &err), 0);
	assert_int_equal(file_read(TO, &text, &err), 0);
	assert_string_equal(text, after);
	assert_int_equal(stat(TO, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	unlink(FROM);
	unlink(TO);
}

PVN_TEST(sets_the_password)
{
	assert_set("root:*:::::::\nnobody:*:::::::\n",
		   "root:$6$a$b:::::::\nnobody:*:::::::\n");
	assert_set("nobody:*:::::::\nroot:$6$old$old:20000:0:99999:7:::",
		   "nobody:*:::::::\nroot:$6$a$b:20000:0:99999:7:::");
	assert_set("toor:x:\nroot:", "toor:x:\nroot:$6$a$b");
}

PVN_TEST(needs_root)
{
	struct pvn_err err = { 0 };

	assert_int_equal(file_write(FROM, "toor:*:::::::\n", 0600, &err), 0);
	assert_int_equal(shadow_set(TO, FROM, "$6$a$b", &err), -ENOENT);
	assert_false(file_exists(TO));
	unlink(FROM);
}
