/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed_fat.c: a small FAT filesystem with a few files, made in memory.
 *
 * To start mkfs.fat, mount what it made and write to that takes longer than all the
 * rest of making a guest. The format is that of Microsoft's "FAT: General Overview of
 * On-Disk Format" 1.03: FAT12, one copy of each file's name in 8.3 and one long. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "../lib/mem.h"
#include "seed_fat.h"

#define LABEL "CIDATA     "
#define ENTRY 32
#define ROOT_ENTRIES 128
#define N_FATS 2
#define MEDIA 0xf8
#define FIRST_CLUSTER 2
#define LAST 0xfff /* of a file's chain */
#define MAX_CLUSTERS 4084 /* more would make it a FAT16 */
#define MIN_CLUSTER_BYTES 2048
#define LONG_CHARS 13 /* of a name in one entry */

enum { ATTR_LABEL = 0x08, ATTR_LONG = 0x0f, ATTR_FILE = 0x20 };

struct fat {
	size_t sector, cluster; /* bytes */
	size_t fat_sectors, n_clusters;
	size_t root, data; /* offsets */
	size_t next; /* cluster */
	size_t entries; /* in the root folder */
	unsigned char *image;
};

static void put16(unsigned char *at, unsigned int value)
{
	at[0] = (unsigned char)value;
	at[1] = (unsigned char)(value >> 8);
}

static void put32(unsigned char *at, uint32_t value)
{
	put16(at, value & 0xffff);
	put16(at + 2, value >> 16);
}

static void lay_out(struct fat *fat, size_t size, size_t sector)
{
	size_t bytes;

	fat->sector = sector;
	fat->cluster = sector < MIN_CLUSTER_BYTES ? MIN_CLUSTER_BYTES : sector;
	fat->n_clusters = size / fat->cluster;
	if (fat->n_clusters > MAX_CLUSTERS)
		fat->n_clusters = MAX_CLUSTERS;
	/* 12 bits each, also for those that the tables themselves take */
	bytes = ((fat->n_clusters + FIRST_CLUSTER) * 3 + 1) / 2;
	fat->fat_sectors = (bytes + sector - 1) / sector;
	fat->root = (1 + N_FATS * fat->fat_sectors) * sector;
	fat->data = fat->root + ROOT_ENTRIES * ENTRY;
	fat->n_clusters = (size - fat->data) / fat->cluster;
	fat->next = FIRST_CLUSTER;
}

static void put_boot_sector(struct fat *fat, size_t size)
{
	unsigned char *b = fat->image;

	memcpy(b, "\xeb\x3c\x90PARAVANE", 11);
	put16(b + 11, (unsigned int)fat->sector);
	b[13] = (unsigned char)(fat->cluster / fat->sector);
	put16(b + 14, 1); /* sectors before the first table */
	b[16] = N_FATS;
	put16(b + 17, ROOT_ENTRIES);
	put16(b + 19, (unsigned int)(size / fat->sector));
	b[21] = MEDIA;
	put16(b + 22, (unsigned int)fat->fat_sectors);
	put16(b + 24, 63); /* geometry, of no meaning */
	put16(b + 26, 16);
	b[36] = 0x80;
	b[38] = 0x29; /* the next three are there */
	memcpy(b + 43, LABEL, 11);
	memcpy(b + 54, "FAT12   ", 8);
	put16(b + 510, 0xaa55);
}

static void set_entry(struct fat *fat, size_t cluster, unsigned int value)
{
	for (size_t i = 0; i < N_FATS; i++) {
		unsigned char *at = fat->image + fat->sector +
				    i * fat->fat_sectors * fat->sector +
				    cluster * 3 / 2;

		if (cluster % 2) {
			at[0] = (unsigned char)((at[0] & 0x0f) | value << 4);
			at[1] = (unsigned char)(value >> 4);
		} else {
			at[0] = (unsigned char)value;
			at[1] = (unsigned char)((at[1] & 0xf0) | value >> 8);
		}
	}
}

static unsigned char *next_entry(struct fat *fat)
{
	return fat->image + fat->root + fat->entries++ * ENTRY;
}

