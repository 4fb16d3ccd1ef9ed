/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_seed_clone.c: what a clone is told otherwise than the guest it is from. */
#include "seed.h"
#include "unit.h"

static struct strlist old_macs, new_macs;

static struct seed clone_of(const char *meta, const char *user,
			    const char *network, const char *ip, int *rc_r)
{
	const struct seed_net net = { .address = ip };
	const struct seed_clone clone = { .name = "copy",
					  .uuid = "new-id",
					  .old_macs = &old_macs,
					  .new_macs = &new_macs,
					  .net = &net };
	struct seed seed = { .meta_data = xstrdup(meta),
			     .user_data = xstrdup(user),
			     .network_config = xstrdup(network) };
	struct pvn_err err = { 0 };

	if (!old_macs.n) {
		strlist_add(&old_macs, "00:16:3e:00:00:0A");
		strlist_add(&new_macs, "00:16:3e:00:00:99");
	}
	*rc_r = seed_clone_texts(&clone, &seed, &err);
	return seed;
}

PVN_TEST(name_id_and_mac_are_new)
{
	int rc;
	struct seed seed = clone_of(
		"instance-id: old-id\nlocal-hostname: web\nextra: 1\n",
		"#cloud-config\nhostname: web\nusers: [ x ]\n",
		"match:\n  macaddress: '00:16:3e:00:00:0a'\n  dhcp4: true\n",
		NULL, &rc);

	assert_int_equal(rc, 0);
	assert_string_equal(
		seed.meta_data,
		"instance-id: new-id\nlocal-hostname: copy\nextra: 1\n");
	assert_string_equal(seed.user_data,
			    "#cloud-config\nhostname: copy\nusers: [ x ]\n");
	assert_string_equal(
		seed.network_config,
		"match:\n  macaddress: '00:16:3e:00:00:99'\n  dhcp4: true\n");
	seed_free(&seed);
}

PVN_TEST(what_is_missing)
{
	int rc;
	struct seed seed =
		clone_of("", "#!/bin/sh\nhostname web\n", "", NULL, &rc);

	assert_int_equal(rc, 0);
	assert_string_equal(seed.meta_data,
			    "instance-id: new-id\nlocal-hostname: copy\n");
	assert_string_equal(seed.user_data, "#!/bin/sh\nhostname web\n");
	seed_free(&seed);
}

PVN_TEST(a_fixed_address_is_not_copied)
{
	const char network[] = "eth0:\n  addresses:\n    - 10.0.0.5/24\n";
	int rc;
	struct seed seed = clone_of("", "", network, NULL, &rc);

	assert_int_equal(rc, PVN_REFUSED);
	seed_free(&seed);
	seed = clone_of("", "", network, "10.0.0.6/24", &rc);
	assert_int_equal(rc, 0);
	assert_null(strstr(seed.network_config, "10.0.0.5"));
	assert_non_null(strstr(seed.network_config, "- 10.0.0.6/24"));
	assert_non_null(strstr(seed.network_config, "00:16:3e:00:00:99"));
	seed_free(&seed);
}
