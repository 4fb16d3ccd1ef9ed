/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_image.c: images in: formats found out, streams decompressed, archives
 * unpacked, and those refused that want more than they should get. */
#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "bytes.h"
#include "file.h"
#include "image_detect.h"
#include "image_out.h"
#include "image_src.h"
#include "size.h"
#include "tar.h"
#include "tar_unpack.h"
#include "unit.h"

static unsigned char *page(size_t len)
{
	return xcalloc(1, len);
}

static void expect(const unsigned char *data, size_t len, int code,
		   const char *words)
{
	struct pvn_err err = { 0 };
	struct image_info info;

	assert_int_equal(image_detect(data, len, "x", false, &info, &err),
			 code);
	if (code && !strstr(err.msg, words))
		fail_msg("'%s' is not in '%s'", words, err.msg);
}

static void expect_format(const unsigned char *data, size_t len,
			  enum image_format format, uint64_t size)
{
	struct pvn_err err = { 0 };
	struct image_info info;

	if (image_detect(data, len, "x", false, &info, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(info.format, format);
	assert_int_equal(info.size, size);
}

PVN_TEST(qcow2)
{
	autofree unsigned char *p = page(65536);

	memcpy(p, "QFI\xfb", 4);
	put_be32(p + 4, 3);
	put_be64(p + 24, 5 * GIB);
	expect_format(p, 65536, IMAGE_QCOW2, 5 * GIB);
	put_be32(p + 4, 2);
	expect_format(p, 65536, IMAGE_QCOW2, 5 * GIB);
	expect(p, 60, -EBADMSG, "damaged");
	put_be64(p + 8, 512);
	put_be32(p + 16, 8);
	expect(p, 65536, PVN_REFUSED, "backing file");
	put_be64(p + 8, 0);
	put_be32(p + 16, 0);
	put_be32(p + 32, 2);
	expect(p, 65536, PVN_REFUSED, "encrypted");
	put_be32(p + 32, 0);
	put_be32(p + 4, 3);
	put_be64(p + 72, 4);
	expect(p, 65536, PVN_REFUSED, "another file");
	put_be64(p + 72, 1 << 20);
	expect(p, 65536, PVN_REFUSED, "not known");
	put_be64(p + 72, 1);
	expect(p, 65536, PVN_REFUSED, "crashed");
	put_be32(p + 4, 4);
	expect(p, 65536, -EBADMSG, "version");
}

static void vhd_seal(unsigned char *p)
{
	uint32_t sum = 0;

	put_be32(p + 64, 0);
	for (int i = 0; i < 512; i++)
		sum += p[i];
	put_be32(p + 64, ~sum);
}

PVN_TEST(vhd)
{
	autofree unsigned char *p = page(4096);
	uint64_t size = 0;

	memcpy(p, "conectix", 8);
	put_be64(p + 48, 3 * GIB);
	put_be32(p + 60, 3);
	expect(p, 4096, -EBADMSG, "damaged");
	vhd_seal(p);
	expect_format(p, 4096, IMAGE_VHD, 3 * GIB);
	assert_false(image_is_vhd_footer(p, &size));
	put_be32(p + 60, 4);
	vhd_seal(p);
	expect(p, 4096, PVN_REFUSED, "parent");
	put_be32(p + 60, 2);
	vhd_seal(p);
	assert_true(image_is_vhd_footer(p, &size));
	assert_int_equal(size, 3 * GIB);
}

PVN_TEST(vmdk)
{
	autofree unsigned char *p = page(65536);

	memcpy(p, "KDMV", 4);
	p[12] = 0x10; /* sectors */
	p[28] = 1; /* the descriptor's sector ... */
	p[36] = 2; /* ... and length */
	strcpy((char *)p + 512,
	       "# Disk DescriptorFile\nCID=1\nparentCID=ffffffff\n");
	expect_format(p, 65536, IMAGE_VMDK, 16 * 512);
	strcpy((char *)p + 512,
	       "# Disk DescriptorFile\nCID=1\nparentCID=12345678\n");
	expect(p, 65536, PVN_REFUSED, "parent");
	strcpy((char *)p + 512,
	       "parentCID=ffffffff\nRW 16 FLAT \"/etc/shadow\" 0\n");
	expect(p, 65536, PVN_REFUSED, "another file");
	memset(p, 0, 65536);
	strcpy((char *)p,
	       "# Disk DescriptorFile\nRW 16 FLAT \"/etc/shadow\" 0");
	expect(p, 65536, PVN_REFUSED, "description");
}

PVN_TEST(raw)
{
	autofree unsigned char *p = page(131072);
	struct pvn_err err = { 0 };
	struct image_info info;

	expect(p, 131072, PVN_REFUSED, "--raw");
	expect(p, 0, -EBADMSG, "empty");
	assert_int_equal(image_detect(p, 131072, "x", true, &info, &err), 0);
	p[1080] = 0x53;
	p[1081] = 0xef;
	p[1028] = 100; /* blocks ... */
	p[1048] = 2; /* ... of 4 KiB */
	assert_int_equal(image_detect(p, 131072, "x", false, &info, &err), 0);
	assert_false(info.boots);
	assert_int_equal(info.least, 400 * 1024);
	memset(p, 0, 4096);
	p[510] = 0x55;
	p[511] = 0xaa;
	p[446] = 0x80;
	p[450] = 0x83;
	p[455] = 8; /* 2048 sectors ... */
	p[459] = 16; /* ... and 4096 from there */
	assert_int_equal(image_detect(p, 131072, "x", false, &info, &err), 0);
	assert_true(info.boots);
	assert_int_equal(info.least, (2048 + 4096) * 512);
	memcpy(p + 512, "EFI PART", 8);
	memset(p + 544, 0xff, 8);
	assert_int_equal(image_detect(p, 131072, "x", false, &info, &err), 0);
	assert_true(info.least > 100 * 1024 * GIB);
}

/* --- streams --- */

struct memory {
	const unsigned char *p;
	size_t len, piece;
};

static ssize_t read_memory(void *arg, void *buf, size_t len,
			   struct pvn_err *err)
{
	struct memory *m = arg;

	(void)err;
	if (len > m->piece)
		len = m->piece;
	if (len > m->len)
		len = m->len;
	memcpy(buf, m->p, len);
	m->p += len;
	m->len -= len;
	return (ssize_t)len;
}

static ssize_t read_all(const void *data, size_t len, size_t piece, void *buf,
			size_t room, const char *codec, struct pvn_err *err)
{
	struct memory m = { .p = data, .len = len, .piece = piece };
	struct image_reader reader = { read_memory, &m };
	struct image_src src;
	const unsigned char *head;
	size_t head_len;
	ssize_t n = image_src_open(&src, "x", reader, err);

	if (!n) {
		assert_string_equal(image_src_codec(&src), codec);
		n = image_src_peek(&src, &head, &head_len, err);
	}
	if (!n)
		n = image_src_read(&src, buf, room, err);
	image_src_close(&src);
	return n;
}

#define PLAIN (300 * 1024)

static unsigned char *plain_text(void)
{
	unsigned char *p = page(PLAIN);
	uint32_t x = 1;

	for (size_t i = 0; i < PLAIN / 2; i++) {
		x = x * 1103515245 + 12345;
		p[i] = (unsigned char)(x >> 24);
	}
	return p;
}

static size_t gzip_all(const void *p, size_t len, unsigned char *out,
		       size_t room)
{
	z_stream z = { 0 };
	size_t n;

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)p;
	z.avail_in = (unsigned int)len;
	z.next_out = out;
	z.avail_out = (unsigned int)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = z.total_out;
	deflateEnd(&z);
	return n;
}

static size_t xz_all(const void *p, size_t len, unsigned char *out, size_t room)
{
	size_t n = 0;

	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, p,
						 len, out, &n, room),
			 LZMA_OK);
	return n;
}

