/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestconf.c: write and read a guest's xl.cfg. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/size.h"
#include "guestconf.h"
#include "host.h"
#include "xl.h"

char *guestconf_path(const char *name)
{
	return xasprintf(PATH_GUESTS "/%s.cfg", name);
}

/* The keys with one value each, in the order in which they are written. */
enum value_type {
	STRING,
	ACTION, /* a string: what to do when the guest stops */
	MIBS,
	COUNT,
	FLAG
};

static const struct key {
	const char *name;
	enum value_type type;
	size_t offset;
} keys[] = {
#define KEY(key_name, key_type, member) \
	{ (key_name), (key_type), offsetof(struct guestconf, member) }
	KEY("name", STRING, name),
	KEY("uuid", STRING, uuid),
	KEY("type", STRING, type),
	KEY("kernel", STRING, kernel),
	KEY("ramdisk", STRING, ramdisk),
	KEY("cmdline", STRING, cmdline),
	KEY("memory", MIBS, memory_bytes),
	KEY("maxmem", MIBS, maxmem_bytes),
	KEY("vcpus", COUNT, vcpus),
	KEY("maxvcpus", COUNT, maxvcpus),
	KEY("cpu_weight", COUNT, cpu_weight),
	KEY("on_poweroff", ACTION, on_poweroff),
	KEY("on_reboot", ACTION, on_reboot),
	KEY("on_crash", ACTION, on_crash),
	KEY("paravane_type", STRING, type_choice),
	KEY("paravane_template", STRING, template),
	KEY("paravane_version", STRING, version),
	KEY("paravane_user", STRING, user),
	KEY("paravane_description", STRING, description),
	KEY("paravane_autostart", FLAG, autostart),
	KEY("paravane_order", COUNT, order),
#undef KEY
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void *member(const struct guestconf *conf, const struct key *key)
{
	return (char *)conf + key->offset;
}

static bool is_text(const struct key *key)
{
	return key->type == STRING || key->type == ACTION;
}

static void write_key(const struct guestconf *conf, const struct key *key,
		      FILE *f)
{
	const void *value = member(conf, key);
	unsigned long long number = 0;

	switch (key->type) {
	case STRING:
	case ACTION:
		if (*(char *const *)value && **(char *const *)value)
			fprintf(f, "%s = \"%s\"\n", key->name,
				*(char *const *)value);
		return;
	case MIBS:
		number = *(const uint64_t *)value / MIB;
		break;
	case COUNT:
		number = *(const unsigned int *)value;
		break;
	case FLAG:
		number = *(const bool *)value;
		break;
	}
	if (number)
		fprintf(f, "%s = %llu\n", key->name, number);
}

static void write_devices(const struct guestconf *conf, FILE *f)
{
	fputs("disk = [\n", f);
	for (size_t i = 0; i < conf->n_disks; i++)
		fprintf(f, "  \"phy:%s,%s,%s\",\n", conf->disks[i].path,
			conf->disks[i].vdev,
			conf->disks[i].writable ? "w" : "r");
	fputs("]\nvif = [\n", f);
	for (size_t i = 0; i < conf->n_vifs; i++) {
		autofree char *text = guestconf_vif_text(&conf->vifs[i]);

		fprintf(f, "  \"%s\",\n", text);
	}
	fputs("]\n", f);
}

char *guestconf_text(const struct guestconf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fputs("# Made by 'guest create'. The syntax is that of xl.cfg(5), the keys are those of\n"
	      "# Paravane's docs/guest-file.md: edit it as you like; it is read at the next start.\n",
	      f);
	for (size_t i = 0; i < N_KEYS; i++)
		write_key(conf, &keys[i], f);
	write_devices(conf, f);
	if (fclose(f))
		abort();
	return text;
}

int guestconf_action(const char *text, enum conf_action *action_r)
{
	static const char *const names[] = {
		[ACTION_DESTROY] = "destroy",
		[ACTION_RESTART] = "restart",
		[ACTION_PRESERVE] = "preserve",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(text, names[i])) {
			*action_r = (enum conf_action)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_text(const XLU_Config *cfg, const struct key *key,
		     char **value_r, struct pvn_err *err)
{
	const char *text = NULL;
	enum conf_action action;
	int r = xlu_cfg_get_string(cfg, key->name, &text, 1);

	if (r == ESRCH)
		return 0;
	if (r)
		return pvn_err(err, -EINVAL, "'%s' is no string", key->name);
	if (key->type == ACTION && guestconf_action(text, &action))
		return pvn_err(
			err, -EINVAL,
			"'%s' is '%s': expected destroy, restart or preserve",
			key->name, text);
	*value_r = xstrdup(text);
	return 0;
}

static int read_number(const XLU_Config *cfg, const struct key *key, long *r,
		       struct pvn_err *err)
{
	const long max = key->type == FLAG ? 1 : INT_MAX;

	*r = 0;
	switch (xlu_cfg_get_long(cfg, key->name, r, 1)) {
	case 0:
		break;
	case ESRCH:
		return 0;
	default:
		return pvn_err(err, -EINVAL, "'%s' is no number", key->name);
	}
	if (*r < 0 || *r > max)
		return pvn_err(err, -EINVAL, "'%s' is %ld: expected 0 to %ld",
			       key->name, *r, max);
	return 0;
}

static int read_key(const XLU_Config *cfg, const struct key *key,
		    struct guestconf *conf, struct pvn_err *err)
{
	void *value = member(conf, key);
	long number = 0;
	int rc;

	if (is_text(key))
		return read_text(cfg, key, value, err);
	rc = read_number(cfg, key, &number, err);
	if (rc)
		return rc;
	if (key->type == MIBS)
		*(uint64_t *)value = (uint64_t)number * MIB;
	else if (key->type == COUNT)
		*(unsigned int *)value = (unsigned int)number;
	else
		*(bool *)value = number;
	return 0;
}

static bool is_known(const char *name, size_t len)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strlen(keys[i].name) == len &&
		    !strncmp(keys[i].name, name, len))
			return true;
	}
	return (len == 4 && !strncmp(name, "disk", 4)) ||
	       (len == 3 && !strncmp(name, "vif", 3));
}

