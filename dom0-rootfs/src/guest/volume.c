/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.c: thin volumes, through LVM's own commands. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "../lib/mem.h"
#include "../lib/run.h"
#include "dm.h"
#include "lvm_cache.h"
#include "pool.h"
#include "volume.h"

#define SECTOR 512
#define UNUSED_TRIES 100 /* one every 100 ms */

#define N_FIELDS 6
#define LVS_FIELDS \
	"lv_name,lv_size,data_percent,metadata_percent,chunk_size,lv_tags"

static double parse_percent(const char *s)
{
	return *s ? strtod(s, NULL) : -1.0;
}

static int parse_line(struct volume_list *list, char *line, struct pvn_err *err)
{
	char *field[N_FIELDS] = { NULL };
	struct volume *v;
	char *s = line + strspn(line, " \t");

	for (int i = 0; i < N_FIELDS; i++) {
		field[i] = s ? strsep(&s, "|") : NULL;
		if (!field[i])
			return pvn_err(err, -EBADMSG,
				       "cannot understand '%.100s' from lvs",
				       line);
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	v = &list->v[list->n++];
	v->name = xstrdup(field[0]);
	v->size = strtoull(field[1], NULL, 10);
	v->used_percent = parse_percent(field[2]);
	v->meta_percent = parse_percent(field[3]);
	v->chunk = strtoull(field[4], NULL, 10);
	v->tags = xstrdup(field[5]);
	return 0;
}

int volumes_parse(struct volume_list *list, const char *text,
		  struct pvn_err *err)
{
	autofree char *copy = xstrdup(text);
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int rc;

		if (!line[strspn(line, " \t")])
			continue;
		rc = parse_line(list, line, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int ask_lvm(const char *vg, char **text_r, struct pvn_err *err)
{
	const char *argv[] = { "lvm",	      "lvs",	 "--noheadings",
			       "--nosuffix",  "--units", "b",
			       "--separator", "|",	 "-o",
			       LVS_FIELDS,    vg,	 NULL };

	return pvn_run_output((char *const *)argv, text_r, err);
}

static void measure_pool(const char *vg, struct volume *pool)
{
	struct pvn_err ignored = { 0 };
	struct pool_status st;

	if (pool_status_read(vg, pool->name, &st, &ignored))
		return;
	pool->used_percent =
		100.0 * (double)st.data_used / (double)st.data_bytes;
	pool->meta_percent =
		100.0 * (double)st.meta_used / (double)st.meta_bytes;
}

static void measure_thin(const char *vg, struct volume *v)
{
	autofree char *name = dm_name(vg, v->name, "");
	autofree char *params = NULL;
	struct pvn_err ignored = { 0 };
	uint64_t mapped;

	if (v->size && !dm_target(name, true, &params, &ignored) &&
	    sscanf(params, "%" SCNu64, &mapped) == 1)
		v->used_percent =
			100.0 * (double)mapped * SECTOR / (double)v->size;
}

int volumes_read(const char *vg, struct volume_list *list, struct pvn_err *err)
{
	autofree char *text = NULL;
	struct lvm_stamp before;
	int rc;

	lvm_stamp(vg, &before);
	text = lvm_cached(vg, &before);
	if (!text) {
		rc = ask_lvm(vg, &text, err);
		if (rc)
			return rc;
		lvm_cache(vg, &before, text);
	}
	rc = volumes_parse(list, text, err);
	for (size_t i = 0; !rc && i < list->n; i++) {
		struct volume *v = &list->v[i];

		/* what the text says of that may be old */
		v->used_percent = v->meta_percent = -1.0;
		if (v->chunk)
			measure_pool(vg, v);
	}
	return rc;
}

void volumes_measure(const char *vg, struct volume_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!list->v[i].chunk)
			measure_thin(vg, &list->v[i]);
	}
}

void volumes_free(struct volume_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		free(list->v[i].tags);
	}
	free(list->v);
	*list = (struct volume_list){ 0 };
}

const struct volume *volumes_find(const struct volume_list *list,
				  const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->v[i].name, name))
			return &list->v[i];
	}
	return NULL;
}

uint64_t volume_used(const struct volume *v)
{
	if (v->used_percent < 0)
		return 0;
	return (uint64_t)((double)v->size * v->used_percent / 100.0);
}

bool volume_has_tag(const struct volume *v, const char *tag)
{
	const char *s = v->tags;
	size_t len = strlen(tag);

	while (*s) {
		size_t n = strcspn(s, ",");

		if (n == len && !strncmp(s, tag, n))
			return true;
		s += n + (s[n] == ',');
	}
	return false;
}

