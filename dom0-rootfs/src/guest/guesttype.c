/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guesttype.c: PV or PVH. */
#include <string.h>
#include "../lib/mem.h"
#include "guesttype.h"

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

bool guesttype_known(const char *type)
{
	return same(type, TYPE_AUTO) || same(type, "pv") || same(type, "pvh");
}

int guesttype_check(const char *type, bool pvh, struct pvn_err *err)
{
	if (pvh || !same(type, "pvh"))
		return 0;
	return pvn_err(
		err, PVN_REFUSED,
		"this host can't run PVH guests: its CPU has no VT-x or AMD-V with nested paging, or the firmware has it off (types 'pv' and 'auto' run here)");
}

bool guesttype_is_auto(const struct guestconf *conf)
{
	return same(conf->type_choice, TYPE_AUTO);
}

bool guesttype_has_grub(const struct guestconf *conf)
{
	return same(conf->kernel, KERNEL_GRUB_PV) ||
	       same(conf->kernel, KERNEL_GRUB_PVH);
}

void guesttype_fit_kernel(struct guestconf *conf)
{
	if (!guesttype_has_grub(conf))
		return;
	free(conf->kernel);
	conf->kernel = xstrdup(same(conf->type, "pvh") ? KERNEL_GRUB_PVH
						       : KERNEL_GRUB_PV);
}

static void set_string(char **member, const char *value)
{
	free(*member);
	*member = value ? xstrdup(value) : NULL;
}

void guesttype_set(struct guestconf *conf, const char *type, bool pvh)
{
	bool is_auto = same(type, TYPE_AUTO);

	set_string(&conf->type, !is_auto ? type : pvh ? "pvh" : "pv");
	set_string(&conf->type_choice, is_auto ? TYPE_AUTO : NULL);
	guesttype_fit_kernel(conf);
}

void guesttype_settle(struct guestconf *conf, bool pvh)
{
	if (guesttype_is_auto(conf))
		guesttype_set(conf, TYPE_AUTO, pvh);
	else
		guesttype_fit_kernel(conf);
}
