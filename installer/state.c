/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state.c: the state partition: its file system, and the host's configuration. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "file.h"
#include "grubenv.h"
#include "install.h"
#include "lines.h"
#include "mem.h"
#include "run.h"
#include "shadow.h"

int state_folders(struct pvn_err *err)
{
	static const struct {
		const char *path;
		mode_t mode;
	} folders[] = {
		{ MNT_STATE "/etc", 0755 },
		{ MNT_STATE "/etc/paravane", 0755 },
		{ MNT_STATE "/etc/dropbear", 0700 },
		{ MNT_STATE "/guests", 0700 },
		{ MNT_STATE "/log", 0755 },
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(*folders); i++)
		rc = mkdir_p(folders[i].path, folders[i].mode, err);
	return rc;
}

int state_make(struct install *in, struct pvn_err *err)
{
	if (in->iso) {
		int done = image_folder(MNT_STATE, err);

		return done ? done : state_folders(err);
	}
	autofree char *label = xasprintf("pvn-%s", in->id);
	char *dev = in->state;
	int rc = PVN_RUN(err, "mkfs.ext4", "-q", "-F", "-L", label, dev);

	if (!rc)
		rc = device_mount(dev, MNT_STATE, "ext4", 0, "", err);
	return rc ? rc : state_folders(err);
}

bool state_is_clean(const char *dev)
{
	struct pvn_err ignored;

	return !PVN_RUN(&ignored, "e2fsck", "-p", dev) ||
	       !PVN_RUN(&ignored, "e2fsck", "-f", "-n", dev);
}

static void set_if(struct kv_list *list, const char *key, const char *value)
{
	if (value)
		kv_set(list, key, value);
}

static int write_host(const struct install *in, struct pvn_err *err)
{
	auto_kv struct kv_list host = { 0 };

	kv_set(&host, "install", in->id);
	kv_set(&host, "vg", in->vg);
	kv_set(&host, "pool", "pool");
	return kv_write(&host, MNT_STATE "/etc/paravane/host", 0644, err);
}

static int write_boot_notes(const struct install *in, struct pvn_err *err)
{
	char block[GRUBENV_SIZE + 1] = "";
	int rc = esp_env(in, block, err);

	return rc ? rc : file_write(MNT_STATE "/" BOOT_NOTES, block, 0600, err);
}

static int write_network(const struct install *in, struct pvn_err *err)
{
	const struct answers *a = in->answers;
	autofree char *nics = strlist_joined(&a->nics, " ");
	auto_kv struct kv_list net = { 0 };

	if (in->keep == KEEP_CONFIGURATION && !a->says_network)
		return 0;
	kv_set(&net, "method", a->method);
	set_if(&net, "address", a->address);
	set_if(&net, "gateway", a->gateway);
	kv_set(&net, "method6", a->method6);
	set_if(&net, "address6", a->address6);
	set_if(&net, "gateway6", a->gateway6);
	set_if(&net, "dns", a->dns);
	if (a->nics.n)
		kv_set(&net, "nic", nics);
	set_if(&net, "bond", a->bond);
	set_if(&net, "vlan", a->vlan);
	return kv_write(&net, MNT_STATE "/etc/paravane/network", 0644, err);
}

/* What is not said stays as it was, where anything was. */
static int write_time(const struct install *in, struct pvn_err *err)
{
	static const char path[] = MNT_STATE "/etc/paravane/time";
	auto_kv struct kv_list when = { 0 };
	int rc = 0;

	if (in->keep == KEEP_CONFIGURATION && file_exists(path))
		rc = kv_read(&when, path, err);
	set_if(&when, "timezone", in->answers->timezone);
	set_if(&when, "ntp", in->answers->ntp);
	return rc || !when.n ? rc : kv_write(&when, path, 0644, err);
}

/* In place of what was restored or kept, or of what this release comes with. */
static int write_password(const struct install *in, struct pvn_err *err)
{
	static const char path[] = MNT_STATE SHADOW;

	if (!in->answers->password_hash)
		return 0;
	return shadow_set(path, file_exists(path) ? path : SHADOW,
			  in->answers->password_hash, err);
}

