/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mark.h: the instruction that says 'now' to the counter: 'nopl' of an address that no compiler
 * makes, as 0f 1f /0 with a 32-bit displacement (Intel SDM volume 2, NOP). */
#ifndef PVN_MARK_H
#define PVN_MARK_H

#define MARK_BYTES 0x0f, 0x1f, 0x80, 0x4d, 0x41, 0x52, 0x4b

#endif
