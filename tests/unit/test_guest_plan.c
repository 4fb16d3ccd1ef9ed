/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_guest_plan.c: request + facts -> plan of a guest. */
#include <errno.h>

#include "create.h"
#include "guesttype.h"
#include "size.h"
#include "unit.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA root@desk"

static const struct create_request web = {
	.name = "web",
	.template = "mini",
	.nic.bridge = "br0",
};

static void make_facts(struct create_facts *facts)
{
	struct template t = {
		.dir = xstrdup("/slot/templates/mini"),
		.name = xstrdup("mini"),
		.version = xstrdup("0.1"),
		.type = xstrdup("pv"),
		.kernel = xstrdup("/slot/boot/guest-vmlinux"),
		.cmdline = xstrdup("root=/dev/xvda"),
		.disk = xstrdup("disk.img.zst"),
		.sha256 = xstrdup(
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
		.user = xstrdup("root"),
		.description = xstrdup(""),
		.disk_bytes = 64 * MIB,
		.memory_bytes = 64 * MIB,
		.vcpus = 1,
	};
	struct pvn_err err;

	*facts = (struct create_facts){
		.vg = xstrdup("pvn_0badcafe"),
		.pool = xstrdup("pool"),
		.memory_free = 256 * MIB,
		.limits = POOL_LIMITS_DEFAULT,
		.host_keys = xstrdup(KEY "\n"),
		.uuid = "12345678-9abc-4def-8123-456789abcdef",
		.mac = "00:16:3e:12:34:56",
	};
	templates_add(&facts->templates, &t);
	strlist_add(&facts->bridges, "br0");
	strlist_add(&facts->guests, "db");
	assert_int_equal(volumes_parse(&facts->volumes,
				       "  pool|1073741824|50.00|1.0|65536|\n",
				       &err),
			 0);
}

static void add_volume(struct create_facts *facts, const char *line)
{
	struct pvn_err err;

	assert_int_equal(volumes_parse(&facts->volumes, line, &err), 0);
}

/* The names of the plan's steps, or the error. Caller frees. */
static char *plan_of(const struct create_request *req,
		     const struct create_facts *facts)
{
	auto_create struct create create = { 0 };
	auto_plan struct pvn_plan plan = { 0 };
	struct pvn_err err = { 0 };
	char *names = xstrdup("");

	if (create_plan(req, facts, &create, &plan, &err)) {
		free(names);
		return xstrdup(err.msg);
	}
	for (size_t i = 0; i < plan.n; i++) {
		char *more = xasprintf("%s%s%s", names, i ? " " : "",
				       plan.steps[i].name);

		free(names);
		names = more;
	}
	return names;
}

static void expect(const struct create_request *req,
		   const struct create_facts *facts, const char *wanted)
{
	autofree char *got = plan_of(req, facts);

	assert_string_equal(got, wanted);
}

PVN_TEST(plans)
{
	auto_create_facts struct create_facts facts = { 0 };
	struct create_request req = web;

	make_facts(&facts);
	expect(&req, &facts, "template disk seed-volume seed config");
	req.start = true;
	req.disk = 64 * MIB;
	expect(&req, &facts,
	       "template disk resize seed-volume seed config start");
	/* made from another image of the same version: made again */
	add_volume(&facts, "template-mini-0_1|67108864||||sha256_ffff\n");
	expect(&req, &facts,
	       "template disk resize seed-volume seed config start");
}

PVN_TEST(uses_the_template_volume)
{
	auto_create_facts struct create_facts facts = { 0 };

	make_facts(&facts);
	add_volume(
		&facts,
		"template-mini-0_1|1073741824||||other,sha256_0123456789abcdef\n");
	expect(&web, &facts, "disk seed-volume seed config");
}

/* Made by an earlier release, which made it as large as the image. */
PVN_TEST(template_volume_may_be_smaller)
{
	auto_create_facts struct create_facts facts = { 0 };

	make_facts(&facts);
	add_volume(&facts,
		   "template-mini-0_1|67108864||||sha256_0123456789abcdef\n");
	expect(&web, &facts, "disk resize seed-volume seed config");
}

PVN_TEST(refuses)
{
	auto_create_facts struct create_facts facts = { 0 };
	struct create_request req = web;

	make_facts(&facts);
	add_volume(&facts, "guest-web-b-xvda|67108864||||\n");
	req.name = "db";
	expect(&req, &facts, "there is a guest 'db' already");
	req.name = "web-b";
	expect(&req, &facts,
	       "there is a volume 'guest-web-b-xvda' already, left by another guest of that name ('guest destroy web-b' removes it)");
	req = web;
	req.start = true;
	req.memory = 256 * MIB;
	expect(&req, &facts,
	       "not enough memory to start 'web': it needs 262M, the host has 256M free");
	req = web;
	facts.templates.v[0].memory_bytes = 1ULL << 62;
	expect(&req, &facts,
	       "what guest 'web' is made from has 4.0E of memory, expected 16 MiB to 1 TiB: give it another with --memory");
	facts.templates.v[0].memory_bytes = 64 * MIB;
	req.disk = 2 * GIB;
	expect(&req, &facts,
	       "a disk of 2.0G is larger than the whole pool (1.0G)");
	free(facts.host_keys);
	facts.host_keys = NULL;
	expect(&web, &facts,
	       "the host has no ssh keys to give to the guest, use '--ssh-key-file'");
	facts.volumes.v[0].used_percent = 90;
	expect(&web, &facts,
	       "not enough space in the pool: 128M needed, 102M free");
}

/* "type choice kernel" of the guest that is planned. Caller frees. */
static char *type_of(const struct create_request *req,
		     const struct create_facts *facts)
{
	auto_create struct create create = { 0 };
	auto_plan struct pvn_plan plan = { 0 };
	struct pvn_err err = { 0 };
	const struct guestconf *conf = &create.conf;

	assert_int_equal(create_plan(req, facts, &create, &plan, &err), 0);
	return xasprintf("%s %s %s", conf->type,
			 conf->type_choice ? conf->type_choice : "-",
			 conf->kernel);
}

static void expect_type(const struct create_facts *facts, const char *type,
			const char *wanted)
{
	struct create_request req = web;
	autofree char *got = NULL;

	req.type = type;
	got = type_of(&req, facts);
	assert_string_equal(got, wanted);
}

static void set_text(char **member, const char *value)
{
	free(*member);
	*member = xstrdup(value);
}

PVN_TEST(auto_is_pvh_where_the_host_can)
{
	auto_create_facts struct create_facts facts = { 0 };
	struct template *t;

	make_facts(&facts);
	t = &facts.templates.v[0];
	expect_type(&facts, NULL, "pv - " KERNEL_GUEST);
	expect_type(&facts, "auto", "pv auto " KERNEL_GUEST);
	facts.pvh = true;
	expect_type(&facts, "auto", "pvh auto " KERNEL_GUEST);
	set_text(&t->kernel, KERNEL_GRUB_PV);
	expect_type(&facts, "auto", "pvh auto " KERNEL_GRUB_PVH);
	expect_type(&facts, "pvh", "pvh - " KERNEL_GRUB_PVH);
	expect_type(&facts, "pv", "pv - " KERNEL_GRUB_PV);
	set_text(&t->type, "auto");
	expect_type(&facts, NULL, "pvh auto " KERNEL_GRUB_PVH);
}

PVN_TEST(pvh_is_refused_where_the_host_can_not)
{
	auto_create_facts struct create_facts facts = { 0 };
	auto_create struct create create = { 0 };
	auto_plan struct pvn_plan plan = { 0 };
	struct create_request req = web;
	struct pvn_err err = { 0 };

	make_facts(&facts);
	req.type = "pvh";
	assert_int_equal(create_plan(&req, &facts, &create, &plan, &err),
			 PVN_REFUSED);
	assert_non_null(strstr(err.msg, "this host can't run PVH guests"));
}

PVN_TEST(guest_moves_to_other_hardware)
{
	auto_guestconf struct guestconf conf = { 0 };

	conf.kernel = xstrdup(KERNEL_GRUB_PV);
	guesttype_set(&conf, "auto", false);
	guesttype_settle(&conf, true);
	assert_string_equal(conf.type, "pvh");
	assert_string_equal(conf.kernel, KERNEL_GRUB_PVH);
	guesttype_settle(&conf, false);
	assert_string_equal(conf.type, "pv");
	assert_string_equal(conf.kernel, KERNEL_GRUB_PV);
	/* what was asked for stays */
	guesttype_set(&conf, "pv", true);
	guesttype_settle(&conf, true);
	assert_string_equal(conf.type, "pv");
	assert_false(guesttype_is_auto(&conf));
}

PVN_TEST(checks_names)
{
	static const char *const good[] = { "a", "a-b", "0",
					    "abcdefghijklmnopqrstuvwxyz0123" };
	static const char *const bad[] = {
		"",    "-a",  "a-",  "A",
		"a.b", "a/b", "a b", "abcdefghijklmnopqrstuvwxyz01234"
	};
	struct pvn_err err;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(guest_name_check(good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(guest_name_check(bad[i], &err), -EINVAL);
}

PVN_TEST(whose_volume)
{
	assert_true(volume_is_guests("guest-a-xvda", "a"));
	assert_true(volume_is_guests("guest-a-seed", "a"));
	assert_false(volume_is_guests("guest-a-b-xvda", "a"));
	assert_false(volume_is_guests("guest-a-seed-xvda", "a"));
	assert_false(volume_is_guests("guest-ab-xvda", "a"));
	assert_false(volume_is_guests("template-a-xvda", "a"));
	assert_false(volume_is_guests("pool", "a"));
}

static int check_net(const char *ip, const char *gateway, const char *dns)
{
	struct seed_net net = { ip, gateway, dns };
	struct pvn_err err;

	return seed_net_check(&net, &err);
}

PVN_TEST(checks_addresses)
{
	assert_int_equal(check_net(NULL, NULL, NULL), 0);
	assert_int_equal(
		check_net("192.0.2.5/24", "192.0.2.1", "192.0.2.1,8.8.8.8"), 0);
	assert_int_equal(check_net("192.0.2.4/31", "192.0.2.5", NULL), 0);
	assert_int_equal(check_net(NULL, "192.0.2.1", NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.5", NULL, NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.5/33", NULL, NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.5/", NULL, NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.0/24", NULL, NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.255/24", NULL, NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.5/24", "192.0.2.5", NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.5/24", "192.0.3.1", NULL), -EINVAL);
	assert_int_equal(check_net("192.0.2.5/24", NULL, "8.8.8.8,"), -EINVAL);
	assert_int_equal(check_net("127.0.0.1/8", NULL, NULL), -EINVAL);
}

PVN_TEST(takes_keys)
{
	static const char *const bad[] = {
		"",
		"# nothing\n",
		"hello\n",
		"ssh-ed25519 short\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\n",
		KEY "\nhello\n",
		"ssh-ed25519 AAAA\x1b[0m\n",
	};
	auto_strlist struct strlist keys = { 0 };
	struct pvn_err err;

	assert_int_equal(seed_keys_parse("# mine\r\n\n  " KEY "\r\nno-pty " KEY,
					 "f", &keys, &err),
			 0);
	assert_int_equal(keys.n, 2);
	assert_string_equal(keys.v[0], KEY);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_strlist struct strlist none = { 0 };

		assert_int_equal(seed_keys_parse(bad[i], "f", &none, &err),
				 -EINVAL);
	}
}

PVN_TEST(seeds)
{
	auto_strlist struct strlist keys = { 0 };
	const struct seed_net net = { "192.0.2.5/24", "192.0.2.1",
				      "192.0.2.1,192.0.2.2" };
	struct seed seed = { 0 };

	strlist_add(&keys, KEY);
	strlist_add(&keys, "command=\"it's\" " KEY);
	seed_make(&seed, "web", "1-2", "00:16:3e:12:34:56", "root", &keys, &net,
		  &(struct seed_files){ 0 });
	assert_string_equal(seed.meta_data,
			    "instance-id: 1-2\nlocal-hostname: web\n");
	assert_string_equal(
		seed.user_data,
		"#cloud-config\nhostname: web\ndisable_root: false\n"
		"ssh_pwauth: false\nssh_authorized_keys:\n  - " KEY "\n"
		"  - 'command=\"it''s\" " KEY "'\n");
	assert_non_null(
		strstr(seed.network_config, "\n      - 192.0.2.5/24\n"));
	assert_non_null(
		strstr(seed.network_config, "\n        via: 192.0.2.1\n"));
	assert_non_null(strstr(seed.network_config, "\n        - 192.0.2.2\n"));
	seed_free(&seed);
}
