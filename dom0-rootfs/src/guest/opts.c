/* SPDX-License-Identifier: GPL-2.0-or-later */
/* opts.c: parse options by a command's table. */
#include <errno.h>
#include <string.h>
#include "../lib/mem.h"
#include "../lib/size.h"
#include "cmd.h"

static const struct opt *find_opt(const struct cmd *cmd, const char *name,
				  size_t len)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct opt *opt = &cmd->opts[i];

		if (strlen(opt->name) == len && !strncmp(opt->name, name, len))
			return opt;
	}
	return NULL;
}

static int check_limits(const struct opt *opt, uint64_t n, const char *value,
			struct pvn_err *err)
{
	autofree char *min = NULL;
	autofree char *max = NULL;
	char buf[16];

	if ((!opt->min && !opt->max) || (n >= opt->min && n <= opt->max))
		return 0;
	if (opt->type == OPT_SIZE) {
		min = xstrdup(size_print(opt->min, buf));
		max = xstrdup(size_print(opt->max, buf));
	} else {
		min = xasprintf("%llu", (unsigned long long)opt->min);
		max = xasprintf("%llu", (unsigned long long)opt->max);
	}
	return pvn_err(err, -EINVAL, "'--%s %s' is not between %s and %s",
		       opt->name, value, min, max);
}

static int parse_uint(const struct opt *opt, const char *value,
		      unsigned int *n_r, struct pvn_err *err)
{
	size_t len = strspn(value, "0123456789");

	if (!len || value[len] || len > 9)
		return pvn_err(err, -EINVAL, "'--%s %s' is not a number",
			       opt->name, value);
	*n_r = (unsigned int)strtoul(value, NULL, 10);
	return check_limits(opt, *n_r, value, err);
}

static int set_value(const struct opt *opt, const char *value, void *ctx,
		     struct pvn_err *err)
{
	void *member = (char *)ctx + opt->offset;

	switch (opt->type) {
	case OPT_FLAG:
		*(bool *)member = true;
		return 0;
	case OPT_STRING:
		if (!*value && !opt->may_be_empty)
			return pvn_err(err, -EINVAL,
				       "'--%s' has an empty value", opt->name);
		*(const char **)member = value;
		return 0;
	case OPT_SIZE:
		if (size_parse(value, member, err)) {
			pvn_err_wrap(err, "'--%s'", opt->name);
			return -EINVAL;
		}
		return check_limits(opt, *(uint64_t *)member, value, err);
	case OPT_UINT:
		return parse_uint(opt, value, member, err);
	}
	return -EINVAL;
}

/* One "--name", "--name=value" or "--name value"; *i is moved past the value. */
static int parse_one(const struct cmd *cmd, int argc, char **argv, int *i,
		     void *ctx, uint64_t *seen, struct pvn_err *err)
{
	const char *name = argv[*i] + 2;
	const char *eq = strchr(name, '=');
	const char *value = eq ? eq + 1 : NULL;
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct opt *opt = find_opt(cmd, name, len);
	uint64_t bit;

	if (!opt)
		return pvn_err(err, -EINVAL, "unknown option '--%.*s'",
			       (int)len, name);
	bit = UINT64_C(1) << (opt - cmd->opts);
	if (*seen & bit)
		return pvn_err(err, -EINVAL, "option '--%s' is given twice",
			       opt->name);
	*seen |= bit;
	if (opt->type == OPT_FLAG && value)
		return pvn_err(err, -EINVAL, "option '--%s' takes no value",
			       opt->name);
	if (opt->type != OPT_FLAG && !value) {
		if (*i + 1 >= argc)
			return pvn_err(err, -EINVAL,
				       "option '--%s' needs a value",
				       opt->name);
		value = argv[++*i];
	}
	return set_value(opt, value, ctx, err);
}

static int check_complete(const struct cmd *cmd, unsigned int n, uint64_t seen,
			  struct pvn_err *err)
{
	if (n < cmd->n_args)
		return pvn_err(err, -EINVAL, "%s is missing", cmd->synopsis);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct opt *opt = &cmd->opts[i];

		if (opt->required && !(seen & (UINT64_C(1) << i)))
			return pvn_err(err, -EINVAL,
				       "option '--%s %s' is missing", opt->name,
				       opt->arg);
	}
	return 0;
}

int opts_parse(const struct cmd *cmd, int argc, char **argv, void *ctx,
	       char *args[CMD_MAX_ARGS + 1], struct pvn_err *err)
{
	bool only_args = false;
	uint64_t seen = 0;
	unsigned int n = 0;

	if (cmd->defaults)
		memcpy(ctx, cmd->defaults, cmd->ctx_size);
	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i];

		if (!only_args &&
		    (!strcmp(arg, "--help") || !strcmp(arg, "-h")))
			return 1;
		if (!only_args && !strcmp(arg, "--")) {
			only_args = true;
		} else if (!only_args && arg[0] == '-' && arg[1] == '-') {
			int rc =
				parse_one(cmd, argc, argv, &i, ctx, &seen, err);

			if (rc)
				return rc;
		} else if (!only_args && arg[0] == '-' && arg[1]) {
			return pvn_err(err, -EINVAL, "unknown option '%s'",
				       arg);
		} else if (n >= cmd->n_args + cmd->n_optional) {
			return pvn_err(err, -EINVAL, "unexpected argument '%s'",
				       arg);
		} else {
			args[n++] = argv[i];
		}
	}
	args[n] = NULL;
	return check_complete(cmd, n, seen, err);
}

int cmd_error(const struct cmd *cmd, int exit_code, const struct pvn_err *err)
{
	fprintf(stderr, "%s %s: %s", cmd->program, cmd->name, err->msg);
	if (exit_code == PVN_EXIT_USAGE)
		fprintf(stderr, " (see '%s %s --help')", cmd->program,
			cmd->name);
	fputc('\n', stderr);
	return exit_code;
}
