/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slot_verify.c: is what a slot holds still what was built? */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <linux/fs.h>
#include "../lib/file.h"
#include "../lib/mem.h"
#include "host.h"
#include "progress.h"
#include "sha256.h"
#include "signals.h"
#include "slot_verify.h"

#define CHUNK ((size_t)1024 * 1024)
#define MOUNT_DIR PATH_RUN "/verify"
#define HEX "0123456789abcdef"
#define HASH_LEN 64

int manifest_line_parse(char *line, struct manifest_file *file,
			struct pvn_err *err)
{
	char *end;

	line[strcspn(line, "\n")] = '\0';
	if (strchr(line, '=') && !strchr(line, ' ')) /* name=version */
		return -ENOENT;
	if (strspn(line, HEX) != HASH_LEN || line[HASH_LEN] != ' ')
		return pvn_err(err, -EBADMSG, "cannot understand '%.100s'",
			       line);
	memcpy(file->sha256, line, HASH_LEN);
	file->sha256[HASH_LEN] = '\0';
	errno = 0;
	file->bytes = strtoull(line + HASH_LEN, &end, 10);
	end += strspn(end, " ");
	if (errno || *end != '/')
		return pvn_err(err, -EBADMSG, "cannot understand '%.100s'",
			       line);
	file->path = end;
	return 0;
}

/* The value of the line "@name=..." in @text; NULL: there is none. Caller frees. */
static char *part_version(const char *text, const char *name, size_t name_len)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (len > name_len && !strncmp(line, name, name_len) &&
		    line[name_len] == '=')
			return xasprintf("%.*s", (int)(len - name_len - 1),
					 line + name_len + 1);
		line += len + (line[len] == '\n');
	}
	return NULL;
}

/* What every build has anew is no news. */
static bool is_part(const char *line, size_t len)
{
	return memchr(line, '=', len) && !memchr(line, ' ', len) &&
	       strncmp(line, "version=", 8) && strncmp(line, "build-id=", 9);
}

/* The parts that @to has otherwise than @from; with @lacking those that it has not at all, which is
 * what is said of them. */
static size_t list_changes(const char *from, const char *to,
			   const char *lacking, FILE *f)
{
	size_t n = 0;

	for (const char *line = from; *line;) {
		size_t len = strcspn(line, "\n");
		size_t name = strcspn(line, "=\n");
		autofree char *own = NULL;
		autofree char *other = NULL;

		if (is_part(line, len)) {
			own = part_version(line, line, name);
			other = part_version(to, line, name);
		}
		if (own && lacking && !other) {
			fprintf(f, "  %.*s %s, %s\n", (int)name, line, own,
				lacking);
			n++;
		} else if (own && !lacking && other &&
			   strcmp(own, other) != 0) {
			fprintf(f, "  %.*s %s -> %s\n", (int)name, line, own,
				other);
			n++;
		}
		line += len + (line[len] == '\n');
	}
	return n;
}

size_t manifest_compare(const char *old, const char *new, FILE *f)
{
	return list_changes(old, new, NULL, f) +
	       list_changes(new, old, "new", f) +
	       list_changes(old, new, "no more", f);
}

static int mount_slot(const struct slot *slot, struct pvn_err *err)
{
	autoclose int fd = open(slot->device, O_RDONLY | O_CLOEXEC);
	int rc = mkdir_p(MOUNT_DIR, 0700, err);

	if (rc)
		return rc;
	/* What is read comes from the disk. */
	if (fd < 0 || ioctl(fd, BLKFLSBUF))
		return pvn_err_errno(err, errno, "cannot read '%s'",
				     slot->device);
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(slot->device, MOUNT_DIR, "iso9660",
		  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return pvn_err_errno(err, errno, "cannot mount '%s'",
				     slot->device);
	return 0;
}

/* Returns 1 when it is as it was built, 0 when not, or a negative errno. */
static int is_whole(const struct manifest_file *file, char *buf, uint64_t *done,
		    struct pvn_err *err)
{
	autofree char *path = xasprintf(MOUNT_DIR "%s", file->path);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct sha256 hash;
	char hex[65];
	uint64_t bytes = 0;
	ssize_t n;

	if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		return 0;
	sha256_init(&hash);
	while ((n = read(fd, buf, CHUNK)) > 0) {
		int rc = signals_check(err);

		if (rc)
			return rc;
		sha256_add(&hash, buf, (size_t)n);
		bytes += (uint64_t)n;
		progress_bytes(*done += (uint64_t)n);
	}
	sha256_end(&hash, hex);
	return !n && bytes == file->bytes && !strcmp(hex, file->sha256);
}

int slot_manifest(const struct slot *slot, char **text_r, struct pvn_err *err)
{
	int rc = mount_slot(slot, err);

	if (!rc)
		rc = file_read(MOUNT_DIR "/manifest", text_r, err);
	if (!rc && umount(MOUNT_DIR))
		rc = pvn_err_errno(err, errno, "cannot unmount '%s'",
				   slot->device);
	return rc;
}

int slot_verify(const struct slot *slot, struct slot_check *check,
		struct pvn_err *err)
{
	autofree char *text = NULL;
	autofree char *buf = xcalloc(1, CHUNK);
	char *save = NULL;
	uint64_t done = 0;
	int rc = mount_slot(slot, err);

	if (!rc)
		rc = file_read(MOUNT_DIR "/manifest", &text, err);
	if (rc)
		return rc;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct manifest_file file;

		rc = manifest_line_parse(line, &file, err);
		if (rc == -ENOENT)
			continue;
		if (rc)
			return pvn_err_wrap(err, "the manifest of slot %c",
					    slot->name);
		rc = is_whole(&file, buf, &done, err);
		if (rc < 0)
			return rc;
		if (!rc)
			strlist_add(&check->damaged, file.path);
		check->files++;
	}
	if (!check->files)
		return pvn_err(err, -EBADMSG,
			       "the manifest of slot %c names no file",
			       slot->name);
	return umount(MOUNT_DIR)
		       ? pvn_err_errno(err, errno, "cannot unmount '%s'",
				       slot->device)
		       : 0;
}
