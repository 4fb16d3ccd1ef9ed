/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_guest_clone.c: 'guest clone': make a guest that is a copy of another. */
#include <errno.h>
#include <string.h>
#include "../lib/file.h"
#include "cmd.h"
#include "consolelog.h"
#include "create.h"
#include "guestedit.h"
#include "hold.h"
#include "nic.h"
#include "progress.h"
#include "signals.h"
#include "supervisor.h"

struct opts {
	bool live;
	bool start;
	const char *ip, *gateway, *dns;
	struct change_opts change;
};

static const struct opt opts[] = {
	OPT("live", OPT_FLAG, live, NULL,
	    "copy a running guest, as after a power cut"),
	OPT("start", OPT_FLAG, start, NULL, "start the clone, too"),
	OPT("ip", OPT_STRING, ip, "ADDR/LEN",
	    "its IPv4 address (default: by DHCP)"),
	OPT("gateway", OPT_STRING, gateway, "ADDR",
	    "its default gateway (with --ip)"),
	OPT("dns", OPT_STRING, dns, "ADDR[,ADDR...]",
	    "its name servers (with --ip)"),
	CHANGE_OPTS,
};

struct clone {
	struct change change;
	const struct opts *o;
	const char *to;
	struct seed_net net;
	struct hold hold;
	bool pause;
	struct strlist from_volumes, to_volumes;
	char *seed; /* device of its seed, or NULL */
	char uuid[37];
	struct strlist old_macs, new_macs;
	char *path, *text; /* of its file */
};

static int step_pause(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;

	return hold_begin(&c->hold, c->change.guest, err);
}

static int step_resume(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;

	return hold_end(&c->hold, c->change.guest, err);
}

static int step_volumes(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;
	int rc = 0;

	for (size_t i = 0; i < c->from_volumes.n && !rc; i++) {
		rc = signals_check(err);
		if (!rc)
			rc = volume_snapshot(c->change.set.host.vg,
					     c->from_volumes.v[i],
					     c->to_volumes.v[i], err);
	}
	return rc;
}

static int undo_volumes(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;
	int rc = 0;

	for (size_t i = 0; i < c->to_volumes.n && !rc; i++)
		rc = volume_remove(c->change.set.host.vg, c->to_volumes.v[i],
				   err);
	return rc;
}

static int step_change_seed(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;
	const struct seed_clone clone = { .name = c->to,
					  .uuid = c->uuid,
					  .old_macs = &c->old_macs,
					  .new_macs = &c->new_macs,
					  .net = &c->net };
	int rc = signals_check(err);

	return rc ? rc : seed_clone(&clone, c->seed, err);
}

static int step_aside(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;

	return consolelog_set_aside(c->to, err);
}

static int undo_aside(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;

	return consolelog_put_back(c->to, err);
}

static int step_write(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;

	return file_write(c->path, c->text, 0600, err);
}

static int undo_write(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;

	if (unlink(c->path) && errno != ENOENT)
		return pvn_err_errno(err, errno, "cannot remove '%s'", c->path);
	return 0;
}

static int step_run(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;
	int rc = signals_check(err);

	if (!rc)
		rc = guests_make_room(
			guest_memory_need(c->change.guest->conf.memory_bytes),
			err);
	return rc ? rc : supervisor_start(c->to, err);
}

static int undo_run(void *ctx, struct pvn_err *err)
{
	struct clone *c = ctx;

	return supervisor_ask(err, NULL, "kill %s", c->to);
}

/* Its own volumes are copied; what two guests may read stays shared. */
static int take_disk(struct clone *c, const struct conf_disk *disk,
		     struct pvn_err *err)
{
	const struct guest *guest = c->change.guest;
	const struct volume *v = guests_disk_volume(&c->change.set, disk);
	const char *rest;

	if (!v || !volume_is_guests(v->name, guest->name)) {
		if (!disk->writable)
			return 0;
		return pvn_err(
			err, -EINVAL,
			"disk '%s' of guest '%s' is '%s', no volume of its own, and can't be cloned",
			disk->vdev, guest->name, disk->path);
	}
	rest = v->name + strlen("guest-") + strlen(guest->name);
	strlist_add(&c->from_volumes, v->name);
	strlist_addf(&c->to_volumes, "guest-%s%s", c->to, rest);
	if (!strcmp(rest, "-seed"))
		c->seed = xasprintf("/dev/%s/guest-%s-seed",
				    c->change.set.host.vg, c->to);
	return 0;
}

static int take_vif(struct clone *c, size_t i, struct pvn_err *err)
{
	const struct conf_vif *vif = &c->change.guest->conf.vifs[i];
	autofree char *item = NULL;
	autofree char *ip = NULL;
	char mac[18];
	int rc = create_random(NULL, mac, err);

	if (rc)
		return rc;
	if (!i && c->net.address) /* and from no other will it be heard */
		ip = xasprintf("%.*s", (int)strcspn(c->net.address, "/"),
			       c->net.address);
	strlist_add(&c->old_macs, vif->mac ? vif->mac : "");
	strlist_add(&c->new_macs, mac);
	item = nic_clone_text(vif, mac, ip);
	return guestedit_set_item(&c->text, "vif", i, item, err);
}