/* What was restored, and what it doesn't have. */
static int write_keys(const struct install *in, struct pvn_err *err)
{
	static const char path[] = MNT_STATE "/etc/dropbear/authorized_keys";
	const struct strlist *keys = &in->answers->ssh_keys;
	autofree char *text = NULL;
	int rc = 0;

	if (file_exists(path))
		rc = file_read(path, &text, err);
	else
		text = xstrdup("");
	for (size_t i = 0; i < keys->n && !rc; i++)
		lines_add(&text, keys->v[i]);
	return rc ? rc : file_write(path, text, 0600, err);
}

/* /etc of another host, but for what makes it another; its guests' files are put aside. */
static int restore(const struct install *in, struct pvn_err *err)
{
	static const char dir[] = MNT_STATE "/restored";
	int rc;

	if (!in->answers->restore.files)
		return 0;
	rc = mkdir_p(dir, 0700, err);
	if (!rc)
		rc = PVN_RUN(err, "tar", "-xzf", RESTORE_ARCHIVE, "-C", dir);
	if (!rc)
		rc = PVN_RUN(err, "cp", "-a", MNT_STATE "/restored/etc/.",
			     MNT_STATE "/etc/");
	return rc ? rc : PVN_RUN(err, "rm", "-rf", MNT_STATE "/restored/etc");
}

/* The first boot makes the host's ssh key: on a CPU that makes no random
 * numbers it would wait for many seconds. This one has been up for a while and
 * hands some on, as BusyBox's seedrng takes them; none when it has none yet. */
static int write_seed(struct pvn_err *err)
{
	static const char path[] = MNT_STATE "/seedrng/seed.credit";
	char seed[512];

	if (file_exists(path))
		return 0;
	if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		return 0;
	int rc = mkdir_p(MNT_STATE "/seedrng", 0700, err);
	if (rc < 0)
		return rc;
	autoclose int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return pvn_err_errno(err, errno, "can't make '%s'", path);
	return write_at(fd, seed, sizeof(seed), 0, path, err);
}

static int write_name(const char *name, struct pvn_err *err)
{
	autofree char *line = xasprintf("%s\n", name);

	return file_write(MNT_STATE "/etc/hostname", line, 0644, err);
}

/* The host's ssh key is made here, unless one was restored: who installs it learns of its fingerprint before
 * anybody else can answer at its address. */
static int make_host_key(struct install *in, struct pvn_err *err)
{
	static const char path[] = MNT_STATE
		"/etc/dropbear/dropbear_ed25519_host_key";
	static const char mark[] = "Fingerprint: ";
	autofree char *said = NULL;
	const char *at;
	int rc = 0;

	if (!file_exists(path))
		rc = PVN_RUN(err, "dropbearkey", "-t", "ed25519", "-f", path);
	if (!rc)
		rc = pvn_run_output(PVN_ARGV("dropbearkey", "-y", "-f", path),
				    &said, err);
	if (rc)
		return rc;
	at = strstr(said, mark);
	if (!at)
		return pvn_err(err, -EINVAL, "no fingerprint of '%s'", path);
	at += strlen(mark);
	in->fingerprint = xasprintf("%.*s", (int)strcspn(at, "\n"), at);
	return 0;
}

int state_configure(struct install *in, struct pvn_err *err)
{
	int rc = restore(in, err);

	if (!rc && in->answers->hostname)
		rc = write_name(in->answers->hostname, err);
	if (!rc && in->keep != KEEP_CONFIGURATION)
		rc = write_host(in, err);
	if (!rc)
		rc = write_boot_notes(in, err);
	if (!rc)
		rc = write_network(in, err);
	if (!rc)
		rc = write_time(in, err);
	if (!rc)
		rc = write_password(in, err);
	if (!rc)
		rc = write_keys(in, err);
	if (!rc && in->iso) /* many hosts may start from it: no seed, no key */
		return image_fill_state(in, err);
	if (!rc)
		rc = write_seed(err);
	return rc ? rc : make_host_key(in, err);
}

int state_verify(const struct install *in, struct pvn_err *err)
{
	return PVN_RUN(err, "e2fsck", "-f", "-n", in->state);
}