static void round_trip(const char *codec, const unsigned char *packed,
		       size_t len, const unsigned char *plain)
{
	const size_t pieces[] = { 1 << 20, 4096, 7 };
	autofree unsigned char *got = page(3 * PLAIN);
	autofree unsigned char *twice = page(2 * len);
	struct pvn_err err = { 0 };

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(read_all(packed, len, pieces[i], got,
					  3 * PLAIN, codec, &err),
				 PLAIN);
		assert_memory_equal(got, plain, PLAIN);
	}
	/* two streams in a row are one */
	memcpy(twice, packed, len);
	memcpy(twice + len, packed, len);
	assert_int_equal(read_all(twice, 2 * len, 4096, got, 3 * PLAIN, codec,
				  &err),
			 2 * PLAIN);
	assert_memory_equal(got + PLAIN, plain, PLAIN);
	/* cut off */
	assert_int_equal(read_all(packed, len - 5, 4096, got, 3 * PLAIN, codec,
				  &err),
			 -EBADMSG);
	assert_int_equal(read_all(packed, len / 2, 4096, got, 3 * PLAIN, codec,
				  &err),
			 -EBADMSG);
}

PVN_TEST(codecs)
{
	autofree unsigned char *plain = plain_text();
	autofree unsigned char *packed = page(2 * PLAIN);
	autofree unsigned char *got = page(2 * PLAIN);
	struct pvn_err err = { 0 };
	size_t len = gzip_all(plain, PLAIN, packed, 2 * PLAIN);

	round_trip("gzip", packed, len, plain);
	packed[len / 2] ^= 0xff;
	packed[len / 2 + 1] ^= 0xff;
	assert_true(read_all(packed, len, 4096, got, 2 * PLAIN, "gzip", &err) <
		    0);
	len = xz_all(plain, PLAIN, packed, 2 * PLAIN);
	round_trip("xz", packed, len, plain);
	len = ZSTD_compress(packed, 2 * PLAIN, plain, PLAIN, 3);
	assert_false(ZSTD_isError(len));
	round_trip("zstd", packed, len, plain);
	assert_int_equal(read_all(plain, PLAIN, 1000, got, 2 * PLAIN, "", &err),
			 PLAIN);
	assert_memory_equal(got, plain, PLAIN);
}

