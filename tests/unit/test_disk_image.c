/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_disk_image.c: an install into a file: what its plan has, and has not. */
#include <errno.h>
#include <unistd.h>

#include "install.h"
#include "unit.h"

#define KEY                                                        \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQ5rvFzoP9eQ1rXJZzJ" \
	"1bJvQ0r3Yh5m9mT0q0pVw0aK"
#define ANSWERS                                                     \
	"[host]\nhostname = a\n[network]\nmethod = dhcp\n[ssh]\n"   \
	"key = " KEY "\n[disk]\ndevice = sdz\n[install]\nfinish = " \
	"poweroff\n"

static int plan_with(struct install *in, struct facts *facts, struct answers *a,
		     const char *more, struct pvn_err *err)
{
	autofree char *text = xasprintf("%s%s", ANSWERS, more);
	auto_strlist struct strlist errors = { 0 };
	autofree char *dir = temp_folder();
	autofree char *image = xasprintf("%s/image", dir);

	if (answers_parse(a, text, "answers", &errors))
		fail_msg("%s", errors.v[0]);
	assert_int_equal(image_facts(facts, image, "/x.iso", err), 0);
	/* nothing that is there is written over */
	assert_int_equal(image_facts(facts, image, "/x.iso", err), -EEXIST);
	unlink(image);
	rmdir(dir);
	*err = (struct pvn_err){ 0 };
	return install_plan(in, facts, a, "0a1b2c3d", "/slot", err);
}

static void done(struct install *in, struct facts *facts, struct answers *a)
{
	install_free(in);
	facts_free(facts);
	answers_free(a);
}

PVN_TEST(touches_no_device)
{
	static const char *const wanted[] = {
		"check",      "partition", "parts", "slot-a",	 "slot-b",
		"state",      "configure", "esp",   "boot-bios", "boot-uefi",
		"boot-slots", "verify",	   "join",
	};
	struct install in;
	struct facts facts = { 0 };
	struct answers a = { 0 };
	struct pvn_err err = { 0 };

	if (plan_with(&in, &facts, &a, "", &err))
		fail_msg("%s", err.msg);
	assert_int_equal(in.steps.n, sizeof(wanted) / sizeof(*wanted));
	for (size_t i = 0; i < in.steps.n; i++) {
		assert_string_equal(in.steps.steps[i].name, wanted[i]);
		assert_null(strstr(in.steps.steps[i].what, "/dev/"));
	}
	for (size_t i = 0; i < N_PARTS; i++)
		assert_non_null(strstr(in.part[i], "/image.parts/"));
	assert_true(in.layout.part[PART_GUESTS].start +
			    in.layout.part[PART_GUESTS].size <
		    IMAGE_SIZE);
	done(&in, &facts, &a);
}

PVN_TEST(refuses_what_a_disk_alone_can_have)
{
	static const char *const lines[] = { "keep = guests\n",
					     "script = http://192.0.2.1/x\n",
					     "webhook = http://192.0.2.1/x\n" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct install in;
		struct facts facts = { 0 };
		struct answers a = { 0 };
		struct pvn_err err = { 0 };

		assert_int_equal(plan_with(&in, &facts, &a, lines[i], &err),
				 -EPERM);
		done(&in, &facts, &a);
	}
}