/* The first key from @p on, or NULL. Xen's parser can't list the keys that it
 * found. It has accepted the text, so it is enough to skip strings, comments and
 * lists. */
static const char *next_key(const char *p, size_t *len_r)
{
	int depth = 0;

	for (; *p; p++) {
		if (*p == '#') {
			p += strcspn(p, "\n") - 1;
		} else if (*p == '"' || *p == '\'') {
			for (const char quote = *p++; *p && *p != quote; p++) {
				if (*p == '\\' && p[1])
					p++;
			}
			if (!*p)
				break;
		} else if (*p == '[' || *p == ']') {
			depth += *p == '[' ? 1 : -1;
		} else if (isalnum((unsigned char)*p) || *p == '_') {
			*len_r = strspn(
				p, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
			if (!depth && !isdigit((unsigned char)*p))
				return p;
			p += *len_r - 1;
		}
	}
	return NULL;
}

static unsigned int line_at(const char *text, const char *p)
{
	unsigned int line = 1;

	for (; text < p; text++)
		line += *text == '\n';
	return line;
}

/* The line of a key where it counts, which is the last; or that of an item of its
 * list, unless that is NULL. */
static unsigned int line_of(const char *text, const char *key, const char *item)
{
	const char *found = text;
	const char *inner;
	size_t len = 0;

	for (const char *p = next_key(text, &len); p;
	     p = next_key(p + len, &len)) {
		if (len == strlen(key) && !strncmp(p, key, len))
			found = p;
	}
	inner = item ? strstr(found, item) : NULL;
	return line_at(text, inner ? inner : found);
}

static int check_keys(const char *text, struct pvn_err *err)
{
	size_t len = 0;

	for (const char *p = next_key(text, &len); p;
	     p = next_key(p + len, &len)) {
		if (!is_known(p, len))
			return pvn_err(err, -EINVAL,
				       "line %u: key '%.*s' is not supported",
				       line_at(text, p), (int)len, p);
	}
	return 0;
}

/* What of a disk would be dropped, as only a few of its attributes are kept. */
static const char *unsupported(const libxl_device_disk *disk)
{
	const struct {
		const char *name;
		bool given;
	} attributes[] = {
		{ "cdrom", disk->is_cdrom },
		{ "format", disk->format != LIBXL_DISK_FORMAT_RAW },
		{ "backendtype",
		  disk->backend != LIBXL_DISK_BACKEND_UNKNOWN &&
			  disk->backend != LIBXL_DISK_BACKEND_PHY },
		{ "backend", disk->backend_domname },
		{ "script", disk->script },
		{ "direct-io-safe", disk->direct_io_safe },
		{ "discard", !libxl_defbool_is_default(disk->discard_enable) },
		{ "specification",
		  disk->specification == LIBXL_DISK_SPECIFICATION_VIRTIO },
		{ "colo", !libxl_defbool_is_default(disk->colo_enable) ||
				  disk->colo_host || disk->colo_port ||
				  disk->colo_export || disk->active_disk ||
				  disk->hidden_disk },
		{ "trusted", !libxl_defbool_is_default(disk->trusted) },
		{ "grant_usage", !libxl_defbool_is_default(disk->grant_usage) },
	};

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		if (attributes[i].given)
			return attributes[i].name;
	}
	return NULL;
}

