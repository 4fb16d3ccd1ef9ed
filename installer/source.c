/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source.c: finds the answer file: a URL on the kernel command line, else a
 * file system labelled PARAVANE, else QEMU's fw_cfg. A place that was named but
 * can't be read is an error, not a reason to look further. */
#include <blkid/blkid.h>
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "file.h"
#include "install.h"
#include "run.h"

#define LABEL "PARAVANE"
#define FILE_NAME "answers.ini"
#define FETCHED "/run/paravane-install/fetched.ini"
#define MNT_ANSWERS "/run/paravane-install/answers"
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

/* tftp://HOST[:PORT]/PATH by BusyBox's tftp. */
static int fetch_tftp(const char *url, struct pvn_err *err)
{
	autofree char *host = xstrdup(url + strlen("tftp://"));
	char *path = strchr(host, '/');
	char *port;

	if (!path || path == host || !path[1] || *host == '-')
		return pvn_err(err, -EINVAL,
			       "bad URL '%s', expected tftp://HOST/PATH", url);
	*path++ = '\0';
	port = strchr(host, ':');
	if (port)
		*port++ = '\0';
	return PVN_RUN(err, "tftp", "-g", "-l", FETCHED, "-r", path, host,
		       port);
}

static int fetch(const char *url, struct pvn_err *err)
{
	bool tftp = !strncmp(url, "tftp://", 7);
	int rc;

	/* no https: nothing here could tell the right server from another */
	if (!tftp && strncmp(url, "http://", 7))
		return pvn_err(err, -EINVAL,
			       "bad URL '%s', expected http:// or tftp://",
			       url);
	rc = mkdir_p("/run/paravane-install", 0700, err);
	if (rc)
		return rc;
	unlink(FETCHED);
	if (PVN_RUN(err, "/usr/lib/paravane/network", "dhcp"))
		return pvn_err_wrap(err, "no network to fetch '%s'", url);
	if (tftp)
		rc = fetch_tftp(url, err);
	else
		rc = PVN_RUN(err, "wget", "-q", "-T", "30", "-O", FETCHED, url);
	return rc ? pvn_err_wrap(err, "cannot fetch '%s'", url) : 0;
}

int source_fetch(const char *url, char **text_r, struct pvn_err *err)
{
	int rc = fetch(url, err);

	return rc ? rc : file_read(FETCHED, text_r, err);
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

static int find_labelled(char **text_r, char **name_r, struct pvn_err *err)
{
	blkid_cache cache;
	blkid_dev_iterate it;
	blkid_dev dev;
	int rc = -ENOENT;

	/* no cache file: what was there yesterday does not matter */
	if (blkid_get_cache(&cache, "/dev/null"))
		return -ENOENT;
	blkid_probe_all(cache);
	it = blkid_dev_iterate_begin(cache);
	blkid_dev_set_search(it, "LABEL", LABEL);
	while (rc == -ENOENT && !blkid_dev_next(it, &dev)) {
		const char *path;

		dev = blkid_verify(cache, dev);
		if (!dev)
			continue;
		path = blkid_dev_devname(dev);
		rc = read_labelled(path, text_r, err);
		if (!rc)
			*name_r = xasprintf("%s:%s", path, FILE_NAME);
		else if (rc != -ENOENT)
			pvn_err_wrap(err, "answers on '%s'", path);
	}
	blkid_dev_iterate_end(it);
	blkid_put_cache(cache);
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
		rc = fetch(url, err);
		return rc ? rc : read_named(FETCHED, url, text_r, name_r, err);
	}
	rc = find_labelled(text_r, name_r, err);
	if (rc != -ENOENT)
		return rc;
	if (file_exists(FW_CFG))
		return read_named(FW_CFG, "fw_cfg:opt/paravane/answers", text_r,
				  name_r, err);
	return pvn_err(err, -ENOENT,
		       "no answers: no 'answers=URL' on the kernel command "
		       "line, no '" FILE_NAME "' on a file system labelled "
		       "'" LABEL "', nothing in fw_cfg; nothing was touched");
}
