/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backup.c: a host's configuration, signed, as text. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "backup.h"
#include "base64.h"
#include "file.h"
#include "mem.h"
#include "run.h"

#define MAX_BYTES (8 * 1024 * 1024) /* of an archive */

static int write_decoded(const char *text, const char *path,
			 struct pvn_err *err)
{
	size_t chars = strlen(text);
	autofree uint8_t *data = xcalloc(chars + 1, 1);
	int64_t len = base64_decode(text, chars, data);
	autoclose int fd = -1;

	if (len <= 0)
		return pvn_err(err, -EINVAL, "this is no base64");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot make '%s'", path);
	return write_at(fd, data, (size_t)len, 0, path, err);
}

int backup_take(const struct backup *backup, const char *path,
		struct pvn_err *err)
{
	autofree char *beside = xasprintf("%s.minisig", path);
	int rc = write_decoded(backup->files, path, err);

	if (rc)
		pvn_err_wrap(err, "[restore] files");
	if (!rc) {
		rc = write_decoded(backup->signature, beside, err);
		if (rc)
			pvn_err_wrap(err, "[restore] signature");
	}
	if (!rc) {
		rc = PVN_RUN(err, "minisign", "-V", "-q", "-H", "-P",
			     backup->signer, "-m", path, "-x", beside);
		if (rc)
			pvn_err(err, PVN_REFUSED,
				"the signature of [restore] is not good: the file was changed or is cut");
		rc = rc ? err->code : 0;
	}
	unlink(beside);
	if (rc)
		unlink(path);
	return rc;
}

static int encode_file(const char *path, char **text_r, struct pvn_err *err)
{
	autofree uint8_t *data = NULL;
	size_t len;
	int rc = file_read_bytes(path, &data, &len, err);

	if (!rc && len > MAX_BYTES)
		rc = pvn_err(err, -EFBIG,
			     "the configuration is larger than %d MiB packed",
			     MAX_BYTES >> 20);
	if (!rc)
		*text_r = base64_encode(data, len);
	return rc;
}

/* The second line; the first is a comment. */
static char *key_line(const char *text)
{
	const char *line = strchr(text, '\n');

	return line ? xasprintf("%.*s", (int)strcspn(line + 1, "\n"), line + 1)
		    : xstrdup("");
}

int backup_sign(struct backup *backup, const char *path, const char *secret_key,
		const char *public_key, struct pvn_err *err)
{
	autofree char *beside = xasprintf("%s.minisig", path);
	autofree char *key = NULL;
	int rc = PVN_RUN(err, "minisign", "-S", "-s", secret_key, "-m", path,
			 "-x", beside);

	if (!rc)
		rc = file_read(public_key, &key, err);
	if (!rc)
		rc = encode_file(path, &backup->files, err);
	if (!rc)
		rc = encode_file(beside, &backup->signature, err);
	if (!rc)
		backup->signer = key_line(key);
	unlink(beside);
	return rc;
}

void backup_free(struct backup *backup)
{
	free(backup->files);
	free(backup->signature);
	free(backup->signer);
	*backup = (struct backup){ 0 };
}
