/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify.c: is on the disks what an install has written? */
#include <unistd.h>

#include "install.h"

/* Both, from the disk and not from memory. */
static int verify_slots(const struct install *in, int source, uint64_t size,
			struct pvn_err *err)
{
	const char *path_a = in->part[PART_SLOT_A];
	const char *path_b = in->part[PART_SLOT_B];
	autoclose int a = device_open(path_a, false, err);
	autoclose int b = a < 0 ? a : device_open(path_b, false, err);
	int rc;

	if (b < 0)
		return b;
	rc = device_sync(a, path_a, err);
	if (!rc)
		rc = device_sync(b, path_b, err);
	if (!rc)
		rc = slot_compare(source, a, 0, size, path_a, err);
	return rc ? rc : slot_compare(a, b, 0, size, path_b, err);
}

static int verify_disk(struct install *in, struct pvn_err *err)
{
	int rc;

	in->disk_fd = device_open(in->disk->path, false, err);
	if (in->disk_fd < 0)
		return in->disk_fd;
	rc = device_sync(in->disk_fd, in->disk->path, err);
	if (!rc)
		rc = gpt_verify(in->disk_fd, in->disk->path, &in->layout,
				in->id, err);
	close(in->disk_fd);
	in->disk_fd = -1;
	return rc;
}

/* What @on's disk starts with; the slots are what @in was installed from. */
static int verify_start(struct install *on, const struct install *in,
			struct pvn_err *err)
{
	int rc = verify_disk(on, err);

	if (!rc)
		rc = verify_slots(on, in->source_fd, in->iso_size, err);
	if (!rc)
		rc = esp_verify(on, err);
	if (!rc && on->bios)
		rc = grub_install_bios(on, true, err);
	return rc;
}

int install_verify(struct install *in, struct pvn_err *err)
{
	int rc = mirror_verify(in, err);

	for (struct install *on = in; !rc && on; on = on->second)
		rc = verify_start(on, in, err);
	if (!rc)
		rc = state_verify(in, err);
	if (!rc && !in->iso)
		rc = pool_verify(in, err);
	return rc;
}
