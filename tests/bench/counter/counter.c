/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counter.c: a plugin of QEMU that counts the instructions its machine executes. Each time that
 * it executes the one in mark.S, a line with their number so far goes to FILE:
 *
 *   qemu-system-x86_64 -plugin COUNTER.so,out=FILE
 *
 * How long QEMU takes for an instruction changes nothing of that, and a CPU that idles executes
 * none; but what the machine does meanwhile for others is counted, too. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <qemu-plugin.h>
#include "mark.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static qemu_plugin_u64 executed;
static FILE *out;

static void marked(unsigned int vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	fprintf(out, "%" PRIu64 "\n", qemu_plugin_u64_sum(executed));
	fflush(out);
}

static bool is_mark(const struct qemu_plugin_insn *insn)
{
	static const unsigned char mark[] = { MARK_BYTES };
	unsigned char bytes[sizeof(mark)];

	return qemu_plugin_insn_size(insn) == sizeof(mark) &&
	       qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) ==
		       sizeof(bytes) &&
	       !memcmp(bytes, mark, sizeof(mark));
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
		tb, QEMU_PLUGIN_INLINE_ADD_U64, executed, n);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (is_mark(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, marked, QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fputs("counter: expected out=FILE\n", stderr);
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		perror(argv[0] + 4);
		return -1;
	}
	executed = qemu_plugin_scoreboard_u64(
		qemu_plugin_scoreboard_new(sizeof(uint64_t)));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
