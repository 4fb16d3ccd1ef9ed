/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guests_json.c: what several commands print of guests as JSON. */
#include "guests.h"
#include "json.h"

void guests_json_disk(struct json *j, const struct guest_set *set,
		      const struct conf_disk *disk)
{
	const struct volume *v = guests_disk_volume(set, disk);

	json_object(j, NULL);
	json_string(j, "name", disk->vdev);
	json_string(j, "path", disk->path);
	json_bool(j, "writable", disk->writable);
	json_int(j, "size_bytes", v ? (int64_t)v->size : 0);
	if (v && v->used_percent >= 0)
		json_int(j, "used_bytes", (int64_t)volume_used(v));
	else
		json_null(j, "used_bytes");
	json_end_object(j);
}
