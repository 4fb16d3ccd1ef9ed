/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_show.c: 'guest show': everything that is known of one guest. */
#include <stdarg.h>
#include <string.h>
#include "../lib/size.h"
#include "cmd.h"
#include "guests.h"
#include "guesttype.h"
#include "json.h"
#include "store.h"
#include "table.h"
#include "template.h"

struct opts {
	bool json;
};

static const struct opt opts[] = {
	OPT("json", OPT_FLAG, json, NULL, "print JSON"),
};

/* What is not in the set itself. */
struct more {
	char *address;
	bool ready;
	struct template_list templates;
	const struct template *template; /* NULL: no longer on this host */
};

static int read_more(const struct guest *guest, struct more *more,
		     struct pvn_err *err)
{
	auto_store struct store *store = NULL;
	struct pvn_err ignored;

	if (guest->domain) {
		int rc = store_open(&store, err);

		if (rc)
			return rc;
		more->address = guest_address(store, guest, guest->domain->id);
		more->ready = store_guest_ready(store, guest->domain->id);
	}
	if (guest->conf.template &&
	    !templates_read_host(&more->templates, &ignored))
		more->template = templates_find(&more->templates,
						guest->conf.template, &ignored);
	return 0;
}

static void free_more(struct more *more)
{
	free(more->address);
	templates_free(&more->templates);
}

