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

static const char *or_dash(const char *s)
{
	return *s ? s : "-";
}

static void line(const char *key, const char *value)
{
	printf("%-12s %s\n", key, value);
}

/* NULL: it is in its volume and nowhere else. Caller frees. */
static char *image_path(const struct template *t)
{
	return template_is_users(t) ? NULL
				    : xasprintf("%s/%s", t->dir, t->disk);
}

static void print_text(const struct template *t)
{
	autofree char *image = image_path(t);
	autofree char *volume = template_volume(t);
	autofree char *vcpus = xasprintf("%u", t->vcpus);
	char size[16];

	line("name", t->name);
	line("version", t->version);
	line("description", or_dash(t->description));
	line("type", t->type);
	line("disk", size_print(t->disk_bytes, size));
	line("memory", size_print(t->memory_bytes, size));
	line("vcpus", vcpus);
	line("user", t->user);
	line("kernel", t->kernel);
	line("cmdline", or_dash(t->cmdline));
	line("volume", volume);
	line("image", image ? image : "-");
	line("sha256", or_dash(t->sha256));
	line("signed by", or_dash(t->signed_by));
}

static void print_json(const struct template *t)
{
	auto_json struct json *j = json_new();
	autofree char *image = image_path(t);
	autofree char *volume = template_volume(t);

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
	json_string(j, "volume", volume);
	json_string(j, "image", image);
	json_string(j, "sha256", t->sha256);
	json_string(j, "signed_by", *t->signed_by ? t->signed_by : NULL);
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
		"A template that came with the host gets its volume when a first guest is made of it.\n"
		"--json: name, version, description, type, disk_bytes, memory_mib, vcpus, user,\n"
		"kernel, cmdline, volume, image (null: it is in its volume alone), sha256 (of the image,\n"
		"as it came), signed_by (whose key, null: none that the host trusts).\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
