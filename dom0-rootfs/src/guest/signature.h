/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signature.h: is a text signed by someone whom this host trusts? Signatures and keys are
 * minisign's. */
#ifndef PVN_SIGNATURE_H
#define PVN_SIGNATURE_H

#include <stdbool.h>
#include "../lib/err.h"

/* Public keys of those who may sign templates, one NAME.pub each. */
#define PATH_TEMPLATE_KEYS "/etc/paravane/template-keys"
/* The same for releases. */
#define PATH_RELEASE_KEYS "/etc/paravane/release-keys"

struct signature {
	bool keys; /* the host trusts anybody */
	char *key; /* owned: name of the key's file that it is by; NULL: by none of them */
};

/* Which of the keys in @folder is @signature (NULL: it has none) by? What is no signature is
 * PVN_REFUSED. */
int signature_find_key(const char *signature, const char *folder,
		       struct signature *result, struct pvn_err *err);

/* Check @text against @signature (NULL: it has none) and the keys in @folder. A signature by one
 * of them which is not good is PVN_REFUSED. */
int signature_check(const char *text, const char *signature, const char *folder,
		    struct signature *result, struct pvn_err *err);
void signature_free(struct signature *result);

#endif
