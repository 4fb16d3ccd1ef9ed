/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guesttype.h: PV or PVH, and the kernel that goes with it. Pure functions. */
#ifndef PVN_GUESTTYPE_H
#define PVN_GUESTTYPE_H

#include "guestconf.h"

/* What a person may choose; a guest itself is "pv" or "pvh". */
#define TYPE_AUTO "auto"

/* Kernels that guests start with; the latter two are GRUB, which starts the guest's own. */
#define KERNEL_GUEST "/slot/boot/guest-vmlinux"
#define KERNEL_GRUB_PV "/slot/boot/grub-x86_64-xen.bin"
#define KERNEL_GRUB_PVH "/slot/boot/grub-i386-xen_pvh.bin"

/* Is it "auto", "pv" or "pvh"? */
bool guesttype_known(const char *type);

/* Has a host that can do PVH (@pvh), or can't, that type? If not, PVN_REFUSED. */
int guesttype_check(const char *type, bool pvh, struct pvn_err *err);

/* Make the guest of @type: "auto" is PVH where the host has that, else PV. */
void guesttype_set(struct guestconf *conf, const char *type, bool pvh);

/* The same with what the guest's file says, which may come from another host. */
void guesttype_settle(struct guestconf *conf, bool pvh);

/* Was "auto" chosen? */
bool guesttype_is_auto(const struct guestconf *conf);

/* Is the guest's kernel GRUB? */
bool guesttype_has_grub(const struct guestconf *conf);

/* If so, make it the one of the guest's type. */
void guesttype_fit_kernel(struct guestconf *conf);

#endif
