/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export.h: write disks as images that others read. */
#ifndef PVN_EXPORT_H
#define PVN_EXPORT_H

#include "export_out.h"
#include "guestconf.h"

/* What is exported; it must not change meanwhile. */
struct export_disk {
	const char *path; /* a block device or a file */
	uint64_t bytes;
	uint64_t read; /* for the progress */
};

/* Read the next bytes of a disk; the descriptor is of its path. */
int export_read(struct export_disk *disk, int fd, void *buf, size_t len,
		uint64_t at, struct pvn_err *err);
int export_disk_open(const struct export_disk *disk, int *fd_r,
		     struct pvn_err *err);

int export_raw(struct export_disk *disk, struct export_out *out,
	       struct pvn_err *err);
/* Version 3, not compressed. The disk is read twice: first to know what is empty. */
int export_qcow2(struct export_disk *disk, struct export_out *out,
		 struct pvn_err *err);

struct export_guest {
	const char *name, *uuid;
	uint64_t memory;
	unsigned int vcpus;
	const char *cmdline;
	const char *type; /* "auto", "pv" or "pvh" */
	const struct conf_vif *vifs;
	size_t n_vifs;
	struct export_disk *disks; /* the first is xvda */
	size_t n;
};

int export_xva(struct export_guest *guest, struct export_out *out,
	       struct pvn_err *err);

#endif
