/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source.c: finds the answer file: a URL on the kernel command line, else a
 * file system labelled PARAVANE, else QEMU's fw_cfg, else on the ISO itself. A place that was named but
 * can't be read is an error, not a reason to look further. */
#include <blkid/blkid.h>
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "fetch.h"
#include "file.h"
#include "hardware.h"
#include "install.h"

#define LABEL "PARAVANE"
#define FILE_NAME "answers.ini"
#define MNT_ANSWERS "/run/paravane-install/answers"
/* of an ISO that was made for one purpose: make iso ANSWERS=FILE */
#define BAKED_IN "/slot/answers.ini"
#define FW_CFG "/sys/firmware/qemu_fw_cfg/by_name/opt/paravane/answers/raw"

/* The value of @key on the kernel command line; NULL without. Caller frees. */
static char *cmdline_value(const char *key)
{
	autofree char *line = file_read_line("/proc/cmdline");
	size_t len = strlen(key);
	char *save;

	if (!line)
		return NULL;
	for (char *p = strtok_r(line, " \t\n", &save); p;
	     p = strtok_r(NULL, " \t\n", &save)) {
		if (!strncmp(p, key, len) && p[len] == '=')
			return xstrdup(p + len + 1);
	}
	return NULL;
}

/* A server chooses the answers by what the machine is. */
static int post_hardware(const char *url, char **text_r, struct pvn_err *err)
{
	struct facts facts = { 0 };
	autofree char *json = NULL;
	int rc = facts_read(&facts, "", "/slot", err);

	if (!rc) {
		json = hardware_json(&facts);
		rc = fetch_post(url, json, text_r, err);
	}
	facts_free(&facts);
	return rc;
}

int source_mount(const char *dev, const char **dir_r, struct pvn_err *err)
{
	/* noload: not even a journal is written back to what is not ours */
	static const struct {
		const char *type;
		const char *options;
	} types[] = { { "vfat", "" }, { "ext4", "noload" }, { "iso9660", "" } };
	int rc = -ENODEV;

	for (size_t i = 0; rc && i < sizeof(types) / sizeof(*types); i++)
		rc = device_mount(dev, MNT_ANSWERS, types[i].type, MS_RDONLY,
				  types[i].options, err);
	*dir_r = MNT_ANSWERS;
	return rc;
}

void source_unmount(void)
{
	struct pvn_err ignored;

	device_unmount(MNT_ANSWERS, &ignored);
}

/* Read the answers off @dev. -ENOENT: they aren't there. */
static int read_labelled(const char *dev, char **text_r, struct pvn_err *err)
{
	const char *dir;
	int rc = source_mount(dev, &dir, err);

	if (rc)
		return rc;
	rc = file_read(MNT_ANSWERS "/" FILE_NAME, text_r, err);
	source_unmount();
	return rc;
}

static bool has_label(const char *dev)
{
	blkid_probe pr = blkid_new_probe_from_filename(dev);
	const char *label;
	bool has;

	if (!pr)
		return false;
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_LABEL);
	has = !blkid_do_safeprobe(pr) &&
	      !blkid_probe_lookup_value(pr, "LABEL", &label, NULL) &&
	      !strcmp(label, LABEL);
	blkid_free_probe(pr);
	return has;
}

/* If it is what the label says. -ENOENT: it isn't, or has no answers. */
static int try_labelled(const char *name, char **text_r, char **name_r,
			struct pvn_err *err)
{
	autofree char *dev = xasprintf("/dev/%s", name);
	int rc = has_label(dev) ? read_labelled(dev, text_r, err) : -ENOENT;

	if (!rc)
		*name_r = xasprintf("%s:%s", dev, FILE_NAME);
	else if (rc != -ENOENT)
		pvn_err_wrap(err, "answers on '%s'", dev);
	return rc;
}

static int find_labelled(char **text_r, char **name_r, struct pvn_err *err)
{
	struct facts facts = { 0 };
	int rc = facts_read(&facts, "", "/slot", err) ? -EIO : -ENOENT;

	for (size_t i = 0; rc == -ENOENT && i < facts.n; i++) {
		const struct disk *d = &facts.disks[i];

		for (size_t k = 0; rc == -ENOENT && k < d->parts.n; k++)
			rc = try_labelled(d->parts.v[k], text_r, name_r, err);
		if (rc == -ENOENT)
			rc = try_labelled(d->name, text_r, name_r, err);
	}
	facts_free(&facts);
	return rc;
}

static int read_named(const char *path, const char *name, char **text_r,
		      char **name_r, struct pvn_err *err)
{
	int rc = file_read(path, text_r, err);

	if (!rc)
		*name_r = xstrdup(name);
	/* -ENOENT is kept for 'there is none anywhere' */
	return rc == -ENOENT ? -EIO : rc;
}

int source_find(const char *file, char **text_r, char **name_r,
		struct pvn_err *err)
{
	autofree char *url = NULL;
	int rc;

	if (file)
		return read_named(file, file, text_r, name_r, err);
	url = cmdline_value("answers");
	if (url && *url) {
		rc = fetch_url(url, text_r, err);
		*name_r = steal_ptr(&url);
		return rc == -ENOENT ? -EIO : rc;
	}
	free(url);
	url = cmdline_value("answers-post");
	if (url && *url) {
		rc = post_hardware(url, text_r, err);
		*name_r = steal_ptr(&url);
		return rc == -ENOENT ? -EIO : rc;
	}
	rc = find_labelled(text_r, name_r, err);
	if (rc != -ENOENT)
		return rc;
	if (file_exists(FW_CFG))
		return read_named(FW_CFG, "fw_cfg:opt/paravane/answers", text_r,
				  name_r, err);
	if (file_exists(BAKED_IN))
		return read_named(BAKED_IN, "the ISO's answers.ini", text_r,
				  name_r, err);
	return pvn_err(
		err, -ENOENT,
		"no answers: no 'answers=URL' or 'answers-post=URL' on the "
		"kernel command line, no '" FILE_NAME
		"' on a file system labelled "
		"'" LABEL
		"', nothing in fw_cfg or on the ISO; nothing was touched");
}
