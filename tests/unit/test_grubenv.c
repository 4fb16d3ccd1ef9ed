/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_grubenv.c: GRUB's environment block, on memory, and as a file. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "grubenv.h"
#include "unit.h"

PVN_TEST(env_block)
{
	auto_kv struct kv_list vars = { 0 };
	struct pvn_err err = { 0 };
	char block[GRUBENV_SIZE];
	static const char want[] = "# GRUB Environment Block\n"
				   "install=0a1b2c3d\n"
				   "xen_args=a b=c \\\\ d\n#####";

	kv_set(&vars, "install", "0a1b2c3d");
	kv_set(&vars, "xen_args", "a b=c \\ d");
	assert_int_equal(grubenv_make(block, &vars, &err), 0);
	assert_memory_equal(block, want, sizeof(want) - 1);
	assert_int_equal(block[GRUBENV_SIZE - 1], '#');
}

PVN_TEST(env_block_is_full)
{
	auto_kv struct kv_list vars = { 0 };
	struct pvn_err err = { 0 };
	char block[GRUBENV_SIZE];
	char value[GRUBENV_SIZE];
	/* the head, "x=" and the newline */
	size_t room = GRUBENV_SIZE - 25 - 3;

	memset(value, 'v', sizeof(value));
	value[room] = '\0';
	kv_set(&vars, "x", value);
	assert_int_equal(grubenv_make(block, &vars, &err), 0);
	assert_int_equal(block[GRUBENV_SIZE - 1], '\n');
	value[room] = 'v';
	value[room + 1] = '\0';
	kv_set(&vars, "x", value);
	assert_int_equal(grubenv_make(block, &vars, &err), -ENOSPC);
}

/* Values with what is special come back; what GRUB would not take is told. */
PVN_TEST(env_block_is_read)
{
	auto_kv struct kv_list vars = { 0 };
	auto_kv struct kv_list back = { 0 };
	auto_kv struct kv_list none = { 0 };
	struct pvn_err err = { 0 };
	char block[GRUBENV_SIZE];

	kv_set(&vars, "slot", "a");
	kv_set(&vars, "try", "");
	kv_set(&vars, "xen_args", "a b=c \\ d #e");
	assert_int_equal(grubenv_make(block, &vars, &err), 0);
	assert_int_equal(grubenv_parse(block, &back, &err), 0);
	assert_int_equal(back.n, 3);
	assert_string_equal(kv_get(&back, "slot"), "a");
	assert_string_equal(kv_get(&back, "try"), "");
	assert_string_equal(kv_get(&back, "xen_args"), "a b=c \\ d #e");

	block[0] = '!';
	assert_int_equal(grubenv_parse(block, &none, &err), -EINVAL);
	memset(block + 25, 'x', GRUBENV_SIZE - 25); /* no end, no '=' */
	block[0] = '#';
	assert_int_equal(grubenv_parse(block, &none, &err), -EINVAL);
	block[GRUBENV_SIZE - 2] = '=';
	block[GRUBENV_SIZE - 1] = '\\';
	assert_int_equal(grubenv_parse(block, &none, &err), -EINVAL);
	assert_int_equal(none.n, 0);
}

/* Zeros, as a damaged file system has them: not read as names and values that end there. */
PVN_TEST(env_block_with_zeros)
{
	static const char *const lines[] = { "sl@t=a\n", "slot=@\n", "@=a\n" };
	auto_kv struct kv_list vars = { 0 };
	struct pvn_err err = { 0 };
	char block[GRUBENV_SIZE];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(grubenv_make(block, &vars, &err), 0);
		memcpy(block + 25, lines[i], strlen(lines[i]));
		*strchr(block, '@') = '\0';
		assert_int_equal(grubenv_parse(block, &vars, &err), -EINVAL);
		assert_string_equal(err.msg,
				    "the GRUB environment block is damaged");
		assert_int_equal(vars.n, 0);
	}
}

/* The file: there and whole, or told what is wrong. */
PVN_TEST(env_file)
{
	auto_kv struct kv_list vars = { 0 };
	autofree char *dir = temp_folder();
	autofree char *path = xasprintf("%s/grubenv", dir);
	struct pvn_err err = { 0 };
	char block[GRUBENV_SIZE + 1] = "";
	struct stat before, after;

	assert_int_equal(grubenv_read(path, &vars, &err), -ENOENT);
	kv_set(&vars, "slot", "b");
	assert_int_equal(grubenv_make(block, &vars, &err), 0);
	kv_free(&vars);
	assert_int_equal(file_write(path, block, 0600, &err), 0);
	assert_int_equal(grubenv_read(path, &vars, &err), 0);
	assert_string_equal(kv_get(&vars, "slot"), "b");

	/* the same file, the same sectors */
	assert_int_equal(stat(path, &before), 0);
	kv_set(&vars, "slot", "a");
	assert_int_equal(grubenv_write_in_place(path, &vars, &err), 0);
	kv_free(&vars);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino &&
		    before.st_size == after.st_size);
	assert_int_equal(grubenv_read(path, &vars, &err), 0);
	assert_string_equal(kv_get(&vars, "slot"), "a");

	assert_int_equal(truncate(path, GRUBENV_SIZE - 1), 0);
	assert_int_equal(grubenv_read(path, &vars, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "has 1023 bytes, expected 1024"));
	assert_int_equal(truncate(path, GRUBENV_SIZE),
			 0); /* a zero at its end */
	assert_int_equal(grubenv_read(path, &vars, &err), -EINVAL);
	assert_non_null(strstr(err.msg, path));
	unlink(path);
	assert_int_equal(grubenv_write_in_place(path, &vars, &err), -ENOENT);
	rmdir(dir);
}