static int take_disk(XLU_Config *cfg, const char *spec, struct guestconf *conf,
		     struct pvn_err *err)
{
	libxl_device_disk parsed;
	struct conf_disk *disk;
	const char *bad;
	int rc = 0;

	libxl_device_disk_init(&parsed);
	if (xlu_disk_parse(cfg, 1, &spec, &parsed)) {
		rc = pvn_err(err, -EINVAL, "bad disk '%s'", spec);
		goto out;
	}
	bad = unsupported(&parsed);
	if (bad) {
		rc = pvn_err(err, -EINVAL,
			     "bad disk '%s': '%s' is not supported", spec, bad);
		goto out;
	}
	conf->disks = xrealloc(conf->disks,
			       (conf->n_disks + 1) * sizeof(*conf->disks));
	disk = &conf->disks[conf->n_disks++];
	disk->path = xstrdup(parsed.pdev_path);
	disk->vdev = xstrdup(parsed.vdev);
	disk->writable = parsed.readwrite;
out:
	libxl_device_disk_dispose(&parsed);
	return rc;
}

static int check_rate(XLU_Config *cfg, const char *rate, struct pvn_err *err)
{
	libxl_device_nic nic;
	int rc = 0;

	libxl_device_nic_init(&nic);
	if (rate && xlu_vif_parse_rate(cfg, rate, &nic))
		rc = pvn_err(err, -EINVAL, "bad vif: '%s' is no rate", rate);
	libxl_device_nic_dispose(&nic);
	return rc;
}

static int take_vif(XLU_Config *cfg, const char *spec, struct guestconf *conf,
		    struct pvn_err *err)
{
	struct conf_vif *vif;
	int rc;

	conf->vifs =
		xrealloc(conf->vifs, (conf->n_vifs + 1) * sizeof(*conf->vifs));
	vif = &conf->vifs[conf->n_vifs++];
	*vif = (struct conf_vif){ 0 };
	rc = guestconf_vif_parse(vif, spec, err);
	if (!rc)
		rc = guestconf_vif_check(vif, err);
	return rc ? rc : check_rate(cfg, vif->rate, err);
}

/* Give each string of a list to @take. */
static int read_list(XLU_Config *cfg, const char *key, const char *text,
		     int (*take)(XLU_Config *, const char *, struct guestconf *,
				 struct pvn_err *),
		     struct guestconf *conf, struct pvn_err *err)
{
	const char *spec = NULL;
	XLU_ConfigList *list = NULL;
	int n = 0, rc = 0;
	int r = xlu_cfg_get_list(cfg, key, &list, &n, 1);

