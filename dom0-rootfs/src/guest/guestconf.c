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
enum value_type { STRING, MIBS, COUNT, FLAG };

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
	KEY("on_poweroff", STRING, on_poweroff),
	KEY("on_reboot", STRING, on_reboot),
	KEY("on_crash", STRING, on_crash),
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

static void write_key(const struct guestconf *conf, const struct key *key,
		      FILE *f)
{
	const void *value = member(conf, key);
	unsigned long long number = 0;

	switch (key->type) {
	case STRING:
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

/* The words of a vif, "mac=00:16:3e:..,bridge=br0". */
static const struct word {
	const char *name;
	size_t offset;
} vif_words[] = {
	{ "mac", offsetof(struct conf_vif, mac) },
	{ "bridge", offsetof(struct conf_vif, bridge) },
	{ "ip", offsetof(struct conf_vif, ip) },
	{ "rate", offsetof(struct conf_vif, rate) },
	{ "vlan", offsetof(struct conf_vif, vlan) },
	{ "vifname", offsetof(struct conf_vif, vifname) },
	{ "script", offsetof(struct conf_vif, script) },
};

#define N_VIF_WORDS (sizeof(vif_words) / sizeof(vif_words[0]))

static char **vif_member(const struct conf_vif *vif, size_t i)
{
	return (char **)((char *)vif + vif_words[i].offset);
}

char *guestconf_vif_text(const struct conf_vif *vif)
{
	char *text = NULL;
	size_t len = 0;
	const char *comma = "";
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	for (size_t i = 0; i < N_VIF_WORDS; i++) {
		const char *value = *vif_member(vif, i);

		if (!value)
			continue;
		fprintf(f, "%s%s=%s", comma, vif_words[i].name, value);
		comma = ",";
	}
	if (vif->mtu)
		fprintf(f, "%smtu=%u", comma, vif->mtu);
	if (fclose(f))
		abort();
	return text;
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
	fputs("# Made by 'guest create'. This is a standard xl.cfg, see xl.cfg(5): edit it as\n"
	      "# you like; it is read at the next start.\n",
	      f);
	for (size_t i = 0; i < N_KEYS; i++)
		write_key(conf, &keys[i], f);
	write_devices(conf, f);
	if (fclose(f))
		abort();
	return text;
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
	const char *text = NULL;
	long number = 0;
	int rc;

	if (key->type == STRING) {
		rc = xlu_cfg_get_string(cfg, key->name, &text, 1);
		if (rc && rc != ESRCH)
			return pvn_err(err, -EINVAL, "'%s' is no string",
				       key->name);
		if (text)
			*(char **)value = xstrdup(text);
		return 0;
	}
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

/* Xen's parser can't list the keys that it found. It has accepted the text, so
 * it is enough to skip strings, comments and lists. */
static int check_keys(const char *text, struct pvn_err *err)
{
	unsigned int line = 1;
	int depth = 0;

	for (const char *p = text; *p; p++) {
		size_t len;

		if (*p == '\n') {
			line++;
		} else if (*p == '#') {
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
		} else if (isalpha((unsigned char)*p) || *p == '_') {
			len = strspn(p,
				     "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
			if (!depth && !is_known(p, len))
				return pvn_err(
					err, -EINVAL,
					"line %u: key '%.*s' is not supported",
					line, (int)len, p);
			p += len - 1;
		}
	}
	return 0;
}

static int read_disks(XLU_Config *cfg, struct guestconf *conf,
		      struct pvn_err *err)
{
	XLU_ConfigList *list = NULL;
	int n = 0;

	if (xlu_cfg_get_list(cfg, "disk", &list, &n, 1))
		return 0;
	conf->disks = xcalloc((size_t)n + 1, sizeof(*conf->disks));
	for (int i = 0; i < n; i++) {
		const char *spec = xlu_cfg_get_listitem(list, i);
		struct conf_disk *disk = &conf->disks[conf->n_disks];
		libxl_device_disk parsed;

		if (!spec)
			continue;
		libxl_device_disk_init(&parsed);
		if (xlu_disk_parse(cfg, 1, &spec, &parsed)) {
			libxl_device_disk_dispose(&parsed);
			return pvn_err(err, -EINVAL, "bad disk '%s'", spec);
		}
		disk->path = xstrdup(parsed.pdev_path ? parsed.pdev_path : "");
		disk->vdev = xstrdup(parsed.vdev ? parsed.vdev : "");
		disk->writable = parsed.readwrite;
		conf->n_disks++;
		libxl_device_disk_dispose(&parsed);
	}
	return 0;
}

static int take_vif_word(struct conf_vif *vif, const char *word,
			 struct pvn_err *err)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : 0;
	char *end = NULL;

	for (size_t i = 0; value && i < N_VIF_WORDS; i++) {
		char **to = vif_member(vif, i);

		if (strlen(vif_words[i].name) != len ||
		    strncmp(vif_words[i].name, word, len))
			continue;
		free(*to);
		*to = xstrdup(value + 1);
		return 0;
	}
	if (!strncmp(word, "mtu=", 4)) {
		vif->mtu = (unsigned int)strtoul(word + 4, &end, 10);
		if (!*end && vif->mtu >= 68 && vif->mtu <= 65535)
			return 0;
		return pvn_err(err, -EINVAL, "bad vif: '%s' is no MTU",
			       word + 4);
	}
	if (!strcmp(word, "type=vif"))
		return 0;
	return pvn_err(err, -EINVAL, "bad vif: '%s' is not supported", word);
}

static int parse_vif(const char *spec, struct conf_vif *vif,
		     struct pvn_err *err)
{
	autofree char *copy = xstrdup(spec);
	char *save = NULL;
	int rc = 0;

	for (char *word = strtok_r(copy, ",", &save); word && !rc;
	     word = strtok_r(NULL, ",", &save))
		rc = take_vif_word(vif, word + strspn(word, " "), err);
	return rc;
}

static int read_vifs(const XLU_Config *cfg, struct guestconf *conf,
		     struct pvn_err *err)
{
	XLU_ConfigList *list = NULL;
	int n = 0;

	if (xlu_cfg_get_list(cfg, "vif", &list, &n, 1))
		return 0;
	conf->vifs = xcalloc((size_t)n + 1, sizeof(*conf->vifs));
	for (int i = 0; i < n; i++) {
		const char *spec = xlu_cfg_get_listitem(list, i);
		int rc;

		if (!spec)
			continue;
		rc = parse_vif(spec, &conf->vifs[conf->n_vifs++], err);
		if (rc)
			return rc;
	}
	return 0;
}

static int take_config(XLU_Config *cfg, struct guestconf *conf,
		       struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < N_KEYS && !rc; i++)
		rc = read_key(cfg, &keys[i], conf, err);
	if (rc)
		return rc;
	if (!conf->name)
		return pvn_err(err, -EINVAL, "no 'name' is given");
	if (!conf->type)
		conf->type = xstrdup("pv");
	if (strcmp(conf->type, "pv") && strcmp(conf->type, "pvh"))
		return pvn_err(err, -EINVAL,
			       "type '%s' is not supported: expected pv or pvh",
			       conf->type);
	if (!conf->vcpus)
		conf->vcpus = 1;
	rc = read_vifs(cfg, conf, err);
	return rc ? rc : read_disks(cfg, conf, err);
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
			rc = take_config(cfg, conf, err);
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
	for (size_t i = 0; i < conf->n_vifs; i++) {
		for (size_t j = 0; j < N_VIF_WORDS; j++)
			free(*vif_member(&conf->vifs[i], j));
	}
	free(conf->disks);
	free(conf->vifs);
	free(conf->path);
	for (size_t i = 0; i < N_KEYS; i++) {
		if (keys[i].type == STRING)
			free(*(char **)member(conf, &keys[i]));
	}
	*conf = (struct guestconf){ 0 };
}