__attribute__((format(printf, 2, 3))) static void line(const char *key,
						       const char *fmt, ...)
{
	va_list ap;

	printf("%-10s", key);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void print_devices(const struct guest_set *set,
			  const struct guest *guest)
{
	char size[16], used[16];

	for (size_t i = 0; i < guest->conf.n_disks; i++) {
		const struct conf_disk *disk = &guest->conf.disks[i];
		const struct volume *v = guests_disk_volume(set, disk);
		const char *mode = disk->writable ? "" : ", read-only";

		if (!v)
			line(disk->vdev, "%s%s", disk->path, mode);
		else if (v->used_percent < 0)
			line(disk->vdev, "%s, %s%s", disk->path,
			     size_print(v->size, size), mode);
		else
			line(disk->vdev, "%s, %s, %s used%s", disk->path,
			     size_print(v->size, size),
			     size_print(volume_used(v), used), mode);
	}
	for (size_t i = 0; i < guest->conf.n_vifs; i++) {
		const struct conf_vif *vif = &guest->conf.vifs[i];
		autofree char *key = xasprintf("eth%zu", i);

		line(key, "%s on %s", vif->mac ? vif->mac : "random MAC",
		     vif->bridge ? vif->bridge : "the host's only bridge");
	}
}

static const char *uuid_of(const struct guest *guest)
{
	return guest->domain ? guest->domain->uuid : guest->conf.uuid;
}

static void print_text(const struct guest_set *set, const struct guest *guest,
		       const struct more *more)
{
	const char *uuid = uuid_of(guest);
	autofree char *type = guest_type_text(guest);
	const struct guestconf *conf = &guest->conf;
	char buf[16];

	line("name", "%s", guest->name);
	if (conf->description)
		line("about", "%s", conf->description);
	line("state", "%s%s", guest_state(guest),
	     more->ready ? ", ssh answers" : "");
	if (guest->domain)
		line("uptime", "%s", uptime_print(guest_uptime(guest), buf));
	line("address", "%s", more->address ? more->address : "-");
	line("template", "%s%s%s%s%s", conf->template ? conf->template : "-",
	     conf->version ? " " : "", conf->version ? conf->version : "",
	     more->template && *more->template->description ? ": " : "",
	     more->template ? more->template->description : "");
	line("type", "%s", type ? type : "-");
	if (conf->autostart)
		line("autostart", "with the host, order %u", conf->order);
	if (conf->on_crash)
		line("on crash", "%s", conf->on_crash);
	line("memory", "%s", size_print(guest_memory(guest), buf));
	line("vcpus", "%u", guest_vcpus(guest));
	line("uuid", "%s", uuid ? uuid : "-");
	print_devices(set, guest);
	line("kernel", "%s", conf->kernel ? conf->kernel : "-");
	line("config", "%s", conf->path ? conf->path : "-");
}

static void json_devices(struct json *j, const struct guest_set *set,
			 const struct guest *guest, const struct more *more)
{
	json_array(j, "disks");
	for (size_t i = 0; i < guest->conf.n_disks; i++)
		guests_json_disk(j, set, &guest->conf.disks[i]);
	json_end_array(j);
	json_array(j, "vifs");
	for (size_t i = 0; i < guest->conf.n_vifs; i++) {
		json_object(j, NULL);
		json_string(j, "mac", guest->conf.vifs[i].mac);
		json_string(j, "bridge", guest->conf.vifs[i].bridge);
		json_string(j, "address", i ? NULL : more->address);
		json_end_object(j);
	}
	json_end_array(j);
}

static void print_json(const struct guest_set *set, const struct guest *guest,
		       const struct more *more)
{
	auto_json struct json *j = json_new();
	const struct guestconf *conf = &guest->conf;
	int64_t uptime = guest_uptime(guest);
	uint64_t used;

	json_object(j, NULL);
	json_string(j, "name", guest->name);
	json_string(j, "state", guest_state(guest));
	json_bool(j, "ready", more->ready);
	json_string(j, "type", guest_type(guest));
	json_bool(j, "type_auto", guesttype_is_auto(conf));
	json_string(j, "template", conf->template);
	json_string(j, "template_version", conf->version);
	json_string(j, "description",
		    conf->description ? conf->description
		    : more->template  ? more->template->description
				      : NULL);
	json_bool(j, "autostart", conf->autostart);
	json_int(j, "order", conf->order);
	json_string(j, "on_crash", conf->on_crash);
	json_int(j, "memory_mib", (int64_t)(guest_memory(guest) / MIB));
	json_int(j, "vcpus", guest_vcpus(guest));
	json_int(j, "disk_bytes", (int64_t)guest_disk_bytes(set, guest, &used));
	json_string(j, "address", more->address);
	if (uptime >= 0)
		json_int(j, "uptime_s", uptime);
	else
		json_null(j, "uptime_s");
	if (guest->domain)
		json_int(j, "domid", guest->domain->id);
	else
		json_null(j, "domid");
	json_string(j, "uuid", uuid_of(guest));
	json_devices(j, set, guest, more);
	json_string(j, "kernel", conf->kernel);
	json_string(j, "config", conf->path);
	json_end_object(j);
	json_print(j, stdout);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	auto_guests struct guest_set set = { 0 };
	struct more more = { 0 };
	struct pvn_err err = { 0 };
	const struct guest *guest;
	int rc;

	if (guests_read(&set, &err))
		return cmd_error(&cmd_guest_show, PVN_EXIT_FAILED, &err);
	guests_measure(&set);
	guest = guests_find(&set, args[0], &err);
	if (!guest)
		return cmd_error(&cmd_guest_show, PVN_EXIT_FAILED, &err);
	if (guest->conf_error)
		fprintf(stderr, "guest show: %s\n", guest->conf_error);
	rc = read_more(guest, &more, &err);
	if (!rc && o->json)
		print_json(&set, guest, &more);
	else if (!rc)
		print_text(&set, guest, &more);
	free_more(&more);
	return rc ? cmd_error(&cmd_guest_show, PVN_EXIT_FAILED, &err)
		  : PVN_EXIT_OK;
}

const struct cmd cmd_guest_show = {
	.program = "guest",
	.group = "look",
	.name = "show",
	.synopsis = "NAME",
	.n_args = 1,
	.help = "show everything about a guest",
	.example = "guest show web1 --json\n",
	.details =
		"--json: name, state, ready (its ssh answers), type, type_auto, template, template_version,\n"
		"description, autostart, order, on_crash, memory_mib, vcpus, disk_bytes, address, uptime_s, domid, uuid,\n"
		"disks[] (name, path, writable, size_bytes, used_bytes), vifs[] (mac, bridge,\n"
		"address), kernel, config.\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.run = run,
};
