/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xmlrpc.h: read a value in XML-RPC's notation, which is what an XVA describes itself in. No DTD,
 * no entities but XML's own five and numbers. */
#ifndef PVN_XMLRPC_H
#define PVN_XMLRPC_H

#include <stddef.h>
#include "../lib/err.h"

enum xmlrpc_kind { XMLRPC_TEXT, XMLRPC_STRUCT, XMLRPC_ARRAY };

struct xmlrpc {
	enum xmlrpc_kind kind;
	char *name; /* as a member of a struct, else NULL */
	char *text; /* NULL for the other kinds */
	struct xmlrpc *v;
	size_t n;
};

/* Parse all of @text; @name is for the message. The caller frees also after an error. */
int xmlrpc_parse(const char *text, const char *name, struct xmlrpc *value,
		 struct pvn_err *err);
void xmlrpc_free(struct xmlrpc *value);

/* The member of that name, or NULL; @value may be NULL. */
const struct xmlrpc *xmlrpc_get(const struct xmlrpc *value, const char *name);
/* Its text, or "". */
const char *xmlrpc_text(const struct xmlrpc *value, const char *name);

#endif
