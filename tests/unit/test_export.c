/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_export.c: images out, judged by qemu-img and by our own import. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "export.h"
#include "file.h"
#include "image_src.h"
#include "run.h"
#include "size.h"
#include "unit.h"
#include "xva.h"

#include "template_file.h"

struct folder {
	char *dir, *disk, *image, *copy, *second;
};

static struct folder make_folder(void)
{
	struct folder f = { .dir = temp_folder() };

	f.disk = xasprintf("%s/disk", f.dir);
	f.image = xasprintf("%s/image", f.dir);
	f.copy = xasprintf("%s/copy", f.dir);
	f.second = xasprintf("%s/second", f.dir);
	return f;
}

static void remove_folder(struct folder *f)
{
	unlink(f->disk);
	unlink(f->image);
	unlink(f->copy);
	unlink(f->second);
	assert_int_equal(rmdir(f->dir), 0);
	free(f->dir);
	free(f->disk);
	free(f->image);
	free(f->copy);
	free(f->second);
}

/* Data at the start, around 1 MiB, past the first L2 table (512 MiB), and at the
 * end, which is within a cluster. */
static uint64_t make_disk(const char *path, uint64_t size)
{
	const uint64_t at[] = { 0, MIB - 10, 600 * MIB, size - 700 };
	struct pvn_err err;
	char buf[700];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	memset(buf, 0x5a, sizeof(buf));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(write_at(fd, buf, sizeof(buf), (off_t)at[i],
					  path, &err),
				 0);
	close(fd);
	return size;
}

static void export_to(struct folder *f,
		      int (*fn)(struct export_disk *, struct export_out *,
				struct pvn_err *),
		      uint64_t size)
{
	struct export_disk disk = { .path = f->disk, .bytes = size };
	struct pvn_err err = { 0 };
	struct export_out out;

	assert_int_equal(export_open(&out, f->image, &err), 0);
	if (fn(&disk, &out, &err))
		fail_msg("%s", err.msg);
	assert_false(file_exists(f->image));
	assert_int_equal(export_finish(&out, &err), 0);
	export_close(&out);
	assert_true(file_exists(f->image));
}

