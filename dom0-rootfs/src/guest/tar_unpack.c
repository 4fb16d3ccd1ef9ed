/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tar_unpack.c: unpack a root filesystem that a stranger made.
 *
 * The kernel itself keeps each path below the root (openat2): what it was a
 * moment ago doesn't matter. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include "../lib/mem.h"
#include "../lib/size.h"
#include "pool.h"
#include "tar_unpack.h"

#define PIECE (128 * 1024)
/* So much may be on its way to the disk: who watches the pool sees the rest. */
#define MOST_UNWRITTEN (64 * MIB)

struct unpack {
	struct tar *tar;
	int root;
	char *buf; /* PIECE bytes */
	uint64_t room;
	uint64_t unwritten;
	bool owners;
};

static bool has_dotdot(const char *name)
{
	for (const char *p = name; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!strncmp(p, "..", 2) && (!p[2] || p[2] == '/'))
			return true;
	}
	return false;
}

static int check_name(const struct unpack *u, const char *name,
		      struct pvn_err *err)
{
	if (has_dotdot(name))
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' has a member with the name '%.80s', which lies outside",
			u->tar->src->name, name);
	return 0;
}

static int open_folder(const struct unpack *u, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, u->root, path, &how, sizeof(how));
}

static int folder_error(const struct unpack *u, const char *path,
			struct pvn_err *err)
{
	if (errno == ELOOP || errno == ENOTDIR || errno == EXDEV)
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' has a member below '%.80s', which is a link or a file and no folder",
			u->tar->src->name, path);
	return pvn_err_errno(err, errno, "cannot open '%.80s'", path);
}

static int make_one_folder(const struct unpack *u, const char *path,
			   struct pvn_err *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *above =
		slash ? xasprintf("%.*s", (int)(slash - path), path)
		      : xstrdup(".");
	autoclose int parent = open_folder(u, above);

	if (parent < 0)
		return folder_error(u, above, err);
	if (mkdirat(parent, slash ? slash + 1 : path, 0755) && errno != EEXIST)
		return pvn_err_errno(err, errno, "cannot make '%.80s'", path);
	return 0;
}

/* Archives may leave folders out: make them, one after the other. */
static int make_folders(const struct unpack *u, const char *path,
			struct pvn_err *err)
{
	for (const char *p = path; p; p = strchr(p + 1, '/')) {
		autofree char *part = xasprintf("%.*s", (int)(p - path), path);
		int rc = *part ? make_one_folder(u, part, err) : 0;

		if (rc)
			return rc;
	}
	return make_one_folder(u, path, err);
}

/* The folder that @name is in, and what remains of the name. */
static int open_parent(const struct unpack *u, const char *name,
		       const char **base_r, int *fd_r, struct pvn_err *err)
{
	const char *slash = strrchr(name, '/');
	autofree char *path =
		slash ? xasprintf("%.*s", (int)(slash - name), name)
		      : xstrdup(".");
	int fd = open_folder(u, path);
	int rc;

	*base_r = slash ? slash + 1 : name;
	if (fd < 0 && errno == ENOENT) {
		rc = make_folders(u, path, err);
		if (rc)
			return rc;
		fd = open_folder(u, path);
	}
	if (fd < 0)
		return folder_error(u, path, err);
	*fd_r = fd;
	return 0;
}

static int failed(const struct unpack *u, const char *what, struct pvn_err *err)
{
	if (errno == ENOSPC)
		return pvn_err(
			err, -ENOSPC,
			"the disk is too small, '--disk' makes it larger: no space for '%.80s'",
			u->tar->member.name);
	return pvn_err_errno(err, errno, "cannot %s '%.80s'", what,
			     u->tar->member.name);
}

static int take_room(struct unpack *u, uint64_t bytes, struct pvn_err *err)
{
	if (bytes > u->room)
		return pool_no_room(err);
	u->room -= bytes;
	u->unwritten += bytes;
	if (u->unwritten < MOST_UNWRITTEN)
		return 0;
	u->unwritten = 0;
	return syncfs(u->root) ? failed(u, "write", err) : 0;
}

static int write_data(struct unpack *u, int fd, struct pvn_err *err)
{
	ssize_t n;

	while ((n = tar_read(u->tar, u->buf, PIECE, err)) > 0) {
		int rc = take_room(u, (uint64_t)n, err);

		if (rc)
			return rc;
		for (ssize_t done = 0; done < n;) {
			ssize_t w =
				write(fd, u->buf + done, (size_t)(n - done));

			if (w < 0 && errno == EINTR)
				continue;
			if (w < 0)
				return failed(u, "write", err);
			done += w;
		}
	}
	return (int)n;
}

