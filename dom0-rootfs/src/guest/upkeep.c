/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upkeep.c: 'paravane upkeep': what is done when there is time. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "../lib/file.h"
#include "create.h"
#include "host.h"
#include "progress.h"
#include "settle.h"
#include "upkeep.h"

/* For one who waits for the lock to have a turn. */
static void pause_a_while(void)
{
	const struct timespec tick = { .tv_nsec = 250 * 1000 * 1000 };

	nanosleep(&tick, NULL);
}

static int settle(const char *vg, struct settle_stuck *stuck,
		  struct pvn_err *err)
{
	bool more = true;
	int rc = 0;

	while (!rc && more) {
		rc = host_lock("upkeep", err);
		if (rc)
			return rc;
		rc = settle_one(vg, stuck, &more, err);
		if (!rc && !more)
			rc = settle_spares(vg, err);
		host_unlock();
		if (more)
			pause_a_while();
	}
	return rc;
}

static int make_volumes(struct create *create, const struct recipe *recipe,
			const char *id, struct pvn_err *err)
{
	auto_create_facts struct create_facts facts = { 0 };
	auto_plan struct pvn_plan plan = { 0 };
	const struct create_request req = {
		.name = "spare",
		.template = recipe->template,
		.memory = recipe->memory_bytes,
		.vcpus = recipe->vcpus,
		.type = recipe->type,
		.disk = recipe->disk_bytes,
		.nic.bridge = recipe->bridge,
		.start = true,
		.spare = id,
	};
	struct spare spare = { .id = (char *)id };
	int rc = create_facts_read(&facts, err);

	if (!rc)
		rc = create_plan(&req, &facts, create, &plan, err);
	if (rc)
		return rc;
	/* first, so that what is made has an owner */
	spare.recipe = create->recipe;
	spare.uuid = create->conf.uuid;
	spare.mac = create->conf.vifs[0].mac;
	rc = spare_write(&spare, err);
	if (!rc)
		rc = plan_run(&plan, create, NULL, err);
	if (rc) {
		autofree char *path = spare_path(".", id, "");

		unlink(path);
	}
	create->template = NULL; /* one of the facts' */
	return rc;
}

static int make_spare(struct pvn_err *err)
{
	auto_recipe struct recipe recipe = { 0 };
	auto_create struct create create = { 0 };
	char id[17];
	uint64_t random;
	int rc = recipe_wanted(&recipe, err);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return pvn_err_errno(err, errno, "no random numbers");
	snprintf(id, sizeof(id), "%016" PRIx64, random);
	rc = mkdir_p(SPARES, 0700, err);
	if (!rc)
		rc = make_volumes(&create, &recipe, id, err);
	if (!rc)
		puts(id);
	return rc;
}

/* So that the next command need not. */
static void refresh_cache(const char *vg)
{
	auto_volumes struct volume_list volumes = { 0 };
	struct pvn_err ignored = { 0 };

	volumes_read(vg, &volumes, &ignored);
}

int upkeep_run(int argc, char **argv)
{
	auto_host struct host host = { 0 };
	struct settle_stuck stuck = { 0 };
	struct pvn_err err = { 0 };
	int rc;

	if (argc > 1 || (argc == 1 && strcmp(argv[0], "--spare"))) {
		fputs("usage: paravane upkeep [--spare]\n", stderr);
		return PVN_EXIT_USAGE;
	}
	progress_log();
	rc = host_read(&host, &err);
	if (!rc)
		rc = settle(host.vg, &stuck, &err);
	if (!rc && argc)
		rc = make_spare(&err);
	if (!rc && stuck.paths.n) {
		err = stuck.first;
		rc = err.code;
	}
	strlist_free(&stuck.paths);
	if (rc) {
		fprintf(stderr, "paravane upkeep: %s\n", err.msg);
		return PVN_EXIT_FAILED;
	}
	refresh_cache(host.vg);
	return PVN_EXIT_OK;
}
