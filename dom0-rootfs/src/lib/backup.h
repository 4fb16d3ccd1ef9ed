/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backup.h: a host's configuration as it stands in the section [restore] of an answer file: an
 * archive (tar.gz) of files below the state partition, and minisign's signature of it. */
#ifndef PVN_BACKUP_H
#define PVN_BACKUP_H

#include "err.h"

struct backup {
	char *files; /* the archive, base64 */
	char *signature; /* the text of its signature, base64 */
	char *signer; /* minisign's public key: the second line of its file */
};

/* Write the archive to @path and check the signature; on failure there is no file. The signature tells
 * that the archive is whole and by @signer; who that is must be known otherwise. */
int backup_take(const struct backup *backup, const char *path,
		struct pvn_err *err);

/* The other way round, for an archive at @path and the key files of minisign. Caller frees with
 * backup_free(). */
int backup_sign(struct backup *backup, const char *path, const char *secret_key,
		const char *public_key, struct pvn_err *err);

void backup_free(struct backup *backup);

#endif