/* --- what is written --- */

PVN_TEST(out_is_sparse_and_bounded)
{
	char *path = temp_folder();
	autofree char *disk = xasprintf("%s/disk", path);
	autofree char *block = xcalloc(1, MIB);
	struct pool_gauge gauge = { .room = 128 * 1024 };
	struct image_out out;
	struct pvn_err err = { 0 };
	struct stat st;
	int fd = open(disk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8 * MIB), 0);
	close(fd);
	assert_int_equal(image_out_open(&out, disk, 65536, &err), 0);
	out.limit = 4 * MIB;
	out.gauge = &gauge;
	assert_int_equal(image_out_add(&out, block, MIB, &err), 0);
	block[5] = 1;
	assert_int_equal(image_out_add(&out, block, MIB, &err), 0);
	assert_int_equal(gauge.written, 65536);
	assert_int_equal(image_out_seek(&out, 3 * MIB, &err), 0);
	assert_int_equal(image_out_add(&out, block, 100, &err), 0);
	assert_int_equal(image_out_finish(&out, &err), 0);
	assert_int_equal(out.at, 3 * MIB + 100);
	assert_memory_equal(out.tail + 512 - 100, block, 100);
	assert_int_equal(image_out_seek(&out, 3 * MIB + 65536, &err), 0);
	assert_int_equal(image_out_add(&out, block, MIB - 65536, &err),
			 -ENOSPC);
	image_out_close(&out);
	assert_int_equal(image_out_open(&out, disk, 65536, &err), 0);
	out.limit = 100;
	image_out_add(&out, block, 101, &err);
	assert_int_equal(image_out_finish(&out, &err), -EFBIG);
	image_out_close(&out);
	assert_int_equal(stat(disk, &st), 0);
	assert_true(st.st_blocks * 512 <= 256 * 1024);
	unlink(disk);
	rmdir(path);
	free(path);
}

/* --- archives --- */