PVN_TEST(raw)
{
	struct folder f = make_folder();
	struct pvn_err err = { 0 };
	struct stat st;
	uint64_t size = make_disk(f.disk, 700 * MIB + 1024);

	export_to(&f, export_raw, size);
	if (PVN_RUN(&err, "cmp", f.disk, f.image))
		fail_msg("%s", err.msg);
	assert_int_equal(stat(f.image, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_true(st.st_blocks * 512 < 4 * (int64_t)MIB);
	remove_folder(&f);
}

PVN_TEST(qcow2)
{
	struct folder f = make_folder();
	struct pvn_err err = { 0 };
	uint64_t size = make_disk(f.disk, 700 * MIB + 1024);

	export_to(&f, export_qcow2, size);
	if (PVN_RUN(&err, "qemu-img", "check", "-q", "-f", "qcow2", f.image))
		fail_msg("%s", err.msg);
	if (PVN_RUN(&err, "qemu-img", "compare", "-q", "-f", "raw", "-F",
		    "qcow2", f.disk, f.image))
		fail_msg("%s", err.msg);
	remove_folder(&f);
}

PVN_TEST(nothing_is_left_of_half_an_export)
{
	struct folder f = make_folder();
	autofree char *part = xasprintf("%s.part", f.image);
	struct pvn_err err = { 0 };
	struct export_out out;

	assert_int_equal(export_open(&out, f.image, &err), 0);
	assert_int_equal(export_write(&out, "x", 1, &err), 0);
	assert_true(file_exists(part));
	export_close(&out);
	assert_false(file_exists(part));
	assert_false(file_exists(f.image));
	make_disk(f.image, 601 * MIB);
	assert_int_equal(export_open(&out, f.image, &err), -EEXIST);
	export_close(&out);
	remove_folder(&f);
}

static void write_xva(struct folder *f, struct export_disk *disks, size_t n)
{
	char first[] = "00:16:3E:00:00:0b", second[] = "00:16:3e:00:00:0a";
	const struct conf_vif vifs[2] = { { .mac = first }, { .mac = second } };
	struct export_guest guest = { .name = "a<b>&c",
				      .uuid = "u",
				      .memory = 96 * MIB,
				      .vcpus = 2,
				      .cmdline = "root=/dev/xvda",
				      .type = "pvh",
				      .vifs = vifs,
				      .n_vifs = 2,
				      .disks = disks,
				      .n = n };
	struct pvn_err err = { 0 };
	struct export_out out;

	assert_int_equal(export_open(&out, f->image, &err), 0);
	if (export_xva(&guest, &out, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(export_finish(&out, &err), 0);
	export_close(&out);
}

/* Read the XVA, its first disk into the copy. */
static int read_xva(struct folder *f, struct pvn_err *err)
{
	int fd = open(f->image, O_RDONLY | O_CLOEXEC);
	struct image_out outs[2] = { 0 };
	struct image_src src;
	struct xva xva = { 0 };
	struct tar tar;
	int rc;

	assert_int_equal(image_src_open_fd(&src, "x.xva", fd, err), 0);
	tar_open(&tar, &src);
	rc = xva_open(&xva, &tar, err);
	if (!rc) {
		assert_int_equal(xva.n, 2);
		assert_int_equal(xva.memory, 96 * MIB);
		assert_int_equal(xva.vcpus, 2);
		assert_string_equal(xva.type, "pvh");
		assert_int_equal(xva.n_nics, 2);
		assert_string_equal(xva.nics[0].mac, "00:16:3e:00:00:0b");
		assert_string_equal(xva.nics[1].mac, "00:16:3e:00:00:0a");
		assert_int_equal(image_out_open(&outs[0], f->copy, 65536, err),
				 0);
		assert_int_equal(
			image_out_open(&outs[1], f->second, 65536, err), 0);
		rc = xva_read_disks(&xva, outs, err);
	}
	image_out_close(&outs[0]);
	image_out_close(&outs[1]);
	xva_close(&xva);
	tar_close(&tar);
	image_src_close(&src);
	close(fd);
	return rc;
}

static void make_file(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static void flip_byte(const char *path, off_t at)
{
	struct pvn_err err;
	char byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(read_at(fd, &byte, 1, at, path, &err), 0);
	byte = (char)~byte;
	assert_int_equal(write_at(fd, &byte, 1, at, path, &err), 0);
	close(fd);
}

PVN_TEST(xva)
{
	struct folder f = make_folder();
	uint64_t size = make_disk(f.disk, 700 * MIB + 1024);
	struct export_disk disks[2] = { { .path = f.disk, .bytes = size },
					{ .path = f.disk, .bytes = 2 * MIB } };
	struct pvn_err err = { 0 };
	struct stat st;

	write_xva(&f, disks, 2);
	make_file(f.copy, size);
	make_file(f.second, 2 * MIB);
	if (read_xva(&f, &err))
		fail_msg("%s", err.msg);
	if (PVN_RUN(&err, "cmp", f.disk, f.copy))
		fail_msg("%s", err.msg);
	assert_int_equal(stat(f.image, &st), 0);
	/* a byte of the last block of the second disk */
	flip_byte(f.image, st.st_size - 1024 - 1024 - 5000);
	make_file(f.copy, size);
	make_file(f.second, 2 * MIB);
	assert_int_equal(read_xva(&f, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "checksum"));
	/* without the second disk's last block and the end */
	assert_int_equal(truncate(f.image, st.st_size - 3 * 1024 - (off_t)MIB),
			 0);
	assert_int_equal(read_xva(&f, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "early"));
	remove_folder(&f);
}

/* The template that @dir has, as a file; its texts are to be freed. */
static struct template_texts exported(const struct folder *f,
				      struct template *t)
{
	struct export_disk disk = { .path = f->disk, .bytes = t->disk_bytes };
	struct template_texts texts = { 0 };
	struct export_out out;
	struct image_src src = { 0 };
	struct template again;
	struct tar tar;
	struct pvn_err err = { 0 };
	int fd;

	unlink(f->image);
	assert_int_equal(export_open(&out, f->image, &err), 0);
	assert_int_equal(template_file_write(t, &disk, &out, &err), 0);
	assert_int_equal(export_finish(&out, &err), 0);
	export_close(&out);
	fd = open(f->image, O_RDONLY | O_CLOEXEC);
	assert_int_equal(image_src_open_fd(&src, f->image, fd, &err), 0);
	tar_open(&tar, &src);
	assert_int_equal(
		template_file_open(&tar, "/nowhere", &again, &texts, &err), 0);
	free(t->disk);
	free(t->sha256);
	t->disk = xstrdup(again.disk);
	t->sha256 = xstrdup(again.sha256);
	template_free(&again);
	tar_close(&tar);
	image_src_close(&src);
	close(fd);
	return texts;
}

/* As an import leaves it: what came is kept. */
static void keep(const struct template *t, const struct template_texts *texts)
{
	autofree char *ini = template_signed_ini(t);
	autofree char *signature = template_signed_signature(t);
	autofree char *spaced = xasprintf("# by hand\n%s", texts->ini);
	struct pvn_err err = { 0 };

	assert_int_equal(file_write(ini, spaced, 0600, &err), 0);
	assert_int_equal(file_write(signature, "good\n", 0600, &err), 0);
}

PVN_TEST(signature_of_a_template_goes_along)
{
	static const char ini[] =
		"name=web\nversion=1\nkernel=/slot/boot/guest-vmlinux\n"
		"disk-size=2M\nsigned-by=acme.pub\n";
	struct folder f = make_folder();
	autofree char *path = xasprintf("%s/template.ini", f.dir);
	struct template_texts first, second;
	struct template t;
	struct pvn_err err = { 0 };

	assert_int_equal(template_parse(ini, path, &t, &err), 0);
	close(open(f.disk, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(truncate(f.disk, 2 * MIB), 0);
	first = exported(&f, &t);
	assert_null(first.signature);
	assert_null(strstr(first.ini, "signed-by"));
	keep(&t, &first);
	second = exported(&f, &t);
	assert_string_equal(second.signature, "good\n");
	assert_non_null(strstr(second.ini, "# by hand\n"));
	template_texts_free(&second);
	/* of another name: that is not what was signed */
	t.name[0] = 'x';
	second = exported(&f, &t);
	assert_null(second.signature);
	template_texts_free(&second);
	t.name[0] = 'w';
	assert_int_equal(file_write(f.disk, "changed", 0600, &err), 0);
	assert_int_equal(truncate(f.disk, 2 * MIB), 0);
	second = exported(&f, &t);
	assert_null(second.signature);
	template_forget_signed(&t, true);
	template_texts_free(&first);
	template_texts_free(&second);
	template_free(&t);
	remove_folder(&f);
}
