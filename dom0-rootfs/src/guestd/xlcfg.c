/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xlcfg.c: a guest's file as libxl wants it. What isn't set here gets libxl's
 * default; a test compares the result with that of 'xl create'. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../guest/host.h"
#include "../lib/mem.h"
#include "policy.h"
#include "xlcfg.h"

/* After libxl.h; without that it takes yajl for version 1. */
#define HAVE_YAJL_YAJL_VERSION_H 1
#include <libxl_json.h>

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static int make_identity(const struct guestconf *conf,
			 libxl_domain_create_info *info, struct pvn_err *err)
{
	info->type = strcmp(conf->type, "pvh") ? LIBXL_DOMAIN_TYPE_PV
					       : LIBXL_DOMAIN_TYPE_PVH;
	info->name = xstrdup(conf->name);
	libxl_defbool_set(&info->run_hotplug_scripts, true);
	if (!conf->uuid)
		libxl_uuid_generate(&info->uuid);
	else if (libxl_uuid_from_string(&info->uuid, conf->uuid))
		return pvn_err(err, -EINVAL, "'uuid' is no UUID: '%s'",
			       conf->uuid);
	return 0;
}

/* libxl_bitmap_alloc() wants a connection to Xen. */
static void set_first_bits(libxl_bitmap *map, unsigned int n)
{
	map->size = (n + 7) / 8;
	map->map = xcalloc(map->size, 1);
	for (unsigned int i = 0; i < n; i++)
		libxl_bitmap_set(map, (int)i);
}

static int make_build(const struct guestconf *conf,
		      libxl_domain_build_info *info, struct pvn_err *err)
{
	unsigned int most = conf->maxvcpus > conf->vcpus ? conf->maxvcpus
							 : conf->vcpus;

	if (!conf->memory_bytes)
		return pvn_err(err, -EINVAL, "no 'memory' is given");
	if (!conf->kernel)
		return pvn_err(err, -EINVAL, "no 'kernel' is given");
	info->max_vcpus = (int)most;
	set_first_bits(&info->avail_vcpus, conf->vcpus);
	if (conf->cpu_weight)
		info->sched_params.weight = (int)conf->cpu_weight;
	info->target_memkb = conf->memory_bytes / 1024;
	info->max_memkb = info->target_memkb;
	if (conf->maxmem_bytes > conf->memory_bytes)
		info->max_memkb = conf->maxmem_bytes / 1024;
	info->kernel = xstrdup(conf->kernel);
	info->ramdisk = copy(conf->ramdisk);
	info->cmdline = copy(conf->cmdline);
	/* Memory that isn't there is said before any is taken. PVH with less than
	 * its maxmem is populated on demand, from memory that is taken at once. */
	libxl_defbool_set(&info->claim_mode,
			  info->type == LIBXL_DOMAIN_TYPE_PV ||
				  info->max_memkb == info->target_memkb);
	return 0;
}

static void make_disk(const struct conf_disk *from, libxl_device_disk *to)
{
	libxl_device_disk_init(to);
	/* libxl would look for others, which aren't there */
	to->backend = LIBXL_DISK_BACKEND_PHY;
	to->format = LIBXL_DISK_FORMAT_RAW;
	to->pdev_path = xstrdup(from->path);
	to->vdev = xstrdup(from->vdev);
	to->readwrite = from->writable;
}

static int parse_rate(const char *text, libxl_device_nic *nic,
		      struct pvn_err *err)
{
	autofree char *report = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&report, &len);
	XLU_Config *cfg = f ? xlu_cfg_init(f, "vif") : NULL;
	int r;

	if (!cfg)
		abort();
	r = xlu_vif_parse_rate(cfg, text, nic);
	xlu_cfg_destroy(cfg);
	fclose(f);
	if (r)
		return pvn_err(err, -EINVAL, "bad vif: '%s' is no rate", text);
	return 0;
}

static int make_nic(const struct conf_vif *from, libxl_device_nic *to,
		    struct pvn_err *err)
{
	int rc = 0;

	libxl_device_nic_init(to);
	to->bridge = xstrdup(from->bridge ? from->bridge : DEFAULT_BRIDGE);
	to->ip = copy(from->ip);
	to->vlan = copy(from->vlan);
	to->script = copy(from->script);
	to->ifname = copy(from->vifname);
	if (from->mtu)
		to->mtu = (int)from->mtu;
	if (from->mac && guestconf_mac(from->mac, to->mac))
		rc = pvn_err(err, -EINVAL, "bad vif: '%s' is no MAC address",
			     from->mac);
	if (!rc && from->rate)
		rc = parse_rate(from->rate, to, err);
	return rc;
}

static int make_devices(const struct guestconf *conf,
			libxl_domain_config *config, struct pvn_err *err)
{
	config->disks = xcalloc(conf->n_disks + 1, sizeof(*config->disks));
	for (size_t i = 0; i < conf->n_disks; i++)
		make_disk(&conf->disks[i], &config->disks[config->num_disks++]);
	config->nics = xcalloc(conf->n_vifs + 1, sizeof(*config->nics));
	for (size_t i = 0; i < conf->n_vifs; i++) {
		int rc = make_nic(&conf->vifs[i],
				  &config->nics[config->num_nics++], err);

		if (rc)
			return rc;
	}
	return 0;
}

/* libxl only keeps them; we act by them. */
static void make_actions(const struct guestconf *conf,
			 libxl_domain_config *config)
{
	static const libxl_action_on_shutdown actions[] = {
		[ACTION_DESTROY] = LIBXL_ACTION_ON_SHUTDOWN_DESTROY,
		[ACTION_RESTART] = LIBXL_ACTION_ON_SHUTDOWN_RESTART,
		[ACTION_PRESERVE] = LIBXL_ACTION_ON_SHUTDOWN_PRESERVE,
	};

	config->on_poweroff = actions[policy_action(conf, REASON_POWEROFF)];
	config->on_reboot = actions[policy_action(conf, REASON_REBOOT)];
	config->on_crash = actions[policy_action(conf, REASON_CRASH)];
	config->on_watchdog = config->on_crash;
	config->on_soft_reset = config->on_reboot;
}

int xlcfg_make(const struct guestconf *conf, libxl_domain_config *config,
	       struct pvn_err *err)
{
	int rc;

	libxl_domain_config_init(config);
	rc = make_identity(conf, &config->c_info, err);
	if (!rc) {
		libxl_domain_build_info_init_type(&config->b_info,
						  config->c_info.type);
		rc = make_build(conf, &config->b_info, err);
	}
	if (!rc)
		rc = make_devices(conf, config, err);
	if (rc)
		return pvn_err_wrap(err, "'%s'", conf->path);
	make_actions(conf, config);
	return 0;
}

char *xlcfg_json(libxl_domain_config *config)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text = NULL;
	size_t len = 0;
	char *result;

	if (!gen)
		abort();
	yajl_gen_config(gen, yajl_gen_beautify, 1);
	yajl_gen_config(gen, yajl_gen_indent_string, "  ");
	if (libxl_domain_config_gen_json(gen, config) != yajl_gen_status_ok ||
	    yajl_gen_get_buf(gen, &text, &len) != yajl_gen_status_ok)
		abort();
	result = xasprintf("%.*s", (int)len, (const char *)text);
	yajl_gen_free(gen);
	return result;
}