/* "USER-D~1": unique as long as the names' first six characters are. */
static void short_name(const char *name, unsigned char alias[11])
{
	memset(alias, ' ', 11);
	for (size_t i = 0; i < 6 && name[i]; i++)
		alias[i] = (unsigned char)(name[i] >= 'a' && name[i] <= 'z'
						   ? name[i] - 'a' + 'A'
						   : name[i]);
	memcpy(alias + 6, "~1", 2);
}

/* Ties the long entries to the short one. */
static unsigned char checksum(const unsigned char alias[11])
{
	unsigned char sum = 0;

	for (size_t i = 0; i < 11; i++)
		sum = (unsigned char)((sum >> 1 | sum << 7) + alias[i]);
	return sum;
}

/* UTF-16; behind the end one zero, then ones. */
static void put_long(unsigned char *entry, const char *name, size_t part)
{
	static const unsigned char places[LONG_CHARS] = { 1,  3,  5,  7,  9,
							  14, 16, 18, 20, 22,
							  24, 28, 30 };
	size_t len = strlen(name);

	for (size_t i = 0; i < LONG_CHARS; i++) {
		size_t at = part * LONG_CHARS + i;

		put16(entry + places[i], at < len    ? (unsigned char)name[at]
					 : at == len ? 0
						     : 0xffff);
	}
}

static void put_names(struct fat *fat, const char *name,
		      unsigned char alias[11])
{
	size_t n = (strlen(name) + LONG_CHARS - 1) / LONG_CHARS;

	short_name(name, alias);
	for (size_t part = n; part-- > 0;) {
		unsigned char *entry = next_entry(fat);

		entry[0] = (unsigned char)((part + 1) |
					   (part + 1 == n ? 0x40 : 0));
		entry[11] = ATTR_LONG;
		entry[13] = checksum(alias);
		put_long(entry, name, part);
	}
}

static int put_file(struct fat *fat, const struct fat_file *file,
		    struct pvn_err *err)
{
	size_t len = strlen(file->text);
	size_t n = (len + fat->cluster - 1) / fat->cluster;
	size_t first = fat->next;
	unsigned char alias[11];
	unsigned char *entry;

	if (first + n > fat->n_clusters + FIRST_CLUSTER)
		return pvn_err(
			err, -ENOSPC,
			"'%s' has no room beside the guest's other files",
			file->name);
	put_names(fat, file->name, alias);
	entry = next_entry(fat);
	memcpy(entry, alias, sizeof(alias));
	entry[11] = ATTR_FILE;
	put16(entry + 16, 1 << 5 | 1); /* made on 1980-01-01, */
	put16(entry + 24, 1 << 5 | 1); /* not changed since */
	put16(entry + 26, (unsigned int)(n ? first : 0));
	put32(entry + 28, (uint32_t)len);
	memcpy(fat->image + fat->data + (first - FIRST_CLUSTER) * fat->cluster,
	       file->text, len);
	for (size_t i = 0; i < n; i++)
		set_entry(fat, first + i,
			  i + 1 < n ? (unsigned int)(first + i + 1) : LAST);
	fat->next += n;
	return 0;
}

int seed_fat_make(size_t size, size_t sector, const struct fat_file *files,
		  size_t n, char **image_r, size_t *used_r, struct pvn_err *err)
{
	autofree unsigned char *image = xcalloc(1, size);
	struct fat fat = { .image = image };
	unsigned char *label;
	int rc = 0;

	lay_out(&fat, size, sector);
	put_boot_sector(&fat, size);
	set_entry(&fat, 0, 0xf00 | MEDIA);
	set_entry(&fat, 1, LAST);
	label = next_entry(&fat);
	memcpy(label, LABEL, 11);
	label[11] = ATTR_LABEL;
	put16(label + 24, 1 << 5 | 1);
	for (size_t i = 0; i < n && !rc; i++)
		rc = put_file(&fat, &files[i], err);
	if (rc)
		return rc;
	*used_r = fat.data + (fat.next - FIRST_CLUSTER) * fat.cluster;
	*image_r = (char *)steal_ptr(&image);
	return 0;
}
