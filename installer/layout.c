/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout.c: where the partitions lie. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "layout.h"
#include "mem.h"

/* Type GUIDs are those of the Discoverable Partitions list and of UEFI. */
static const struct {
	const char *name;
	const char *type;
	uint64_t size; /* 0: the rest */
} roles[N_PARTS] = {
	[PART_BIOS] = { "bios", "21686148-6449-6E6F-744E-656564454649",
			1 * MIB },
	[PART_ESP] = { "esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
		       64 * MIB },
	[PART_SLOT_A] = { "slot-a", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
			  256 * MIB },
	[PART_SLOT_B] = { "slot-b", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
			  256 * MIB },
	[PART_STATE] = { "state", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
			 1 * GIB },
	[PART_GUESTS] = { "guests", "E6D6D379-F507-44C2-A23C-238F2A3DF928", 0 },
};

const char *part_role_name(enum part_role role)
{
	return roles[role].name;
}

static bool is_half(const struct layout *layout, enum part_role role)
{
	return layout->mirrored && (role == PART_STATE || role == PART_GUESTS);
}

char *part_name(const struct layout *layout, enum part_role role,
		const char *id)
{
	return xasprintf("pvn-%s%s-%s", is_half(layout, role) ? "md-" : "",
			 roles[role].name, id);
}

const char *part_type(const struct layout *layout, enum part_role role)
{
	return is_half(layout, role) ? "A19D880F-05FC-4D3B-A006-743F0F84911E"
				     : roles[role].type;
}

uint64_t layout_end(uint64_t size)
{
	return size / MIB * MIB - MIB;
}

static void lay_out(struct layout *layout, uint64_t size,
		    unsigned int sector_size)
{
	uint64_t at = MIB;

	*layout = (struct layout){ .sector_size = sector_size };
	for (size_t i = 0; i < N_PARTS; i++) {
		struct part *p = &layout->part[i];

		p->start = at;
		p->size = roles[i].size ? roles[i].size : layout_end(size) - at;
		at += p->size;
	}
}

int layout_make(struct layout *layout, uint64_t size, unsigned int sector_size,
		struct pvn_err *err)
{
	if (sector_size != 512 && sector_size != 4096)
		return pvn_err(err, -EINVAL,
			       "sectors of %u bytes are not supported",
			       sector_size);
	if (size < DISK_SIZE_MIN)
		return pvn_err(err, -ENOSPC, "the disk is smaller than 4 GiB");
	lay_out(layout, size, sector_size);
	return 0;
}

void layout_make_image(struct layout *layout)
{
	lay_out(layout, IMAGE_SIZE, 512);
}

/* "pvn-esp-0a1b2c3d 2097152 67108864", where @role is expected and *id_r, once it is known. */
static bool take_part(struct layout *layout, const char *line,
		      enum part_role role, char id_r[9])
{
	struct part *part = &layout->part[role];
	autofree char *want = NULL;
	char name[32];

	if (sscanf(line, "%31s %" SCNu64 " %" SCNu64, name, &part->start,
		   &part->size) != 3)
		return false;
	if (!*id_r && strlen(name) > 8)
		snprintf(id_r, 9, "%s", name + strlen(name) - 8);
	want = part_name(layout, role, id_r);
	return !strcmp(name, want) && strspn(id_r, "0123456789abcdef") == 8;
}

int layout_take(struct layout *layout, char id_r[9],
		const struct strlist *named, unsigned int sector_size,
		struct pvn_err *err)
{
	uint64_t at = 0;
	char have[16];
	char need[16];

	*id_r = '\0';
	*layout = (struct layout){ .sector_size = sector_size };
	layout->mirrored = named->n == N_PARTS &&
			   !strncmp(named->v[PART_STATE], "pvn-md-", 7);
	for (unsigned int i = 0; i < N_PARTS; i++) {
		struct part *p = &layout->part[i];

		if (named->n != N_PARTS ||
		    !take_part(layout, named->v[i], i, id_r))
			return pvn_err(
				err, -EINVAL,
				"it has no Paravane: expected the partitions "
				"'pvn-bios-ID' to 'pvn-guests-ID', %d in all",
				N_PARTS);
		if (p->size < roles[i].size && i != PART_STATE)
			return pvn_err(
				err, -EINVAL,
				"its partition 'pvn-%s-%s' has %s, and this "
				"release needs %s",
				roles[i].name, id_r, size_print(p->size, have),
				size_print(roles[i].size, need));
		/* what is written to the one must not be in the other */
		if (p->start < at || !p->size ||
		    p->size > UINT64_MAX - p->start)
			return pvn_err(
				err, -EINVAL,
				"its partition 'pvn-%s-%s' is not behind "
				"the one before it",
				roles[i].name, id_r);
		at = p->start + p->size;
	}
	return 0;
}

/* a little under 16 GiB: LVM rounds what is over its limit down */
#define METADATA_MAX (63 * GIB / 4)

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

void pool_layout_make(struct pool_layout *pool, uint64_t size)
{
	const uint64_t extent = 4 * MIB;
	/* LVM's own head takes 1 MiB; one more, should it align differently */
	uint64_t usable = (size - 2 * MIB) / extent * extent;
	uint64_t meta = round_up(usable / 100, extent);
	uint64_t chunk = 64 * 1024;

	/* metadata fills up before the data does: small is dear later */
	if (size >= 100 * GIB && meta < GIB)
		meta = GIB;
	if (meta < 64 * MIB)
		meta = 64 * MIB;
	if (meta > METADATA_MAX)
		meta = METADATA_MAX;
	/* about 64 bytes are needed for each chunk that is mapped; leave
	 * room for each to be mapped by four snapshots */
	while ((usable / chunk) * 64 * 4 > meta && chunk < GIB)
		chunk *= 2;
	*pool = (struct pool_layout){
		.extent = extent,
		.data = usable - 2 * meta,
		.metadata = meta,
		.chunk = chunk,
	};
}

char *part_path(const char *disk, unsigned int number)
{
	size_t len = strlen(disk);
	bool p = len && isdigit((unsigned char)disk[len - 1]);

	return xasprintf("%s%s%u", disk, p ? "p" : "", number);
}
