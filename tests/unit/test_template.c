/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_template.c: template.ini, and its image written to a disk. */
#include <errno.h>
#include <zstd.h>

#include "file.h"
#include "sha256.h"
#include "size.h"
#include "template.h"
#include "unit.h"

#define CHUNK (128 * 1024)

static void hash(const void *data, size_t len, char hex[65])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, data, len);
	sha256_end(&s, hex);
}

PVN_TEST(sha256_vectors)
{
	char hex[65];
	autofree char *many = xcalloc(1, 1000);

	hash("", 0, hex);
	assert_string_equal(
		hex,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash("abc", 3, hex);
	assert_string_equal(
		hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
	     hex);
	assert_string_equal(
		hex,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(many, 'a', 1000);
	hash(many, 1000, hex);
	assert_string_equal(
		hex,
		"41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

struct folder {
	char *dir;
	char *ini;
	char *image;
	char *disk;
};

static struct folder make_folder(void)
{
	struct folder f = { .dir = temp_folder() };

	f.ini = xasprintf("%s/template.ini", f.dir);
	f.image = xasprintf("%s/disk.img.zst", f.dir);
	f.disk = xasprintf("%s/disk", f.dir);
	return f;
}

static void remove_folder(struct folder *f)
{
	unlink(f->ini);
	unlink(f->image);
	unlink(f->disk);
	rmdir(f->dir);
	free(f->dir);
	free(f->ini);
	free(f->image);
	free(f->disk);
}

static void write_all(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int read_ini(struct folder *f, const char *text, struct template *t,
		    struct pvn_err *err)
{
	*err = (struct pvn_err){ 0 };
	write_all(f->ini, text, strlen(text));
	return template_read(f->ini, t, err);
}

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GOOD                                                          \
	"name=mini\nversion=0.1-2\nkernel=/slot/boot/guest-vmlinux\n" \
	"disk=disk.img.zst\ndisk-size=2M\nsha256=" SUM "\n"

PVN_TEST(reads)
{
	struct folder f = make_folder();
	struct pvn_err err;
	struct template t;
	char *volume;

	assert_int_equal(read_ini(&f,
				  "[template]\n" GOOD "new-key=1\nmemory=64M\n"
				  "cmdline=root=/dev/xvda rw\n",
				  &t, &err),
			 0);
	assert_string_equal(t.name, "mini");
	assert_string_equal(t.user, "root");
	assert_string_equal(t.type, "auto");
	assert_string_equal(t.cmdline, "root=/dev/xvda rw");
	assert_string_equal(t.dir, f.dir);
	assert_int_equal(t.disk_bytes, 2 * MIB);
	assert_int_equal(t.memory_bytes, 64 * MIB);
	assert_int_equal(t.vcpus, 1);
	volume = template_volume(&t);
	assert_string_equal(volume, "template-mini-0_1_2");
	free(volume);
	template_free(&t);
	remove_folder(&f);
}

PVN_TEST(refuses)
{
	static const char *const bad[][2] = {
		{ "name=mini\n", "no 'version' in" },
		{ GOOD "type=hvm\n", "type 'hvm' is not supported" },
		{ GOOD "name=../x\n", "bad value '../x' of 'name'" },
		{ GOOD "disk=../../etc/shadow\n",
		  "bad value '../../etc/shadow' of 'disk'" },
		{ GOOD "disk-size=big\n", "bad value 'big' of 'disk-size'" },
		{ GOOD "sha256=12\n", "bad value '12' of 'sha256'" },
		{ GOOD "vcpus=0\n", "bad value '0' of 'vcpus'" },
		{ GOOD "cmdline=a\"b\n", "of 'cmdline'" },
		{ GOOD "kernel=vmlinux\n", "bad value 'vmlinux' of 'kernel'" },
		{ GOOD "nonsense\n", "is not 'key=value'" },
		/* what LVM would not take, or keeps for itself */
		{ GOOD "name=a~b\n", "'template-a~b-0_1_2'" },
		{ GOOD "name=web_tdata\n", "no volume can be called" },
		{ GOOD "version=1.rimage\n", "no volume can be called" },
		{ GOOD "name=snapshot\n", "no volume can be called" },
	};
	struct folder f = make_folder();

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pvn_err err;
		struct template t;

		assert_int_equal(read_ini(&f, bad[i][0], &t, &err), -EINVAL);
		assert_non_null(strstr(err.msg, bad[i][1]));
	}
	remove_folder(&f);
}

PVN_TEST(knows_who_signed)
{
	struct folder f = make_folder();
	struct pvn_err err;
	struct template t;
	char *text;

	assert_int_equal(read_ini(&f, GOOD, &t, &err), 0);
	assert_string_equal(t.signed_by, "");
	free(t.signed_by);
	t.signed_by = xstrdup("acme.pub");
	assert_int_equal(template_check(&t, &err), 0);
	text = template_text(&t);
	assert_non_null(strstr(text, "\nsigned-by=acme.pub\n"));
	free(text);
	free(t.signed_by);
	t.signed_by = xstrdup("a\nsha256=");
	assert_int_equal(template_check(&t, &err), -EINVAL);
	template_free(&t);
	remove_folder(&f);
}

static void add(struct template_list *list, const char *path, const char *name,
		const char *version)
{
	autofree char *text =
		xasprintf("name=%s\nversion=%s\nkernel=/k\ndisk-size=2M\n",
			  name, version);
	struct pvn_err err = { 0 };
	struct template t;

	assert_int_equal(template_parse(text, path, &t, &err), 0);
	templates_add(list, &t);
}

PVN_TEST(admits_other_versions)
{
	static const struct {
		const char *name, *version;
		int rc;
		int replaces; /* index, or -1 */
	} cases[] = {
		{ "new", "1", 0, -1 },	       { "web", "2", 0, 1 },
		{ "web", "0.9", 0, 1 },	       { "web", "1.0", -EEXIST, -1 },
		{ "web", "1-0", -EEXIST, -1 }, { "mini", "9", -EEXIST, -1 },
	};
	auto_templates struct template_list list = { 0 };

	add(&list, "/slot/templates/mini/template.ini", "mini", "1");
	add(&list, "/state/templates/web/template.ini", "web", "1.0");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct template t = { .name = (char *)cases[i].name,
					    .version =
						    (char *)cases[i].version };
		const struct template *old;
		struct pvn_err err = { 0 };

		assert_int_equal(templates_admit(&list, &t, &old, &err),
				 cases[i].rc);
		assert_true(!err.code || strstr(err.msg, "'--name'"));
		assert_ptr_equal(old, cases[i].replaces < 0
					      ? NULL
					      : &list.v[cases[i].replaces]);
	}
}

/* A 2 MiB disk: data in parts of two chunks, and old data on the target. */
static struct template make_image(struct folder *f, char *disk)
{
	size_t room = ZSTD_compressBound(2 * MIB);
	autofree char *packed = xcalloc(1, room);
	struct template t = { .disk_bytes = 2 * MIB };
	size_t len;

	memset(disk + 5000, 'x', 100);
	memset(disk + MIB + CHUNK / 2, 'y', 10);
	len = ZSTD_compress(packed, room, disk, 2 * MIB, 3);
	assert_false(ZSTD_isError(len));
	write_all(f->image, packed, len);
	t.sha256 = xcalloc(1, 65);
	hash(packed, len, t.sha256);
	t.dir = xstrdup(f->dir);
	t.disk = xstrdup("disk.img.zst");
	return t;
}

PVN_TEST(writes_whole_chunks)
{
	struct folder f = make_folder();
	autofree char *disk = xcalloc(1, 2 * MIB);
	autofree char *old = xcalloc(1, 2 * MIB);
	struct template t = make_image(&f, disk);
	struct pvn_err err = { 0 };
	int fd;

	memset(old, 'o', 2 * MIB);
	write_all(f.disk, old, 2 * MIB);
	assert_int_equal(template_write(&t, f.disk, CHUNK, &err), 0);
	/* chunks with data are the image's, all of them; the others untouched */
	memcpy(old, disk, CHUNK);
	memcpy(old + MIB, disk + MIB, CHUNK);
	fd = open(f.disk, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read_at(fd, disk, 2 * MIB, 0, f.disk, &err), 0);
	close(fd);
	assert_memory_equal(disk, old, 2 * MIB);
	template_free(&t);
	remove_folder(&f);
}

PVN_TEST(refuses_bad_images)
{
	struct folder f = make_folder();
	autofree char *disk = xcalloc(1, 2 * MIB);
	struct template t = make_image(&f, disk);
	struct pvn_err err = { 0 };

	write_all(f.disk, "", 0);
	t.disk_bytes = MIB;
	assert_int_equal(template_write(&t, f.disk, CHUNK, &err), -EFBIG);
	t.disk_bytes = 4 * MIB;
	assert_int_equal(template_write(&t, f.disk, CHUNK, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "holds 2097152 bytes"));
	assert_int_equal(truncate(f.image, 20), 0);
	assert_int_equal(template_write(&t, f.disk, CHUNK, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "is damaged"));
	template_free(&t);
	remove_folder(&f);
}