static int make_text(struct clone *c, struct pvn_err *err)
{
	const struct guest *guest = c->change.guest;
	int rc = create_random(c->uuid, (char[18]){ 0 }, err);

	if (!rc)
		rc = file_read(guest->conf.path, &c->text, err);
	if (!rc)
		rc = guestedit_set_string(&c->text, "name", c->to, err);
	if (!rc)
		rc = guestedit_set_string(&c->text, "uuid", c->uuid, err);
	if (!rc)
		rc = guestedit_set(&c->text, "paravane_autostart", NULL, err);
	for (size_t i = 0; i < guest->conf.n_disks && !rc; i++)
		rc = take_disk(c, &guest->conf.disks[i], err);
	for (size_t i = 0; i < guest->conf.n_disks && !rc; i++)
		rc = guests_move_disk(&c->change.set, guest, c->to, i, &c->text,
				      err);
	for (size_t i = 0; i < guest->conf.n_vifs && !rc; i++)
		rc = take_vif(c, i, err);
	return rc;
}

static int check(struct clone *c, struct pvn_err *err)
{
	const struct guest *guest = c->change.guest;
	const struct conf_vif *vif = guest->conf.vifs;
	uint64_t available, used;
	int rc;

	if (guest->conf_error)
		return pvn_err(err, -EINVAL, "%s", guest->conf_error);
	if (!guest->has_conf)
		return pvn_err(err, -EINVAL,
			       "guest '%s' has no file on this host",
			       guest->name);
	if (!guest_is_off(guest) && !c->o->live)
		return pvn_err(
			err, PVN_REFUSED,
			"guest '%s' is %s: stop it first, or copy it as it runs with '--live'",
			guest->name, guest_state(guest));
	rc = guests_check_free(&c->change.set, c->to, err);
	if (!rc && c->net.address && guest->conf.n_vifs && vif->bridge)
		rc = nic_fixed_check(vif->bridge, err);
	if (!rc)
		rc = guests_admit(
			&c->change.set,
			guest_disk_bytes(&c->change.set, guest, &used), err);
	if (!rc && c->o->start)
		rc = guests_memory_free(&c->change.set, &available, err);
	if (!rc && c->o->start &&
	    guest_memory_need(guest->conf.memory_bytes) > available)
		rc = pvn_err(err, -ENOMEM, "not enough memory to start '%s'",
			     c->to);
	return rc;
}

static int make_plan(void *ctx, struct pvn_plan *plan, struct pvn_err *err)
{
	struct clone *c = ctx;
	const struct guest *guest = c->change.guest;
	int rc = check(c, err);

	if (!rc)
		rc = make_text(c, err);
	if (rc)
		return rc;
	autofree char *names = strlist_quoted(&c->to_volumes);

	c->path = guestconf_path(c->to);
	c->pause = guest->domain && guest->domain->state == DOMAIN_RUNNING;
	if (c->pause)
		plan_add(plan, "pause", step_pause, step_resume,
			 "pause guest '%s' for an instant", guest->name);
	plan_add(plan, "volumes", step_volumes, undo_volumes,
		 "make %s as snapshots of its disks", names);
	if (c->pause)
		plan_add(plan, "resume", step_resume, NULL,
			 "let guest '%s' go on", guest->name);
	if (c->seed)
		plan_add(plan, "seed", step_change_seed, NULL,
			 "write the clone's name and network to '%s'", c->seed);
	if (guests_has_log(&c->change.set, c->to))
		plan_add(plan, "log", step_aside, undo_aside,
			 "set the console log of an earlier '%s' aside", c->to);
	plan_add(plan, "config", step_write, undo_write, "write '%s'", c->path);
	if (c->o->start)
		plan_add(plan, "start", step_run, undo_run, "start guest '%s'",
			 c->to);
	return 0;
}

static void report(const void *ctx)
{
	const struct clone *c = ctx;

	printf("guest '%s' is a copy of '%s'%s\n", c->to, c->change.name,
	       c->o->start ? ", and started" : "");
}

static void report_json(const void *ctx, struct json *j)
{
	const struct clone *c = ctx;

	json_string(j, "clone", c->to);
	json_string(j, "uuid", c->uuid);
	json_array(j, "macs");
	for (size_t i = 0; i < c->new_macs.n; i++)
		json_string(j, NULL, c->new_macs.v[i]);
	json_end_array(j);
}

static int run(void *ctx, char **args)
{
	const struct opts *o = ctx;
	struct clone c = {
		.change = { .cmd = &cmd_guest_clone,
			    .o = &o->change,
			    .name = args[0],
			    .plan = make_plan,
			    .report = report,
			    .report_json = report_json },
		.o = o,
		.to = args[1],
		.net = { .address = o->ip,
			 .gateway = o->gateway,
			 .dns = o->dns },
	};
	struct pvn_err err = { 0 };
	int exit_code;

	if (guest_name_check(c.to, &err) || seed_net_check(&c.net, &err))
		return cmd_error(&cmd_guest_clone, PVN_EXIT_USAGE, &err);
	exit_code = change_run(&c.change);
	strlist_free(&c.from_volumes);
	strlist_free(&c.to_volumes);
	strlist_free(&c.old_macs);
	strlist_free(&c.new_macs);
	free(c.seed);
	free(c.path);
	free(c.text);
	return exit_code;
}

const struct cmd cmd_guest_clone = {
	.program = "guest",
	.group = "make and remove",
	.name = "clone",
	.synopsis = "NAME NEW",
	.n_args = 2,
	.help = "make a guest that is a copy of another",
	.details =
		"Its disks are snapshots, so that they take no space until one of the two writes.\n"
		"It has its own UUID, MAC addresses and, by cloud-init, host name and ssh host\n"
		"keys; it does not start with the host. With --ip it is heard from that address only,\n"
		"as a guest of 'guest create --ip'.\n"
		"--json: name (the original's), clone, uuid, macs; with --dry-run: steps[].name and .what.\n",
	.example = "guest clone web1 web2 --start\n",
	OPTS(opts),
	.ctx_size = sizeof(struct opts),
	.modifies = true,
	.run = run,
};
