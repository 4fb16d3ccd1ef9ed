/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replace.c: a disk takes a place in the mirrors of an installed host.
 *
 * Whatever was cut off is done again by the next run: partitions that are there already are kept, the mirrors
 * come last, and until then no start of the host looks at the new disk's halves. A disk that is well stays in its
 * place until the new one has all. */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "file.h"
#include "gpt_header.h"
#include "replace.h"
#include "run.h"

static const enum part_role mirrored[] = { PART_STATE, PART_GUESTS };
#define N_MIRRORED (sizeof(mirrored) / sizeof(*mirrored))

static bool is_named(const struct disk *d, const char *name)
{
	return name && (!strcmp(d->name, name) || !strcmp(d->path, name));
}

/* sysfs' file with the state that md gives to the partition @part of the mirror for @role; NULL: there is no such
 * mirror. Caller frees. */
static char *state_file(const struct replace *p, enum part_role role,
			const char *part)
{
	autofree char *path = mirror_path(role, p->found.in.id);
	autofree char *real = realpath(path, NULL);

	return real ? xasprintf("/sys/class/block/%s/md/dev-%s/state",
				strrchr(real, '/') + 1, strrchr(part, '/') + 1)
		    : NULL;
}

/* "in_sync,want_replacement"; NULL: it is not in the mirror. Caller frees. */
static char *member_state(const struct replace *p, enum part_role role,
			  const char *part)
{
	autofree char *file = state_file(p, role, part);

	return file ? file_read_line(file) : NULL;
}

static bool is_well(const char *state)
{
	return state && strstr(state, "in_sync") && !strstr(state, "faulty");
}

static bool is_held(const char *state)
{
	return state && !strstr(state, "faulty");
}

static bool is_there(const char *state)
{
	return state != NULL;
}

/* How many of its halves are in such a state. */
static size_t halves(const struct replace *p, const struct repair *on,
		     bool (*such)(const char *state))
{
	size_t n = 0;

	for (size_t i = 0; i < N_MIRRORED; i++) {
		autofree char *state =
			member_state(p, mirrored[i], on->in.part[mirrored[i]]);

		n += such(state);
	}
	return n;
}

static bool has_all(const struct replace *p, const struct repair *on)
{
	return halves(p, on, is_well) == N_MIRRORED;
}

/* Is there anything on the disk that somebody may want? */
static bool has_data(const struct disk *d)
{
	blkid_probe probe;
	struct pvn_err ignored;
	bool found;

	if (d->parts.n || d->holders.n)
		return true;
	probe = blkid_new_probe_from_filename(d->path);
	if (!probe)
		return true;
	if (gpt_check_size(blkid_probe_get_fd(probe), d->path, d->sector_size,
			   &ignored)) {
		blkid_free_probe(probe);
		return true;
	}
	blkid_probe_enable_partitions(probe, 1);
	found = blkid_do_safeprobe(probe) != 1;
	blkid_free_probe(probe);
	return found;
}

static int check_new(struct replace *p, const struct disk *d, bool force,
		     struct pvn_err *err)
{
	const struct part *last = &p->in.layout.part[PART_GUESTS];
	const uint64_t needed = last->start + last->size + MIB;
	struct disk looked_at = *d;
	autofree char *problem = NULL;
	char have[16], need[16];

	/* by the mirrors, perhaps; each step asks for its partition alone */
	if (p->again)
		looked_at.in_use = NULL;
	if (!p->member)
		problem = disk_problem(&looked_at);
	if (problem)
		return pvn_err(err, PVN_REFUSED, "can't take '%s': %s", d->path,
			       problem);
	if (d->size < needed)
		return pvn_err(err, PVN_REFUSED,
			       "can't take '%s': it has %s, and the other "
			       "disk's partitions need %s (%" PRIu64 " bytes)",
			       d->path, size_print(d->size, have),
			       size_print(needed, need), needed);
	if (d->sector_size != p->in.disk->sector_size)
		return pvn_err(err, PVN_REFUSED,
			       "can't take '%s': it has sectors of %u bytes, "
			       "and the other disk of %u",
			       d->path, d->sector_size,
			       p->in.disk->sector_size);
	if (!p->again && !force && has_data(d))
		return pvn_err(
			err, PVN_REFUSED,
			"there is something on '%s': '--force' erases it",
			d->path);
	return 0;
}

/* Which of the installation's disks has all, which is the old one, and is the new one among them? */
static int sort_disks(struct replace *p, const struct replace_request *request,
		      struct pvn_err *err)
{
	const struct repair *whole = NULL;
	const struct repair *others = NULL;
	const struct repair *taken = NULL;

