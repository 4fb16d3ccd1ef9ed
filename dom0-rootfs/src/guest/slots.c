/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots.c: the two slots of an installed host, what is in them, and which one starts. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <linux/fs.h>
#include "../lib/file.h"
#include "../lib/grubenv.h"
#include "../lib/iso.h"
#include "../lib/mem.h"
#include "bootenv.h"
#include "disks.h"
#include "host.h"
#include "slots.h"

/* What images/make-iso calls the volume: "PARAVANE_0_1_49". */
#define VOLUME_PREFIX "PARAVANE_"

#define FAILED "failed-"

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		char *a_end, *b_end;
		unsigned long x = strtoul(a, &a_end, 10);
		unsigned long y = strtoul(b, &b_end, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (a_end == a && b_end == b)
			return strcmp(a, b);
		a = a_end + (*a_end == '.');
		b = b_end + (*b_end == '.');
	}
	return 0;
}

static bool is_version(const char *v)
{
	size_t len = strlen(v);

	return len && strspn(v, "0123456789.") == len &&
	       isdigit((unsigned char)*v) &&
	       isdigit((unsigned char)v[len - 1]) && !strstr(v, "..");
}

int slot_head_parse(const unsigned char *head, char **version_r,
		    uint64_t *bytes_r, struct pvn_err *err)
{
	const size_t prefix = strlen(VOLUME_PREFIX);
	struct iso_volume volume;

	if (!iso_parse(head + ISO_DESCRIPTOR_AT, &volume))
		return pvn_err(err, -EINVAL, "no ISO image");
	for (char *p = volume.name; *p; p++) {
		if (*p == '_' && p >= volume.name + prefix)
			*p = '.';
	}
	if (strncmp(volume.name, VOLUME_PREFIX, prefix) ||
	    !is_version(volume.name + prefix))
		return pvn_err(err, -EINVAL,
			       "an ISO image, but not Paravane's");
	*bytes_r = volume.bytes;
	*version_r = xstrdup(volume.name + prefix);
	return 0;
}

/* Of slot a; key=value: version, time (s since 1970), damaged=yes|no. */
static char *verified_path(const struct slot *slot)
{
	return xasprintf("/state/verified-%c", slot->name);
}

static void read_verified(struct slot *slot)
{
	autofree char *path = verified_path(slot);
	auto_kv struct kv_list list = { 0 };
	struct pvn_err ignored;
	const char *version, *when, *damaged;

	if (!slot->version || kv_read(&list, path, &ignored))
		return;
	version = kv_get(&list, "version");
	when = kv_get(&list, "time");
	damaged = kv_get(&list, "damaged");
	if (!version || !when || strcmp(version, slot->version) != 0)
		return;
	slot->verified = strtoll(when, NULL, 10);
	slot->damaged = damaged && !strcmp(damaged, "yes");
}

int slot_note_verified(const struct slot *slot, const char *version,
		       bool damaged, struct pvn_err *err)
{
	autofree char *path = verified_path(slot);
	autofree char *when = xasprintf("%lld", (long long)time(NULL));
	auto_kv struct kv_list list = { 0 };

	kv_set(&list, "version", version);
	kv_set(&list, "time", when);
	kv_set(&list, "damaged", damaged ? "yes" : "no");
	return kv_write(&list, path, 0644, err);
}

void slot_forget_verified(const struct slot *slot)
{
	autofree char *path = verified_path(slot);

	unlink(path);
}

/* What is in the copy @device of the slot; an unreadable one is as good as empty. */
static int read_copy(struct slot *slot, const char *device, struct pvn_err *err)
{
	autofree unsigned char *head = xcalloc(1, SLOT_HEAD_BYTES);
	struct pvn_err ignored;
	autoclose int fd = open(device, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &slot->size))
		return pvn_err_errno(err, errno, "cannot open '%s'", device);
	if (read_at(fd, head, SLOT_HEAD_BYTES, 0, device, &ignored) ||
	    slot_head_parse(head, &slot->version, &slot->iso_bytes, &ignored))
		slot->iso_bytes = 0;
	return 0;
}

/* Of two copies the first that has a release is the one that is read. */
static int read_slot(struct slot *slot, struct pvn_err *err)
{
	const char role[] = { 's', 'l', 'o', 't', '-', slot->name, '\0' };
	auto_strlist struct strlist devices = { 0 };
	size_t chosen = 0;
	int rc = disks_partitions(role, &devices, err);

	for (size_t i = 0; !rc && !slot->version && i < devices.n; i++) {
		rc = read_copy(slot, devices.v[i], err);
		chosen = slot->version ? i : 0;
	}
	if (rc)
		return rc;
	slot->device = xstrdup(devices.v[chosen]);
	for (size_t i = 0; i < devices.n; i++) {
		if (i != chosen)
			strlist_add(&slot->copies, devices.v[i]);
	}
	read_verified(slot);
	return 0;
}