/* Capabilities and what users set; a filesystem without them is no reason to fail. */
static int set_xattrs(const struct unpack *u, int fd, struct pvn_err *err)
{
	const struct tar_member *m = &u->tar->member;

	for (size_t i = 0; i < m->n_xattrs; i++) {
		const struct tar_xattr *x = &m->xattrs[i];

		if (strcmp(x->name, "security.capability") &&
		    strncmp(x->name, "user.", 5))
			continue;
		if (fsetxattr(fd, x->name, x->value, x->len, 0) &&
		    errno != ENOTSUP && u->owners)
			return failed(u, "set an attribute of", err);
	}
	return 0;
}

static int make_file(struct unpack *u, int parent, const char *base,
		     struct pvn_err *err)
{
	const struct tar_member *m = &u->tar->member;
	const struct timespec times[2] = { { .tv_sec = (time_t)m->mtime },
					   { .tv_sec = (time_t)m->mtime } };
	autoclose int fd = openat(
		parent, base,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return failed(u, "make", err);
	rc = write_data(u, fd, err);
	if (rc)
		return rc;
	if (u->owners && fchown(fd, m->uid, m->gid))
		return failed(u, "set the owner of", err);
	if (fchmod(fd, m->mode) || futimens(fd, times))
		return failed(u, "set the mode of", err);
	return set_xattrs(u, fd, err);
}

static int make_folder(const struct unpack *u, int parent, const char *base,
		       struct pvn_err *err)
{
	const struct tar_member *m = &u->tar->member;
	autoclose int fd = -1;

	if (mkdirat(parent, base, 0755) && errno != EEXIST)
		return failed(u, "make", err);
	fd = openat(parent, base,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(u, "open", err);
	if (u->owners && fchown(fd, m->uid, m->gid))
		return failed(u, "set the owner of", err);
	if (fchmod(fd, m->mode))
		return failed(u, "set the mode of", err);
	return 0;
}

static int make_hardlink(const struct unpack *u, int parent, const char *base,
			 struct pvn_err *err)
{
	const char *target = u->tar->member.link;
	const char *target_base;
	autoclose int from = -1;
	int rc;

	while (*target == '/' || !strncmp(target, "./", 2))
		target += *target == '/' ? 1 : 2;
	rc = check_name(u, target, err);
	if (!rc)
		rc = open_parent(u, target, &target_base, &from, err);
	if (rc)
		return rc;
	if (linkat(from, target_base, parent, base, 0))
		return failed(u, "link", err);
	return 0;
}

static int make_node(const struct unpack *u, int parent, const char *base,
		     mode_t type, struct pvn_err *err)
{
	const struct tar_member *m = &u->tar->member;

	if (mknodat(parent, base, type | 0600, makedev(m->major, m->minor)) ||
	    (u->owners &&
	     fchownat(parent, base, m->uid, m->gid, AT_SYMLINK_NOFOLLOW)) ||
	    fchmodat(parent, base, m->mode, 0))
		return failed(u, "make", err);
	return 0;
}

static int make_symlink(const struct unpack *u, int parent, const char *base,
			struct pvn_err *err)
{
	const struct tar_member *m = &u->tar->member;

	if (symlinkat(m->link, parent, base) ||
	    (u->owners &&
	     fchownat(parent, base, m->uid, m->gid, AT_SYMLINK_NOFOLLOW)))
		return failed(u, "make", err);
	return 0;
}

static int unpack_member(struct unpack *u, struct pvn_err *err)
{
	const struct tar_member *m = &u->tar->member;
	autoclose int parent = -1;
	const char *base = NULL;
	int rc = check_name(u, m->name, err);

	if (rc)
		return rc;
	if (!*m->name) /* the root itself */
		return m->type == TAR_FOLDER ? make_folder(u, u->root, ".", err)
					     : 0;
	rc = open_parent(u, m->name, &base, &parent, err);
	if (rc)
		return rc;
	/* a later member of the same name counts */
	if (m->type != TAR_FOLDER && unlinkat(parent, base, 0) &&
	    errno != ENOENT)
		return failed(u, "replace", err);
	switch (m->type) {
	case TAR_FILE:
		return make_file(u, parent, base, err);
	case TAR_HARDLINK:
		return make_hardlink(u, parent, base, err);
	case TAR_SYMLINK:
		return make_symlink(u, parent, base, err);
	case TAR_CHAR:
		return make_node(u, parent, base, S_IFCHR, err);
	case TAR_DEVICE:
		return make_node(u, parent, base, S_IFBLK, err);
	case TAR_FOLDER:
		return make_folder(u, parent, base, err);
	case TAR_FIFO:
		return make_node(u, parent, base, S_IFIFO, err);
	}
	return 0;
}

int tar_unpack(struct tar *tar, int root, uint64_t room, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, PIECE);
	struct unpack u = { .tar = tar,
			    .root = root,
			    .room = room,
			    .buf = buf,
			    .owners = geteuid() == 0 };
	int rc;

	umask(0);
	while ((rc = tar_next(tar, err)) > 0) {
		rc = unpack_member(&u, err);
		if (rc)
			return rc;
	}
	return rc;
}
