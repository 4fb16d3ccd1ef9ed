/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_guestedit.c: one value changes in an xl.cfg, all else stays. */
#include <errno.h>

#include "guestedit.h"
#include "guesttype.h"
#include "unit.h"

static const char by_hand[] = "# my guest, memory = 1\n"
			      "name='web' ; memory = 64 # enough\n"
			      "\tvcpus=2\n"
			      "disk = [ 'phy:/dev/a,xvda,w', # root ]\n"
			      "  \"phy:/dev/b,xvdb,r\" # seed, = [\n"
			      "]\n"
			      "on_crash = \"a;b#c='d'\"";

/* Make @key's value what it should be; the text must become @wanted. */
static void expect_set(const char *text, const char *key, const char *value,
		       const char *wanted)
{
	autofree char *got = xstrdup(text);
	struct pvn_err err = { 0 };

	assert_int_equal(guestedit_set(&got, key, value, &err), 0);
	assert_string_equal(got, wanted);
}

static void expect_item(const char *text, size_t i, const char *item,
			const char *wanted)
{
	autofree char *got = xstrdup(text);
	struct pvn_err err = { 0 };

	assert_int_equal(guestedit_set_item(&got, "disk", i, item, &err), 0);
	assert_string_equal(got, wanted);
}

PVN_TEST(keeps_the_rest)
{
	expect_set(by_hand, "memory", "128",
		   "# my guest, memory = 1\n"
		   "name='web' ; memory = 128 # enough\n"
		   "\tvcpus=2\n"
		   "disk = [ 'phy:/dev/a,xvda,w', # root ]\n"
		   "  \"phy:/dev/b,xvdb,r\" # seed, = [\n"
		   "]\n"
		   "on_crash = \"a;b#c='d'\"");
	expect_set(by_hand, "on_crash", "\"restart\"",
		   "# my guest, memory = 1\n"
		   "name='web' ; memory = 64 # enough\n"
		   "\tvcpus=2\n"
		   "disk = [ 'phy:/dev/a,xvda,w', # root ]\n"
		   "  \"phy:/dev/b,xvdb,r\" # seed, = [\n"
		   "]\n"
		   "on_crash = \"restart\"");
}

PVN_TEST(sets)
{
	expect_set("a = 1\n", "b", "\"x\"", "a = 1\nb = \"x\"\n");
	expect_set("a = 1", "b", "2", "a = 1\nb = 2\n");
	expect_set("", "b", "2", "b = 2\n");
	expect_set("ab = 1\nb=1\n", "b", "2", "ab = 1\nb=2\n");
	expect_set("b = 1\nb = 2\n", "b", "3", "b = 1\nb = 3\n");
	expect_set("a='\\'b=1'\nb='1'", "b", "2", "a='\\'b=1'\nb=2");
}

PVN_TEST(removes)
{
	expect_set("a = 1\nb = 2\nc = 3\n", "b", NULL, "a = 1\nc = 3\n");
	expect_set("a = 1; b = 2 # two\n", "b", NULL, "a = 1; # two\n");
	expect_set("b = 2; a = 1\nb = 3\n", "b", NULL, "a = 1\n");
	expect_set("b = [\n  'x',\n]\n", "b", NULL, "");
	expect_set("a = 1\n", "b", NULL, "a = 1\n");
}

static void expect_type(const char *text, const char *type, bool pvh,
			const char *kernel, const char *wanted)
{
	autofree char *got = xstrdup(text);
	struct pvn_err err = { 0 };

	assert_int_equal(guestedit_set_type(&got, type, pvh, kernel, &err), 0);
	assert_string_equal(got, wanted);
}

PVN_TEST(sets_the_type)
{
	static const char pv[] = "type = \"pv\"\n"
				 "kernel = \"" KERNEL_GRUB_PV "\"\n";
	static const char automatic[] = "type = \"pvh\"\n"
					"kernel = \"" KERNEL_GRUB_PVH "\"\n"
					"paravane_type = \"auto\"\n";

	expect_type(pv, "auto", true, KERNEL_GRUB_PV, automatic);
	expect_type(automatic, "pv", true, KERNEL_GRUB_PVH, pv);
	/* a file from another host: as it is written there, GRUB is PV's */
	expect_type(pv, "pv", false, KERNEL_GRUB_PVH, pv);
	/* a kernel of a person's own stays; a file may have no type */
	expect_type("kernel='/vm'\n", "auto", false, "/vm",
		    "kernel='/vm'\ntype = \"pv\"\nparavane_type = \"auto\"\n");
}

PVN_TEST(items)
{
	expect_item("", 0, "x", "disk = [\n  \"x\",\n]\n");
	expect_item("disk = []\n", 0, "x", "disk = [\n  \"x\",]\n");
	expect_item("disk = ['a']\n", 1, "x", "disk = ['a',\n  \"x\"]\n");
	expect_item("disk = [\n  'a',\n  'b',\n]\n", 7, "x",
		    "disk = [\n  'a',\n  'b',\n  \"x\",\n]\n");
	expect_item("disk = [\n  'a',\n  'b',\n]\n", 0, "x",
		    "disk = [\n  \"x\",\n  'b',\n]\n");
	expect_item("disk = [\n  'a',\n  'b',\n]\n", 1, NULL,
		    "disk = [\n  'a',\n]\n");
	expect_item("disk = [\n  'a', # root\n  'b', # data\n]\n", 1, NULL,
		    "disk = [\n  'a', # root\n  # data\n]\n");
	expect_item("disk = ['a', 'b']", 0, NULL, "disk = ['b']");
	expect_item("disk = ['a', 'b']", 1, NULL, "disk = ['a', ]");
	expect_item("disk = ['a']", 3, NULL, "disk = ['a']");
	expect_item("x = 1\n", 0, NULL, "x = 1\n");
}

PVN_TEST(refuses)
{
	static const char *const bad[] = {
		"disk += ['a']\n", "disk = ['a\n", "disk = [ 'a'\n",
		"disk\n",	   "= 1\n",	   "disk = \n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		autofree char *text = xstrdup(bad[i]);
		struct pvn_err err = { 0 };

		assert_int_equal(guestedit_set_item(&text, "disk", 0, "x",
						    &err),
				 -EINVAL);
		assert_string_equal(text, bad[i]);
	}
}

PVN_TEST(refuses_what_quotes_would_not_hold)
{
	autofree char *text = xstrdup("a = 1\n");
	struct pvn_err err = { 0 };

	assert_int_equal(guestedit_set_string(&text, "b", "x\"; c=1", &err),
			 -EINVAL);
	assert_int_equal(guestedit_set_string(&text, "b", "x\ny", &err),
			 -EINVAL);
	assert_string_equal(text, "a = 1\n");
	assert_int_equal(guestedit_set_string(&text, "b", "it is 1", &err), 0);
	assert_string_equal(text, "a = 1\nb = \"it is 1\"\n");
}
