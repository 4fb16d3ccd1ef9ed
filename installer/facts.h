/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts.h: what the machine is made of, as far as an install cares. */
#ifndef PVN_FACTS_H
#define PVN_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "err.h"
#include "mem.h"

struct disk {
	char *name; /* the kernel's: "sda" */
	char *path; /* "/dev/sda" */
	char *vendor; /* SCSI's and USB's */
	char *model;
	char *serial;
	char *wwn;
	char *bus; /* ata, nvme, scsi, usb, virtio, mmc, xen or "" */
	uint64_t size; /* bytes; 0: no medium */
	unsigned int sector_size; /* logical */
	bool read_only;
	bool removable;
	bool optical;
	bool is_boot_medium; /* what we run from is on it */
	char *in_use; /* why: "mounted on '/mnt'", or NULL */
	struct strlist parts; /* its partitions' names */
	struct strlist holders; /* dm-* and md* on it or on its partitions */
	/* its partitions with names of ours, "NAME START SIZE" each; see layout_take() */
	struct strlist paravane;
	struct strlist content; /* what is on it: "sda1: ext4 'root'" */
	/* what is on it and on another disk, too: "sdb volume group 'vg0'" */
	struct strlist spans;
};

struct facts {
	bool uefi; /* the firmware that started us */
	/* what was said at the boot menu for Xen and for dom0's kernel; NULL: nothing */
	char *xen_args;
	char *kernel_args;
	/* The ISO, when it is not the machine that is installed, but a file, the one disk (see image.c);
	 * NULL. */
	char *iso;
	struct disk *disks; /* by name */
	size_t n;
};

/* Read the machine's facts from sysfs and proc below @root ("" on a real
 * machine). @slot_dir is where the booted ISO is mounted. */
int facts_read(struct facts *facts, const char *root, const char *slot_dir,
	       struct pvn_err *err);

/* probe.c: add what is on the disks, reading them. What can't be read isn't told. */
void facts_probe(struct facts *facts);

/* The facts as text (INI, one section per disk), and back. */
void facts_print(const struct facts *facts, FILE *f);
int facts_parse(struct facts *facts, const char *text, const char *name,
		struct pvn_err *err);

/* A table for people; below each disk what is on it. */
void facts_print_table(const struct facts *facts, FILE *f);

/* Why Paravane can't be installed on @disk. Caller frees; NULL: it can. */
char *disk_problem(const struct disk *disk);

/* Is @dev ("sda2", "md0") the disk, a partition of it or built on one? */
bool disk_has(const struct disk *disk, const char *dev);

/* @what is on @disk and on the disk @other. */
void disk_add_span(struct disk *disk, const char *other, const char *what);

/* Append the names that udev would give @disk below /dev/disk/by-id. */
void disk_ids(const struct disk *disk, struct strlist *ids);

/* Append an empty disk. The pointer is good until the next call. */
struct disk *facts_add(struct facts *facts, const char *name);

/* Put the disks in order of their names, sda before sdb before sdaa. */
void facts_sort(struct facts *facts);

void facts_free(struct facts *facts);

#endif