	for (const struct repair *on = &p->found; on; on = on->second) {
		if (is_named(&on->disk, request->new_disk)) {
			taken = on;
			p->again = true;
			p->member = halves(p, on, is_held);
			p->done = has_all(p, on);
		} else if (is_named(&on->disk, request->old_disk)) {
			p->old = on;
		} else if (!whole && has_all(p, on)) {
			whole = on;
		} else if (halves(p, on, is_there)) {
			others = on;
		}
	}
	if (p->done && (!p->old || !whole))
		return pvn_err(err, PVN_REFUSED,
			       "'%s' has all that the host has",
			       taken->disk.path);
	if (request->old_disk && !p->old)
		return pvn_err(err, PVN_REFUSED,
			       "'%s' is no disk of this installation, see "
			       "'host disk'",
			       request->old_disk);
	if (!whole)
		return pvn_err(err, PVN_REFUSED,
			       "no other disk has all that the host has, see "
			       "'host disk'");
	if (others && has_all(p, others))
		return pvn_err(err, PVN_REFUSED,
			       "'%s' and '%s' are both well: name the one "
			       "whose place the new disk takes",
			       whole->disk.path, others->disk.path);
	/* one that failed has no place any more */
	if (others)
		p->old = others;
	p->swap = p->old && halves(p, p->old, is_well);
	p->in.disk = &whole->disk;
	p->in.bios = whole->in.bios;
	p->in.layout = whole->in.layout;
	p->in.layout.sector_size = whole->disk.sector_size;
	for (size_t i = 0; i < N_PARTS; i++)
		p->in.part[i] = xstrdup(whole->in.part[i]);
	return 0;
}

static struct install *make_second(const struct replace *p,
				   const struct disk *d)
{
	struct install *new = xcalloc(1, sizeof(*new));

	*new = (struct install){ .disk = d,
				 .kept = p->found.in.kept,
				 .slot_dir = xstrdup(p->found.in.slot_dir),
				 .bios = p->in.bios,
				 .layout = p->in.layout,
				 .disk_fd = -1,
				 .source_fd = -1,
				 .slot_fd = -1 };
	snprintf(new->id, sizeof(new->id), "%s", p->found.in.id);
	if (p->found.in.xen_args)
		new->xen_args = xstrdup(p->found.in.xen_args);
	if (p->found.in.kernel_args)
		new->kernel_args = xstrdup(p->found.in.kernel_args);
	for (unsigned int i = 0; i < N_PARTS; i++)
		new->part[i] = part_path(d->path, i + 1);
	return new;
}

static int run_remove(void *ctx, struct pvn_err *err)
{
	struct replace *p = ctx;
	struct pvn_err ignored;
	autoclose int fd = -1;
	int rc = 0;

	for (size_t i = 0; !rc && i < N_MIRRORED; i++) {
		const char *half = p->old->in.part[mirrored[i]];
		autofree char *path = mirror_path(mirrored[i], p->in.id);
		autofree char *state = member_state(p, mirrored[i], half);

		if (state && !strstr(state, "faulty"))
			rc = PVN_RUN(err, "mdadm", path, "--fail", half);
		if (!rc && state)
			rc = PVN_RUN(err, "mdadm", path, "--remove", half);
	}
	if (rc)
		return rc;
	/* the kernel lets go of partitions that nobody uses; else they are there until it starts again */
	PVN_RUN(&ignored, "/usr/lib/paravane/move-slot", p->old->disk.name);
	/* nothing must start from it any more; one that failed may not be written to */
	fd = device_open(p->old->disk.path, false, &ignored);
	if (fd >= 0)
		gpt_erase(fd, p->old->disk.path,
			  device_number(p->old->disk.name, "size") * 512,
			  &ignored);
	return 0;
}

static int run_release(void *ctx, struct pvn_err *err)
{
	const struct replace *p = ctx;

	return release_disk(p->in.second->disk, err);
}

static int run_partition(void *ctx, struct pvn_err *err)
{
	const struct replace *p = ctx;
	const struct install *new = p->in.second;
	const struct disk *d = new->disk;
	autoclose int fd = device_open(d->path, true, err);
	int rc = fd < 0 ? fd
			: gpt_wipe_old(fd, d->path, d->size, d->sector_size,
				       err);

	return rc ? rc : gpt_write(fd, d->path, &new->layout, new->id, err);
}

static int run_settle(void *ctx, struct pvn_err *err)
{
	const struct replace *p = ctx;
	const struct install *new = p->in.second;
	int rc = 0;

	for (size_t i = 0; !rc && i < N_PARTS; i++)
		rc = device_wait_part(new->disk->name, new->part[i],
				      &new->layout.part[i], err);
	return rc;
}

