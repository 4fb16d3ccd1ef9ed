/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_file.c: whole files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "file.h"
#include "unit.h"

static size_t count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

PVN_TEST(writes_and_reads)
{
	autofree char *dir = temp_folder();
	autofree char *path = xasprintf("%s/file", dir);
	autofree char *line = NULL;
	autofree char *text = NULL;
	struct pvn_err err = { 0 };
	struct stat st;

	assert_int_equal(file_write(path, "old", 0644, &err), 0);
	assert_int_equal(file_write(path, "one\ntwo\n", 0600, &err), 0);
	assert_int_equal(file_read(path, &text, &err), 0);
	assert_string_equal(text, "one\ntwo\n");
	line = file_read_line(path);
	assert_string_equal(line, "one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_entries(dir), 1);
	unlink(path);
	rmdir(dir);
}

PVN_TEST(failed_write_leaves_nothing)
{
	autofree char *dir = temp_folder();
	autofree char *path = xasprintf("%s/folder", dir);
	struct pvn_err err = { 0 };

	mkdir(path, 0755);
	assert_int_equal(file_write(path, "text", 0644, &err), -EISDIR);
	assert_int_equal(count_entries(dir), 1);
	rmdir(path);
	rmdir(dir);
	assert_int_equal(file_write(path, "text", 0644, &err), -ENOENT);
}

/* More than one part, and less than a whole one at the end. */
PVN_TEST(writes_behind)
{
	size_t size = 2 * WRITE_BEHIND_PART + 5000;
	autofree char *dir = temp_folder();
	autofree char *path = xasprintf("%s/device", dir);
	autofree char *want = xcalloc(1, size);
	autofree char *have = xcalloc(1, size);
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct pvn_err err = { 0 };

	for (size_t i = 0; i < size; i++)
		want[i] = (char)(i / 1000 + 1);
	for (size_t at = 0; at < size; at += WRITE_BEHIND_PART) {
		size_t n = size - at < WRITE_BEHIND_PART ? size - at
							 : WRITE_BEHIND_PART;

		assert_int_equal(write_behind_at(fd, want + at, n, (off_t)at,
						 path, &err),
				 0);
	}
	assert_int_equal(read_at(fd, have, size, 0, path, &err), 0);
	assert_memory_equal(have, want, size);
	unlink(path);
	rmdir(dir);
}

PVN_TEST(cannot_write_behind)
{
	struct pvn_err err = { 0 };
	autoclose int fd = open("/dev/full", O_RDWR | O_CLOEXEC);

	assert_int_equal(write_behind_at(fd, "text", 4, 0, "a disk", &err),
			 -ENOSPC);
	assert_non_null(strstr(err.msg, "cannot write 'a disk'"));
}

PVN_TEST(missing_file)
{
	struct pvn_err err = { 0 };
	char *text;

	assert_int_equal(file_read("/nowhere/x", &text, &err), -ENOENT);
	assert_string_equal(
		err.msg, "cannot open '/nowhere/x': No such file or directory");
	assert_null(file_read_line("/nowhere/x"));
	assert_false(file_exists("/nowhere/x"));
}

PVN_TEST(reads_proc)
{
	struct pvn_err err = { 0 };
	autofree char *text = NULL;

	assert_int_equal(file_read("/proc/self/status", &text, &err), 0);
	assert_true(strlen(text) > 100);
}

PVN_TEST(makes_folders)
{
	autofree char *dir = temp_folder();
	autofree char *deep = xasprintf("%s/a//b/c/", dir);
	autofree char *plain = xasprintf("%s/file", dir);
	autofree char *below = xasprintf("%s/file/x", dir);
	autofree char *clean =
		xasprintf("rmdir %s/a/b/c %s/a/b %s/a", dir, dir, dir);
	struct pvn_err err = { 0 };

	assert_int_equal(mkdir_p(deep, 0700, &err), 0);
	assert_int_equal(mkdir_p(deep, 0700, &err), 0);
	assert_true(file_exists(deep));
	assert_int_equal(file_write(plain, "", 0644, &err), 0);
	assert_int_equal(mkdir_p(plain, 0700, &err), -ENOTDIR);
	assert_int_equal(mkdir_p(below, 0700, &err), -ENOTDIR);
	assert_int_equal(system(clean), 0);
	unlink(plain);
	assert_int_equal(rmdir(dir), 0);
}

PVN_TEST(reads_and_writes_at)
{
	autoclose int fd = sparse_file(100);
	struct pvn_err err = { 0 };
	char buf[8];

	assert_int_equal(write_at(fd, "abcd", 4, 50, "x", &err), 0);
	assert_int_equal(read_at(fd, buf, 4, 50, "x", &err), 0);
	assert_memory_equal(buf, "abcd", 4);
	assert_int_equal(read_at(fd, buf, 8, 96, "x", &err), -EIO);
	assert_string_equal(err.msg, "cannot read 'x': it ends too early");
	assert_int_equal(write_at(-1, "a", 1, 0, "x", &err), -EBADF);
}
