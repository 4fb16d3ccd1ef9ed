/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hold.c: a guest that stands still for an instant. */
#include "hold.h"
#include "live.h"
#include "supervisor.h"

int hold_begin(struct hold *hold, const struct guest *guest,
	       struct pvn_err *err)
{
	int fd = supervisor_hold(guest->name, err);

	if (fd < 0)
		return fd;
	*hold = (struct hold){ .holds = true, .fd = fd };
	return 0;
}

int hold_end(struct hold *hold, const struct guest *guest, struct pvn_err *err)
{
	if (!hold->holds)
		return 0;
	hold->holds = false;
	return supervisor_release(hold->fd)
		       ? 0
		       : live_unpause(guest->domain->id, err);
}