/* [start, end) of both slots; of an empty one only what makes it one. */
static int copy_slots(const struct replace *p, bool heads, struct pvn_err *err)
{
	static const enum part_role slots[] = { PART_SLOT_A, PART_SLOT_B };
	int rc = 0;

	for (size_t i = 0; !rc && i < 2; i++) {
		const char *from_path = p->in.part[slots[i]];
		const char *to_path = p->in.second->part[slots[i]];
		/* one of them is mounted: nobody may open it to write */
		autoclose int from = open(from_path, O_RDONLY | O_CLOEXEC);
		autoclose int to = from < 0 ? pvn_err_errno(err, errno,
							    "cannot open '%s'",
							    from_path)
					    : device_open(to_path, true, err);
		uint64_t size = SLOT_HEAD;
		struct pvn_err ignored;

		if (to < 0)
			return to;
		slot_iso_size(from, from_path, &size, &ignored);
		if (!heads) /* not an ISO before it is a whole one */
			rc = wipe_range(to, to_path, 0, SLOT_HEAD, err);
		if (!rc)
			rc = slot_copy(from, to, heads ? 0 : SLOT_HEAD,
				       heads ? SLOT_HEAD : size, to_path, err);
		if (!rc)
			rc = device_sync(to, to_path, err);
		if (!rc)
			rc = slot_compare(from, to, heads ? 0 : SLOT_HEAD,
					  heads ? SLOT_HEAD : size, to_path,
					  err);
	}
	return rc;
}

static int run_slots(void *ctx, struct pvn_err *err)
{
	return copy_slots(ctx, false, err);
}

static int run_esp(void *ctx, struct pvn_err *err)
{
	const struct replace *p = ctx;

	return esp_make(p->in.second, err);
}

static int undo_esp(void *ctx, struct pvn_err *err)
{
	(void)ctx;
	return device_unmount(MNT_ESP, err);
}

static int run_boot(void *ctx, struct pvn_err *err)
{
	const struct replace *p = ctx;
	int rc = esp_make_bootable(p->in.second, err);

	if (!rc && p->in.second->bios)
		rc = grub_install_bios(p->in.second, false, err);
	return rc ? rc : copy_slots(p, true, err);
}

/* Of the new disk in the mirror for @role. An old half that is well goes on until this one has all. */
static int take_half(const struct replace *p, enum part_role role,
		     struct pvn_err *err)
{
	const char *half = p->in.second->part[role];
	const char *old = p->old ? p->old->in.part[role] : NULL;
	autofree char *path = mirror_path(role, p->in.id);
	autofree char *state = member_state(p, role, half);
	autofree char *before = old ? member_state(p, role, old) : NULL;
	struct pvn_err ignored;
	int rc = 0;

	if (!is_held(state)) {
		/* also what is no longer in the machine */
		PVN_RUN(&ignored, "mdadm", path, "--remove", "failed");
		PVN_RUN(&ignored, "mdadm", path, "--remove", "detached");
		rc = PVN_RUN(err, "mdadm", path, "--add", half);
	}
	/* an earlier run that was cut off may have come so far */
	if (rc || !is_well(before) || is_well(state) ||
	    (state && strstr(state, "replacement")))
		return rc;
	return PVN_RUN(err, "mdadm", path, "--replace", old, "--with", half);
}

/* The last first: it is the large one, and until it is done the old disk has all of the other, too. */
static int run_mirror(void *ctx, struct pvn_err *err)
{
	int rc = 0;

	for (size_t i = N_MIRRORED; !rc && i-- > 0;)
		rc = take_half(ctx, mirrored[i], err);
	return rc;
}

/* The new disk did not hold: the old one is to be copied to nothing. */
static int undo_swap(void *ctx, struct pvn_err *err)
{
	const struct replace *p = ctx;
	struct pvn_err ignored;

	(void)err;
	for (size_t i = 0; i < N_MIRRORED; i++) {
		const enum part_role role = mirrored[i];
		const char *half = p->in.second->part[role];
		autofree char *path = mirror_path(role, p->in.id);
		autofree char *state = member_state(p, role, half);
		autofree char *file =
			state_file(p, role, p->old->in.part[role]);
		autoclose int fd = file ? open(file, O_WRONLY | O_CLOEXEC) : -1;

		if (state && !is_well(state)) {
			PVN_RUN(&ignored, "mdadm", path, "--fail", half);
			PVN_RUN(&ignored, "mdadm", path, "--remove", half);
		}
		if (fd >= 0)
			write_at(fd, "-want_replacement", 17, 0, file,
				 &ignored);
	}
	return 0;
}

