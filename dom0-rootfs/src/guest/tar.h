/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tar.h: read a tar archive from a stream, member by member; write one. */
#ifndef PVN_TAR_H
#define PVN_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../lib/err.h"
#include "../lib/mem.h"
#include "image_src.h"

#define TAR_BLOCK 512

enum tar_type {
	TAR_FILE,
	TAR_HARDLINK,
	TAR_SYMLINK,
	TAR_CHAR,
	TAR_DEVICE,
	TAR_FOLDER,
	TAR_FIFO,
};

struct tar_xattr {
	char *name; /* "security.capability" */
	char *value;
	size_t len;
};

struct tar_member {
	char *name; /* without "./" or "/" before it and "/" behind it; "" is the root */
	char *link; /* target of a link, or NULL */
	enum tar_type type;
	uint64_t size; /* of the data that follow; only files have some */
	uint64_t mtime;
	unsigned int mode, uid, gid, major, minor;
	struct tar_xattr *xattrs;
	size_t n_xattrs;
};

struct tar {
	struct image_src *src;
	struct tar_member member;
	uint64_t left; /* of the member's data */
	unsigned int padding; /* behind them */
	bool end;
};

/* Is this a member's header, by its checksum? */
bool tar_is_header(const unsigned char *block, size_t len);

/* Begin. The source is borrowed. */
void tar_open(struct tar *tar, struct image_src *src);
void tar_close(struct tar *tar);

#define auto_tar __attribute__((cleanup(tar_close)))

/* Go to the next member, over what is left of this one's data. Returns 1 and fills
 * tar->member in, 0 at the end, or a negative errno. Understands ustar, GNU's long
 * names and pax. */
int tar_next(struct tar *tar, struct pvn_err *err);

/* Read of the member's data: fills @buf, less only at the data's end. */
ssize_t tar_read(struct tar *tar, void *buf, size_t len, struct pvn_err *err);

/* All of a member's data as text, at most @limit bytes. Caller frees. */
int tar_read_text(struct tar *tar, size_t limit, char **text_r,
		  struct pvn_err *err);

/* Fill in the header of a plain file. The name has at most 99 characters. */
void tar_header(unsigned char block[TAR_BLOCK], const char *name,
		uint64_t size);

#endif
