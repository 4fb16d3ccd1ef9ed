/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signature.c: is a text signed by someone whom this host trusts? minisign knows; but it is told
 * which key to try: a signature names its key, so that a bad one can be told from
 * one by a stranger. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include "../lib/base64.h"
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/run.h"
#include "host.h"
#include "signature.h"

/* Keys and signatures: a line of comment, then in base64 2 bytes for the algorithm, the key's id
 * of 8, and the rest. */
#define ID_AT 2
#define ID_BYTES 8
#define HEAD_BYTES 12
#define HEAD_CHARS 16

static bool key_id(const char *text, unsigned char id[ID_BYTES])
{
	const char *line = strchr(text, '\n');
	uint8_t head[HEAD_BYTES];

	if (!line || base64_decode(line + 1, HEAD_CHARS, head) != HEAD_BYTES)
		return false;
	memcpy(id, head + ID_AT, ID_BYTES);
	return true;
}

static int is_key(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 &&
	       !strcmp(entry->d_name + len - 4, ".pub");
}

int signature_find_key(const char *signature, const char *folder,
		       struct signature *result, struct pvn_err *err)
{
	struct dirent **entries = NULL;
	unsigned char wanted[ID_BYTES], have[ID_BYTES];
	bool known = signature && key_id(signature, wanted);
	int n = scandir(folder, &entries, is_key, alphasort);
	int rc = 0;

	*result = (struct signature){ 0 };
	for (int i = 0; i < n; i++) {
		autofree char *path =
			xasprintf("%s/%s", folder, entries[i]->d_name);
		autofree char *text = NULL;

		if (!rc)
			rc = file_read(path, &text, err);
		if (!rc && !result->key && known && key_id(text, have) &&
		    !memcmp(wanted, have, ID_BYTES))
			result->key = xstrdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	result->keys = n > 0;
	if (!rc && signature && !known)
		rc = pvn_err(err, PVN_REFUSED,
			     "its signature is none of minisign's");
	return rc;
}

/* -H: signatures of the old kind, which are not over a hash, are no longer made */
static int verify(const char *dir, const char *text, const char *signature,
		  const char *key, struct pvn_err *err)
{
	autofree char *file = xasprintf("%s/text", dir);
	autofree char *beside = xasprintf("%s/text.minisig", dir);
	int rc = file_write(file, text, 0600, err);

	if (!rc)
		rc = file_write(beside, signature, 0600, err);
	if (!rc)
		rc = PVN_RUN(err, "minisign", "-V", "-q", "-H", "-p", key, "-m",
			     file, "-x", beside);
	unlink(file);
	unlink(beside);
	return rc;
}

int signature_check(const char *text, const char *signature, const char *folder,
		    struct signature *result, struct pvn_err *err)
{
	char dir[] = PATH_RUN "/sign-XXXXXX";
	autofree char *key = NULL;
	int rc;

	rc = signature_find_key(signature, folder, result, err);
	if (rc || !result->key)
		return rc;
	key = xasprintf("%s/%s", folder, result->key);
	rc = mkdir_p(PATH_RUN, 0755, err);
	if (rc)
		return rc;
	if (!mkdtemp(dir))
		return pvn_err_errno(err, errno, "cannot make '%s'", dir);
	rc = verify(dir, text, signature, key, err);
	rmdir(dir);
	if (!rc)
		return 0;
	err->code = PVN_REFUSED;
	return pvn_err_wrap(err, "its signature by '%s' is not good",
			    result->key);
}

void signature_free(struct signature *result)
{
	free(result->key);
	*result = (struct signature){ 0 };
}