static int wait_for_rebuild(const struct replace *p, struct pvn_err *err)
{
	const struct timespec second = { .tv_sec = 1 };
	size_t i = N_MIRRORED;

	while (i > 0) {
		const char *half = p->in.second->part[mirrored[i - 1]];
		autofree char *state = member_state(p, mirrored[i - 1], half);

		if (!is_held(state))
			return pvn_err(err, -EIO,
				       "'%s' failed before it had all: '%s' "
				       "stays in its place",
				       half, p->old->disk.path);
		if (is_well(state))
			i--;
		else
			nanosleep(&second, NULL);
	}
	return 0;
}

/* Hours, with large disks: a person may have enough of it. Cut off, the kernel goes on, and the next run waits for
 * its end. */
static int run_rebuild(void *ctx, struct pvn_err *err)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct replace *p = ctx;
	int rc;

	/* others need grubenv in that time */
	close(p->found.lock);
	p->found.lock = -1;
	for (size_t i = 0; i < 2; i++)
		signal(signals[i], SIG_DFL);
	rc = wait_for_rebuild(p, err);
	for (size_t i = 0; i < 2; i++)
		signal(signals[i], SIG_IGN);
	return rc;
}

static void add_copy_steps(struct replace *p)
{
	const struct install *new = p->in.second;

	if (!p->again) {
		plan_add(&p->steps, "release", run_release, NULL,
			 "stop what is built on '%s'", new->disk->path);
		plan_add(&p->steps, "partition", run_partition, NULL,
			 "erase '%s', and write a GPT as on '%s'",
			 new->disk->path, p->in.disk->path);
		plan_add(&p->steps, "settle", run_settle, NULL,
			 "wait for '%s' to '%s'", new->part[0],
			 new->part[N_PARTS - 1]);
	}
	plan_add(&p->steps, "slots", run_slots, NULL,
		 "copy '%s' to '%s' and '%s' to '%s'", p->in.part[PART_SLOT_A],
		 new->part[PART_SLOT_A], p->in.part[PART_SLOT_B],
		 new->part[PART_SLOT_B]);
	plan_add(&p->steps, "esp", run_esp, undo_esp,
		 "make FAT on '%s' with grubenv", new->part[PART_ESP]);
	plan_add(&p->steps, "boot", run_boot, NULL,
		 "write what starts from '%s' by %sUEFI", new->disk->path,
		 new->bios ? "BIOS and " : "");
}

static void add_remove_step(struct replace *p)
{
	plan_add(&p->steps, "remove", run_remove, NULL,
		 "take '%s' out of the mirrors, and erase its partition table",
		 p->old->disk.path);
}

static void add_steps(struct replace *p)
{
	const struct install *new = p->in.second;

	if (p->done) {
		add_remove_step(p);
		return;
	}
	if (!p->member)
		add_copy_steps(p);
	if (p->old && !p->swap)
		add_remove_step(p);
	plan_add(&p->steps, "mirror", run_mirror, p->swap ? undo_swap : NULL,
		 "add '%s' and '%s' to the mirrors, which rebuilds them",
		 new->part[PART_STATE], new->part[PART_GUESTS]);
	if (!p->swap)
		return;
	plan_add(
		&p->steps, "rebuild", run_rebuild, NULL,
		"wait until they have all, until then '%s' stays; Ctrl-C leaves that to a second run",
		p->old->disk.path);
	add_remove_step(p);
}

int replace_plan(struct replace *p, const struct replace_request *request,
		 struct pvn_err *err)
{
	const struct disk *new = NULL;
	int rc;

	*p = (struct replace){
		.in = { .disk_fd = -1, .source_fd = -1, .slot_fd = -1 }
	};
	rc = repair_look(&p->found, NULL, request->slot_dir, true, err);
	if (!rc && !p->found.in.layout.mirrored)
		rc = pvn_err(err, PVN_REFUSED,
			     "this host was not installed on two disks: it has "
			     "no mirrors");
	if (!rc)
		rc = facts_read(&p->facts, "", request->slot_dir, err);
	for (size_t i = 0; !rc && i < p->facts.n; i++) {
		if (is_named(&p->facts.disks[i], request->new_disk))
			new = &p->facts.disks[i];
	}
	if (!rc && !new)
		rc = pvn_err(err, PVN_REFUSED, "there is no disk '%s'",
			     request->new_disk);
	snprintf(p->in.id, sizeof(p->in.id), "%s", p->found.in.id);
	if (!rc)
		rc = sort_disks(p, request, err);
	if (!rc)
		rc = check_new(p, new, request->force, err);
	if (rc)
		return rc;
	p->in.second = make_second(p, new);
	add_steps(p);
	return 0;
}

void replace_free(struct replace *p)
{
	plan_free(&p->steps);
	install_free(&p->in);
	repair_free(&p->found);
	facts_free(&p->facts);
}