bool volume_is_guests(const char *volume, const char *guest)
{
	size_t len = strlen(guest);
	const char *rest;

	if (strncmp(volume, "guest-", 6) || strncmp(volume + 6, guest, len))
		return false;
	if (volume[6 + len] == '.' || volume[6 + len] == '+')
		return true;
	if (volume[6 + len] != '-')
		return false;
	rest = volume + 6 + len + 1;
	if (!strcmp(rest, "seed"))
		return true;
	/* A disk's name is letters only: guest "a" has nothing of guest "a-b". */
	return !strncmp(rest, "xvd", 3) && rest[3] &&
	       strspn(rest + 3, "abcdefghijklmnopqrstuvwxyz") ==
		       strlen(rest + 3);
}

bool volume_is_snapshot(const char *volume, const char *guest,
			const char *snapshot)
{
	autofree char *prefix = xasprintf("guest-%s.%s-", guest, snapshot);

	size_t len = strlen(prefix);

	/* snapshot "a" has nothing of snapshot "a-b" */
	return !strncmp(volume, prefix, len) && !strchr(volume + len, '-');
}

int volumes_check_free(const struct volume_list *list, const char *guest,
		       struct pvn_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *volume = list->v[i].name;

		if (volume_is_guests(volume, guest))
			return pvn_err(
				err, -EEXIST,
				"there is a volume '%s' already, left by another guest of that name ('guest destroy %s' removes it)",
				volume, guest);
	}
	return 0;
}

int volume_create(const char *vg, const char *pool, const char *name,
		  uint64_t size, const char *tag, struct pvn_err *err)
{
	autofree char *thin = xasprintf("%s/%s", vg, pool);
	autofree char *bytes = xasprintf("%llub", (unsigned long long)size);
	/* -Wn: a new thin volume reads as zeroes, there is nothing to wipe */
	const char *argv[] = { "lvm",
			       "lvcreate",
			       "-q",
			       "-y",
			       "-Wn",
			       "-ay",
			       "-V",
			       bytes,
			       "-T",
			       thin,
			       "-n",
			       name,
			       tag ? "--addtag" : NULL,
			       tag,
			       NULL };

	return pvn_run((char *const *)argv, err);
}

int volume_snapshot(const char *vg, const char *origin, const char *name,
		    struct pvn_err *err)
{
	autofree char *from = xasprintf("%s/%s", vg, origin);
	/* -kn: else 'lvchange -ay' would skip it */
	const char *argv[] = { "lvm", "lvcreate", "-q", "-y", "-s", "-kn",
			       "-ay", "-prw",	  "-n", name, from, NULL };

	return pvn_run((char *const *)argv, err);
}

int volume_extend(const char *vg, const char *name, uint64_t size,
		  struct pvn_err *err)
{
	autofree char *lv = xasprintf("%s/%s", vg, name);
	autofree char *bytes = xasprintf("%llub", (unsigned long long)size);
	const char *argv[] = { "lvm", "lvextend", "-q", "-L", bytes, lv, NULL };

	return pvn_run((char *const *)argv, err);
}

int volume_resize(const char *vg, const char *name, uint64_t size,
		  struct pvn_err *err)
{
	autofree char *lv = xasprintf("%s/%s", vg, name);
	autofree char *bytes = xasprintf("%llub", (unsigned long long)size);
	/* what is in it is our caller's affair */
	const char *argv[] = { "lvm",	 "lvresize", "-q",  "-f", "-y", "--fs",
			       "ignore", "-L",	     bytes, lv,	  NULL };

	return pvn_run((char *const *)argv, err);
}

int volume_rename(const char *vg, const char *from, const char *to,
		  struct pvn_err *err)
{
	const char *argv[] = { "lvm", "lvrename", "-q", vg, from, to, NULL };

	return pvn_run((char *const *)argv, err);
}

int volume_dependents(const char *vg, const char *origin, struct strlist *names,
		      struct pvn_err *err)
{
	autofree char *text = NULL;
	autofree char *select = xasprintf("origin=%s", origin);
	char *save = NULL;
	int rc = pvn_run_output(PVN_ARGV("lvm", "lvs", "--noheadings", "-o",
					 "lv_name", "-S", select, vg),
				&text, err);

	if (rc)
		return rc;
	for (char *name = strtok_r(text, " \n", &save); name;
	     name = strtok_r(NULL, " \n", &save))
		strlist_add(names, name);
	return 0;
}

int volume_tag(const char *vg, const char *name, const char *tag,
	       struct pvn_err *err)
{
	autofree char *lv = xasprintf("%s/%s", vg, name);

