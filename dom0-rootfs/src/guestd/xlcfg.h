/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xlcfg.h: a guest's file as libxl wants it. No Xen is needed. */
#ifndef PVN_XLCFG_H
#define PVN_XLCFG_H

#include "../guest/guestconf.h"
#include "../guest/xl.h"

/* Fill in *config, which is initialised here and disposed of by the caller, also
 * after a failure. A guest without 'uuid' gets a random one. */
int xlcfg_make(const struct guestconf *conf, libxl_domain_config *config,
	       struct pvn_err *err);

/* libxl's own JSON of it. Caller frees. */
char *xlcfg_json(libxl_domain_config *config);

#endif