struct archive {
	unsigned char *p;
	size_t len;
};

static void put_member(struct archive *a, const char *name, char type,
		       const char *link, const char *data)
{
	size_t size = data ? strlen(data) : 0;
	size_t room =
		TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	unsigned char *b;
	unsigned int sum = 0;

	a->p = xrealloc(a->p, a->len + room);
	b = a->p + a->len;
	memset(b, 0, room);
	tar_header(b, name, size);
	b[156] = (unsigned char)type;
	if (link)
		strcpy((char *)b + 157, link);
	memset(b + 148, ' ', 8);
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += b[i];
	snprintf((char *)b + 148, 8, "%06o", sum);
	if (data)
		memcpy(b + TAR_BLOCK, data, size);
	a->len += room;
}

static void put_end(struct archive *a)
{
	a->p = xrealloc(a->p, a->len + 1024);
	memset(a->p + a->len, 0, 1024);
	a->len += 1024;
}

static int unpack(struct archive *a, const char *dir, struct pvn_err *err)
{
	struct memory m = { .p = a->p, .len = a->len, .piece = 1000 };
	struct image_reader reader = { read_memory, &m };
	int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_src src;
	struct tar tar;
	int rc;

	*err = (struct pvn_err){ 0 };
	assert_true(root >= 0);
	assert_int_equal(image_src_open(&src, "x.tar", reader, err), 0);
	tar_open(&tar, &src);
	rc = tar_unpack(&tar, root, MIB, err);
	tar_close(&tar);
	image_src_close(&src);
	close(root);
	free(a->p);
	*a = (struct archive){ 0 };
	return rc;
}

static void remove_tree(const char *dir)
{
	autofree char *command = xasprintf("rm -rf '%s'", dir);

	assert_int_equal(system(command), 0);
}

static char *content(const char *dir, const char *name)
{
	autofree char *path = xasprintf("%s/%s", dir, name);

	return file_read_line(path);
}

PVN_TEST(tar_unpacks)
{
	char *dir = temp_folder();
	struct archive a = { 0 };
	struct pvn_err err;
	autofree char *one = NULL, *two = NULL, *three = NULL, *four = NULL;
	char pax[] = "30 path=usr/share/a-long-name\n";

	put_member(&a, "./", '5', NULL, NULL);
	put_member(&a, "./usr/", '5', NULL, NULL);
	put_member(&a, "./lib", '2', "usr/lib", NULL);
	put_member(&a, "./usr/lib/one", '0', NULL, "1");
	put_member(&a, "usr/lib/two", '1', "./usr/lib/one", NULL);
	put_member(&a, "PaxHeader", 'x', NULL, pax);
	put_member(&a, "short", '0', NULL, "3");
	put_member(&a, "././@LongLink", 'L', NULL, "usr/share/b-long-name");
	put_member(&a, "short", '0', NULL, "4");
	put_member(&a, "usr/lib/one", '0', NULL, "new");
	put_end(&a);
	if (unpack(&a, dir, &err))
		fail_msg("%s", err.msg);
	one = content(dir, "lib/one");
	two = content(dir, "usr/lib/two");
	three = content(dir, "usr/share/a-long-name");
	four = content(dir, "usr/share/b-long-name");
	assert_string_equal(one, "new");
	assert_string_equal(two, "1");
	assert_string_equal(three, "3");
	assert_string_equal(four, "4");
	remove_tree(dir);
	free(dir);
}

static void refused(struct archive *a, int code, const char *words)
{
	char *dir = temp_folder();
	struct pvn_err err;

	if (unpack(a, dir, &err) != code)
		fail_msg("expected %d, got %d: %s", code, err.code, err.msg);
	if (!strstr(err.msg, words))
		fail_msg("'%s' is not in '%s'", words, err.msg);
	remove_tree(dir);
	free(dir);
}

static void accepted(struct archive *a)
{
	char *dir = temp_folder();
	struct pvn_err err;

	if (unpack(a, dir, &err))
		fail_msg("%s", err.msg);
	remove_tree(dir);
	free(dir);
}