	return PVN_RUN(err, "lvm", "lvchange", "-q", "--addtag", tag, lv);
}

int volume_untag(const char *vg, const char *name, const char *tag,
		 struct pvn_err *err)
{
	autofree char *lv = xasprintf("%s/%s", vg, name);

	return PVN_RUN(err, "lvm", "lvchange", "-q", "--deltag", tag, lv);
}

int volume_freeze(const char *vg, const char *name, struct pvn_err *err)
{
	autofree char *lv = xasprintf("%s/%s", vg, name);
	const char *readonly[] = { "lvm", "lvchange", "-q", "-pr", lv, NULL };
	const char *inactive[] = { "lvm", "lvchange", "-q", "-an", lv, NULL };
	int rc;

	rc = pvn_run((char *const *)readonly, err);
	return rc ? rc : pvn_run((char *const *)inactive, err);
}

int volume_activate(const char *path, struct pvn_err *err)
{
	const char *lv = strncmp(path, "/dev/", 5) ? path : path + 5;
	const char *argv[] = { "lvm", "lvchange", "-q", "-ay", "-K", lv, NULL };

	return pvn_run((char *const *)argv, err);
}

/* Add those of @names that are there to @argv, as "vg/name". */
static int list_present(const char *vg, const struct strlist *names,
			struct strlist *argv, struct pvn_err *err)
{
	auto_volumes struct volume_list list = { 0 };
	int rc = volumes_read(vg, &list, err);

	for (size_t i = 0; !rc && i < names->n; i++) {
		if (volumes_find(&list, names->v[i]))
			strlist_addf(argv, "%s/%s", vg, names->v[i]);
	}
	return rc;
}

int volumes_check_unheld(const char *vg, const struct strlist *names,
			 struct pvn_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		autofree char *path = xasprintf("/dev/%s/%s", vg, names->v[i]);
		autoclose int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

		if (fd < 0 && errno == EBUSY)
			return pvn_err(
				err, -EBUSY,
				"volume '%s' is mounted in dom0, or mapped: unmount '%s' and try again",
				names->v[i], path);
	}
	return 0;
}

int volumes_check_unused(const char *vg, const struct strlist *names,
			 struct pvn_err *err)
{
	int rc = volumes_check_unheld(vg, names, err);

	for (size_t i = 0; !rc && i < names->n; i++) {
		autofree char *mapping = dm_name(vg, names->v[i], "");

		if (dm_is_open(mapping))
			rc = pvn_err(
				err, -EBUSY,
				"volume '%s' is in use: a program in dom0, or a guest, has '/dev/%s/%s' open",
				names->v[i], vg, names->v[i]);
	}
	return rc;
}

int volumes_wait_unused(const char *vg, const struct strlist *names,
			struct pvn_err *err)
{
	const struct timespec tick = { .tv_nsec = 100 * 1000 * 1000 };
	int rc = volumes_check_unheld(vg, names, err);

	if (rc)
		return rc;
	/* blkback closes a device a moment after its guest is gone. */
	for (int i = 0; i < UNUSED_TRIES; i++) {
		if (i)
			nanosleep(&tick, NULL);
		rc = volumes_check_unused(vg, names, err);
		if (!rc)
			break;
	}
	return rc;
}

int volumes_any_left(const char *vg, const struct strlist *names, bool *any_r,
		     struct pvn_err *err)
{
	auto_strlist struct strlist present = { 0 };
	int rc = list_present(vg, names, &present, err);

	*any_r = present.n > 0;
	return rc;
}

int volumes_remove(const char *vg, const struct strlist *names,
		   struct pvn_err *err)
{
	static const char *const words[] = { "lvm", "lvremove", "-q", "-f",
					     "-y" };
	const size_t n_words = sizeof(words) / sizeof(words[0]);
	auto_strlist struct strlist argv = { 0 };
	struct pvn_err ignored = { 0 };
	int rc = volumes_wait_unused(vg, names, err);
	bool any;

	for (size_t i = 0; i < n_words; i++)
		strlist_add(&argv, words[i]);
	if (!rc)
		rc = list_present(vg, names, &argv, err);
	if (rc || argv.n == n_words)
		return rc;
	rc = pvn_run(argv.v, err);
	/* it also fails where it has removed them, and the pool did not take note of it */
	if (rc && !volumes_any_left(vg, names, &any, &ignored) && !any)
		rc = 0;
	return rc;
}

int volume_remove(const char *vg, const char *name, struct pvn_err *err)
{
	auto_strlist struct strlist names = { 0 };

	strlist_add(&names, name);
	return volumes_remove(vg, &names, err);
}
