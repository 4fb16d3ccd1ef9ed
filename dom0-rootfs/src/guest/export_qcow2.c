/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_qcow2.c: write a disk as qcow2, version 3, from front to back, so that it can go into
 * a pipe. Order: header, table of reference counts, their blocks, L1 table, L2
 * tables, data. Every cluster is used exactly once. */
#include <string.h>
#include "../lib/bytes.h"
#include "../lib/mem.h"
#include "export.h"
#include "image_out.h"

#define CLUSTER_BITS 16
#define CLUSTER (1 << CLUSTER_BITS)
#define HEADER_BYTES 104
#define PER_TABLE (CLUSTER / 8) /* entries of an L2 table */
#define PER_BLOCK (CLUSTER / 2) /* reference counts, of 16 bits */
#define COPIED (1ULL << 63)

struct layout {
	uint64_t clusters; /* of the disk */
	unsigned char *used; /* a bit for each */
	uint64_t data; /* how many are */
	uint64_t l1_entries, l2_tables;
	uint64_t table_clusters, block_clusters, l1_clusters;
	uint64_t total;
};

static uint64_t divide_up(uint64_t n, uint64_t by)
{
	return (n + by - 1) / by;
}

static bool is_used(const struct layout *l, uint64_t i)
{
	return i < l->clusters && l->used[i / 8] & 1 << i % 8;
}

static bool table_used(const struct layout *l, uint64_t table)
{
	for (uint64_t i = 0; i < PER_TABLE; i++) {
		if (is_used(l, table * PER_TABLE + i))
			return true;
	}
	return false;
}

static int read_cluster(struct export_disk *disk, int fd, char *buf, uint64_t i,
			struct pvn_err *err)
{
	uint64_t left = disk->bytes - i * CLUSTER;
	size_t len = left < CLUSTER ? (size_t)left : CLUSTER;

	memset(buf + len, 0, CLUSTER - len);
	return export_read(disk, fd, buf, len, i * CLUSTER, err);
}

static int find_used(struct export_disk *disk, int fd, struct layout *l,
		     char *buf, struct pvn_err *err)
{
	for (uint64_t i = 0; i < l->clusters; i++) {
		int rc = read_cluster(disk, fd, buf, i, err);

		if (rc)
			return rc;
		if (image_is_zero(buf, CLUSTER))
			continue;
		l->used[i / 8] |= (unsigned char)(1 << i % 8);
		l->data++;
	}
	return 0;
}

/* The reference counts are counted, too. */
static void make_layout(struct layout *l)
{
	uint64_t before = 0;

	l->l1_entries = divide_up(l->clusters, PER_TABLE);
	l->l1_clusters = divide_up(l->l1_entries * 8, CLUSTER);
	for (uint64_t i = 0; i < l->l1_entries; i++)
		l->l2_tables += table_used(l, i);
	do {
		before = l->total;
		l->block_clusters = divide_up(l->total, PER_BLOCK);
		l->table_clusters = divide_up(l->block_clusters * 8, CLUSTER);
		l->total = 1 + l->table_clusters + l->block_clusters +
			   l->l1_clusters + l->l2_tables + l->data;
	} while (l->total != before);
}

static int put_header(const struct export_disk *disk, const struct layout *l,
		      struct export_out *out, unsigned char *c,
		      struct pvn_err *err)
{
	memset(c, 0, CLUSTER);
	memcpy(c, "QFI\xfb", 4);
	put_be32(c + 4, 3);
	put_be32(c + 20, CLUSTER_BITS);
	put_be64(c + 24, disk->bytes);
	put_be32(c + 36, (uint32_t)l->l1_entries);
	put_be64(c + 40, (1 + l->table_clusters + l->block_clusters) * CLUSTER);
	put_be64(c + 48, CLUSTER);
	put_be32(c + 56, (uint32_t)l->table_clusters);
	put_be32(c + 96, 4); /* reference counts of 2^4 bits */
	put_be32(c + 100, HEADER_BYTES);
	return export_write(out, c, CLUSTER, err);
}

/* A table of 64-bit entries, filled up to whole clusters. */
struct table {
	struct export_out *out;
	unsigned char *c;
	size_t used;
};

static int put_entry(struct table *t, uint64_t entry, struct pvn_err *err)
{
	put_be64(t->c + t->used, entry);
	t->used += 8;
	if (t->used < CLUSTER)
		return 0;
	t->used = 0;
	return export_write(t->out, t->c, CLUSTER, err);
}

static int end_table(struct table *t, struct pvn_err *err)
{
	int rc = 0;

	while (!rc && t->used)
		rc = put_entry(t, 0, err);
	return rc;
}

static int put_counts(const struct layout *l, struct table *t,
		      struct pvn_err *err)
{
	uint64_t at = 1 + l->table_clusters;
	int rc = 0;

	for (uint64_t i = 0; !rc && i < l->block_clusters; i++)
		rc = put_entry(t, (at + i) * CLUSTER, err);
	if (!rc)
		rc = end_table(t, err);
	for (uint64_t i = 0; !rc && i < l->block_clusters * PER_BLOCK; i += 4) {
		uint64_t four = 0;

		for (uint64_t k = 0; k < 4; k++)
			four = four << 16 | (i + k < l->total);
		rc = put_entry(t, four, err);
	}
	return rc;
}

static int put_maps(const struct layout *l, struct table *t,
		    struct pvn_err *err)
{
	uint64_t at =
		1 + l->table_clusters + l->block_clusters + l->l1_clusters;
	int rc = 0;

	for (uint64_t i = 0; !rc && i < l->l1_entries; i++)
		rc = put_entry(
			t, table_used(l, i) ? at++ * CLUSTER | COPIED : 0, err);
	if (!rc)
		rc = end_table(t, err);
	for (uint64_t i = 0; !rc && i < l->l1_entries * PER_TABLE; i++) {
		if (i % PER_TABLE == 0 && !table_used(l, i / PER_TABLE))
			i += PER_TABLE - 1; /* it has no table */
		else
			rc = put_entry(
				t, is_used(l, i) ? at++ * CLUSTER | COPIED : 0,
				err);
	}
	return rc;
}

static int put_data(struct export_disk *disk, int fd, const struct layout *l,
		    struct export_out *out, char *buf, struct pvn_err *err)
{
	int rc = 0;

	for (uint64_t i = 0; !rc && i < l->clusters; i++) {
		if (!is_used(l, i))
			continue;
		rc = read_cluster(disk, fd, buf, i, err);
		if (!rc)
			rc = export_write(out, buf, CLUSTER, err);
	}
	return rc;
}

int export_qcow2(struct export_disk *disk, struct export_out *out,
		 struct pvn_err *err)
{
	struct layout l = { .clusters = divide_up(disk->bytes, CLUSTER) };
	autofree unsigned char *used = xcalloc(1, l.clusters / 8 + 1);
	autofree char *buf = xcalloc(1, CLUSTER);
	struct table table = { .out = out, .c = (unsigned char *)buf };
	autoclose int fd = -1;
	int rc = export_disk_open(disk, &fd, err);

	l.used = used;
	if (!rc)
		rc = find_used(disk, fd, &l, buf, err);
	if (rc)
		return rc;
	make_layout(&l);
	rc = put_header(disk, &l, out, table.c, err);
	if (!rc)
		rc = put_counts(&l, &table, err);
	if (!rc)
		rc = put_maps(&l, &table, err);
	return rc ? rc : put_data(disk, fd, &l, out, buf, err);
}
