/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_become_installer.c: what the installer is given when a command hands over to it. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "become_installer.h"
#include "file.h"
#include "unit.h"

static const struct cmd cmd = { .program = "host", .name = "try" };

/* Its exit code, with the installer that is in that folder. */
static int become(const char *folder, const char *const argv[])
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		setenv("PATH", folder, 1);
		_exit(cmd_become_installer(&cmd, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

PVN_TEST(hands_over_every_argument)
{
	static const char *const argv[] = { "--a", "1",	  "--b", "2",	"--c",
					    "3",   "--d", "4",	 "--e", "5",
					    "--f", "6",	  "--g", "7",	"--h",
					    "8 9", NULL };
	autofree char *folder = temp_folder();
	autofree char *program = xasprintf("%s/paravane-install", folder);
	autofree char *script = xasprintf(
		"#!/bin/sh\nIFS=,\nprintf %%s \"$*\" >%s/told\nexit 3\n",
		folder);
	autofree char *told = xasprintf("%s/told", folder);
	autofree char *text = NULL;
	struct pvn_err err = { 0 };

	assert_int_equal(file_write(program, script, 0755, &err), 0);
	assert_int_equal(become(folder, argv), 3);
	assert_int_equal(file_read(told, &text, &err), 0);
	assert_string_equal(
		text, "--a,1,--b,2,--c,3,--d,4,--e,5,--f,6,--g,7,--h,8 9");
	unlink(told);
	unlink(program);
	rmdir(folder);
}

PVN_TEST(fails_where_there_is_none)
{
	autofree char *folder = temp_folder();

	assert_int_equal(become(folder, (const char *const[]){ "--a", NULL }),
			 PVN_EXIT_FAILED);
	rmdir(folder);
}