PVN_TEST(tar_stays_inside)
{
	struct archive a = { 0 };

	put_member(&a, "../evil", '0', NULL, "x");
	put_end(&a);
	refused(&a, PVN_REFUSED, "../evil");
	put_member(&a, "etc/../../evil", '0', NULL, "x");
	put_end(&a);
	refused(&a, PVN_REFUSED, "outside");
	put_member(&a, "out", '2', "/tmp", NULL);
	put_member(&a, "out/evil", '0', NULL, "x");
	put_end(&a);
	refused(&a, PVN_REFUSED, "link");
	put_member(&a, "out", '2', "..", NULL);
	put_member(&a, "out/evil/deep", '0', NULL, "x");
	put_end(&a);
	refused(&a, PVN_REFUSED, "link");
	put_member(&a, "hard", '1', "../../etc/passwd", NULL);
	put_end(&a);
	refused(&a, PVN_REFUSED, "outside");
	put_member(&a, "out", '2', "/etc", NULL);
	put_member(&a, "hard", '1', "out/passwd", NULL);
	put_end(&a);
	refused(&a, PVN_REFUSED, "link");
}

PVN_TEST(tar_damaged)
{
	struct archive a = { 0 };

	put_member(&a, "file", '0', NULL, "x");
	refused(&a, -EBADMSG, "too early");
	put_member(&a, "file", '0', NULL, "x");
	a.len -= 100;
	refused(&a, -EBADMSG, "too early");
	put_member(&a, "file", '0', NULL, "x");
	put_member(&a, "file2", '0', NULL, "x");
	a.p[1024 + 20] ^= 1;
	put_end(&a);
	refused(&a, -EBADMSG, "checksum");
	put_member(&a, "PaxHeader", 'x', NULL, "999 path=x\n");
	put_end(&a);
	refused(&a, -EBADMSG, "pax");
}

/* Headers are held in memory, so there must not be too much of them. */
PVN_TEST(tar_of_headers)
{
	struct archive a = { 0 };
	size_t len = 700 * 1024;
	autofree char *big = xasprintf("%zu SCHILY.xattr.user.a=%0*d\n",
				       len + 28, (int)len, 0);

	for (int i = 0; i < 16; i++)
		put_member(&a, "././@LongLink", 'L', NULL, "a-long-name");
	put_member(&a, "short", '0', NULL, "1");
	put_end(&a);
	accepted(&a);
	for (int i = 0; i < 17; i++)
		put_member(&a, "PaxHeader", 'x', NULL, "9 uid=00\n");
	put_member(&a, "file", '0', NULL, "1");
	put_end(&a);
	refused(&a, -EBADMSG, "headers in a row");
	put_member(&a, "PaxHeader", 'x', NULL, big);
	put_member(&a, "PaxHeader", 'x', NULL, big);
	put_member(&a, "file", '0', NULL, "1");
	put_end(&a);
	refused(&a, -EBADMSG, "attributes");
	put_member(&a, "PaxHeader", 'x', NULL, "22 GNU.sparse.major=1\n");
	put_member(&a, "file", '0', NULL, "1");
	put_end(&a);
	refused(&a, PVN_REFUSED, "sparse");
}

/* What comes later replaces a node, and is not written to what it leads to. */
PVN_TEST(tar_nodes)
{
	char *dir = temp_folder();
	struct archive a = { 0 };
	struct pvn_err err;
	autofree char *text = NULL;
	autofree char *path = xasprintf("%s/node", dir);
	struct stat st;

	put_member(&a, "node", '6', NULL, NULL);
	put_member(&a, "node", '0', NULL, "data");
	put_end(&a);
	if (unpack(&a, dir, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	text = content(dir, "node");
	assert_string_equal(text, "data");
	remove_tree(dir);
	free(dir);
	/* no folder is a device, and nothing is below one */
	put_member(&a, "node", '6', NULL, NULL);
	put_member(&a, "node/file", '0', NULL, "x");
	put_end(&a);
	refused(&a, PVN_REFUSED, "no folder");
}