static int read_boot_choice(struct slots *slots, struct pvn_err *err)
{
	auto_kv struct kv_list vars = { 0 };
	const char *kept, *next, *starts;
	int rc = bootenv_read(&vars, &slots->uneven, err);

	if (rc)
		return rc;
	kept = kv_get(&vars, "slot");
	next = kv_get(&vars, "try");
	starts = kv_get(&vars, "starts");
	slots->kept = kept && !strcmp(kept, "b") ? 'b' : 'a';
	slots->next_try = next && (*next == 'a' || *next == 'b') ? *next : '\0';
	slots->counted = starts && *starts;
	slots->fallen = starts && *starts == 'o';
	return 0;
}

int slots_set_try(char name, struct pvn_err *err)
{
	const char next[] = { name, '\0' };
	const struct env_change change = { "try", next };

	return bootenv_change(&change, 1, err);
}

/* GRUB's menu is the one of the installation or of the last repair. */
int slots_set_rescue(bool wanted, struct pvn_err *err)
{
	const struct env_change change = { "rescue", wanted ? "yes" : "" };
	int rc = wanted ? bootenv_check_menu("$rescue", err) : 0;

	return rc ? rc : bootenv_change(&change, 1, err);
}

int slots_came_up(struct pvn_err *err)
{
	const struct env_change change = { "starts", "" };

	return bootenv_change(&change, 1, err);
}

int slots_keep(char name, struct pvn_err *err)
{
	const char slot[] = { name, '\0' };
	const struct env_change changes[] = { { "slot", slot },
					      { "try", "" },
					      { "starts", "" } };

	return bootenv_change(changes, sizeof(changes) / sizeof(*changes), err);
}

int slots_back_up(struct pvn_err *err)
{
	auto_kv struct kv_list vars = { 0 };
	char block[GRUBENV_SIZE + 1] = { 0 };
	autofree char *old = NULL;
	struct pvn_err ignored;
	int rc = bootenv_read(&vars, NULL, err);

	if (rc)
		return rc;
	/* these are of one start */
	kv_remove(&vars, "try");
	kv_remove(&vars, "starts");
	kv_remove(&vars, "rescue");
	rc = grubenv_make(block, &vars, err);
	if (rc || (!file_read(PATH_BOOT_NOTES, &old, &ignored) &&
		   !strcmp(old, block)))
		return rc;
	/* the installer made it */
	if (old && strlen(old) == GRUBENV_SIZE)
		return grubenv_write_in_place(PATH_BOOT_NOTES, &vars, err);
	return file_write(PATH_BOOT_NOTES, block, 0600, err);
}

int slots_read(struct slots *slots, struct pvn_err *err)
{
	autofree char *mode = host_boot_fact("mode");
	autofree char *booted = host_boot_fact("slot");
	autofree char *tried = host_cmdline("paravane.try");
	int rc = 0;

	if (!mode || strcmp(mode, "host") || !booted ||
	    (strcmp(booted, "a") && strcmp(booted, "b")))
		return pvn_err(err, -ENOENT,
			       "this host was not started from a slot: it is "
			       "not installed, or in rescue mode");
	for (int i = 0; i < N_SLOTS && !rc; i++) {
		slots->v[i].name = (char)('a' + i);
		rc = read_slot(&slots->v[i], err);
	}
	slots->booted = &slots->v[*booted - 'a'];
	slots->other = &slots->v['b' - *booted];
	if (!rc)
		rc = read_boot_choice(slots, err);
	slots->trying = tried && *tried == *booted && slots->kept != *booted;
	if (!rc && file_exists(PATH_SLOT_NOTES))
		rc = kv_read(&slots->notes, PATH_SLOT_NOTES, err);
	return rc;
}

void slots_free(struct slots *slots)
{
	for (int i = 0; i < N_SLOTS; i++) {
		free(slots->v[i].device);
		free(slots->v[i].version);
		strlist_free(&slots->v[i].copies);
	}
	kv_free(&slots->notes);
	*slots = (struct slots){ 0 };
}

const char *slots_failed(const struct slots *slots, const char *version)
{
	autofree char *key = xasprintf(FAILED "%s", version);

	return kv_get(&slots->notes, key);
}

void slots_note_failure(struct slots *slots, const char *version,
			const char *why)
{
	autofree char *key = xasprintf(FAILED "%s", version);

	kv_set(&slots->notes, key, why);
}

void slots_forget_failure(struct slots *slots, const char *version)
{
	autofree char *key = xasprintf(FAILED "%s", version);

	kv_remove(&slots->notes, key);
}

int slots_write_notes(struct slots *slots, struct pvn_err *err)
{
	return kv_write(&slots->notes, PATH_SLOT_NOTES, 0644, err);
}