	if (r == ESRCH)
		return 0;
	if (r)
		rc = pvn_err(err, -EINVAL, "'%s' is no list: expected [ ... ]",
			     key);
	for (int i = 0; i < n && !rc; i++) {
		spec = xlu_cfg_get_listitem(list, i);
		rc = spec ? take(cfg, spec, conf, err)
			  : pvn_err(err, -EINVAL,
				    "'%s' has something that is no string",
				    key);
	}
	return rc ? pvn_err_wrap(err, "line %u", line_of(text, key, spec)) : 0;
}

static int take_config(XLU_Config *cfg, const char *text,
		       struct guestconf *conf, struct pvn_err *err)
{
	int rc;

	for (size_t i = 0; i < N_KEYS; i++) {
		if (read_key(cfg, &keys[i], conf, err))
			return pvn_err_wrap(err, "line %u",
					    line_of(text, keys[i].name, NULL));
	}
	if (!conf->name)
		return pvn_err(err, -EINVAL, "no 'name' is given");
	if (!conf->type)
		conf->type = xstrdup("pv");
	if (strcmp(conf->type, "pv") && strcmp(conf->type, "pvh"))
		return pvn_err(
			err, -EINVAL,
			"line %u: type '%s' is not supported: expected pv or pvh",
			line_of(text, "type", NULL), conf->type);
	if (conf->type_choice && strcmp(conf->type_choice, "auto"))
		return pvn_err(
			err, -EINVAL,
			"line %u: 'paravane_type' is '%s': it may be auto; without it 'type' counts",
			line_of(text, "paravane_type", NULL),
			conf->type_choice);
	if (!conf->vcpus)
		conf->vcpus = 1;
	rc = read_list(cfg, "vif", text, take_vif, conf, err);
	return rc ? rc : read_list(cfg, "disk", text, take_disk, conf, err);
}

/* The parser's report is "<file>:<line>: config parsing error near ...". */
static void one_line(char *text)
{
	for (char *p = text; *p; p++) {
		if (*p == '\n' && !p[1])
			*p = '\0';
		else if ((unsigned char)*p < ' ')
			*p = ' ';
	}
}

int guestconf_parse(const char *text, const char *path, struct guestconf *conf,
		    struct pvn_err *err)
{
	autofree char *report = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&report, &len);
	XLU_Config *cfg = f ? xlu_cfg_init(f, path) : NULL;
	int rc;

	if (!cfg)
		abort();
	*conf = (struct guestconf){ .path = xstrdup(path) };
	if (xlu_cfg_readdata(cfg, text, (int)strlen(text))) {
		fflush(f);
		one_line(report);
		rc = pvn_err(err, -EINVAL, "cannot understand '%s': %.300s",
			     path, report);
	} else {
		rc = check_keys(text, err);
		if (!rc)
			rc = take_config(cfg, text, conf, err);
		if (rc)
			pvn_err_wrap(err, "'%s'", path);
	}
	xlu_cfg_destroy(cfg);
	fclose(f);
	if (rc)
		guestconf_free(conf);
	return rc;
}

int guestconf_read(const char *path, struct guestconf *conf,
		   struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc = file_read(path, &text, err);

	return rc ? rc : guestconf_parse(text, path, conf, err);
}

void guestconf_free(struct guestconf *conf)
{
	for (size_t i = 0; i < conf->n_disks; i++) {
		free(conf->disks[i].path);
		free(conf->disks[i].vdev);
	}
	for (size_t i = 0; i < conf->n_vifs; i++)
		guestconf_vif_free(&conf->vifs[i]);
	free(conf->disks);
	free(conf->vifs);
	free(conf->path);
	for (size_t i = 0; i < N_KEYS; i++) {
		if (is_text(&keys[i]))
			free(*(char **)member(conf, &keys[i]));
	}
	*conf = (struct guestconf){ 0 };
}
