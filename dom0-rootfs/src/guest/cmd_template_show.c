/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_template_show.c: 'template show': everything about one template. */
#include "../lib/size.h"
#include "cmd.h"
#include "host.h"
#include "json.h"
#include "template.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

static void print_text(const struct template *t)
{
	char disk[16], memory[16];

	printf("name         %s\nversion      %s\ndescription  %s\ntype         %s\n"
	       "disk         %s\nmemory       %s\nvcpus        %u\nuser         %s\n"
	       "kernel       %s\ncmdline      %s\nimage        %s/%s\nsha256       %s\n",
	       t->name, t->version, *t->description ? t->description : "-",
	       t->type, size_print(t->disk_bytes, disk),
	       size_print(t->memory_bytes, memory), t->vcpus, t->user,
	       t->kernel, *t->cmdline ? t->cmdline : "-", t->dir, t->disk,
	       t->sha256);
}

static void print_json(const struct template *t)
{
	auto_json struct json *j = json_new();
	autofree char *image = xasprintf("%s/%s", t->dir, t->disk);

	json_object(j, NULL);
	json_string(j, "name", t->name);
	json_string(j, "version", t->version);
	json_string(j, "description", t->description);
	json_string(j, "type", t->type);
	json_int(j, "disk_bytes", (int64_t)t->disk_bytes);
	json_int(j, "memory_mib", (int64_t)(t->memory_bytes / MIB));
	json_int(j, "vcpus", t->vcpus);
	json_string(j, "user", t->user);
	json_string(j, "kernel", t->kernel);
	json_string(j, "cmdline", t->cmdline);
	json_string(j, "image", image);
	json_string(j, "sha256", t->sha256);
	json_end_object(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_templates struct template_list list = { 0 };
	struct pvn_err err = { 0 };
	const struct template *t;

	if (templates_read_host(&list, &err))
		return cmd_error(&cmd_template_show, PVN_EXIT_FAILED, &err);
	t = templates_find(&list, args[0], &err);
	if (!t)
		return cmd_error(&cmd_template_show, PVN_EXIT_FAILED, &err);
	if (o->json)
		print_json(t);
	else
		print_text(t);
	return PVN_EXIT_OK;
}

const struct cmd cmd_template_show = {
	.program = "template",
	.group = "look",
	.name = "show",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "show everything about a template",
	.example = "template show mini\n",
	.details =
		"--json: name, version, description, type, disk_bytes, memory_mib, vcpus, user,\n"
		"kernel, cmdline, image, sha256.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
