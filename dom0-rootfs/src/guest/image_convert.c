/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_convert.c: let qemu-img read a stranger's image. */
#include <errno.h>
#include <string.h>
#include "../lib/mem.h"
#include "../lib/run.h"
#include "child.h"
#include "image_convert.h"

struct job {
	struct image_spool spool;
	const char *device; /* NULL: only measure */
	uint64_t size, data;
};

static const char *driver(enum image_format format)
{
	switch (format) {
	case IMAGE_QCOW2:
		return "qcow2";
	case IMAGE_VHD:
		return "vpc";
	case IMAGE_VHDX:
		return "vhdx";
	case IMAGE_VMDK:
		return "vmdk";
	case IMAGE_RAW:
	case IMAGE_XVA:
	case IMAGE_TAR:
	case IMAGE_TEMPLATE:
		break;
	}
	return "raw";
}

/* The size matters: some formats have something at their end. */
char *image_convert_source(enum image_format format, uint64_t bytes,
			   const char *node)
{
	return xasprintf(
		"driver=%s,file.driver=raw,file.size=%llu,file.file.driver=host_device,file.file.filename=%s",
		driver(format), (unsigned long long)((bytes + 511) / 512 * 512),
		node);
}

/* {"required": N, "fully-allocated": N} */
static int measure(const char *source, const char *format, const char *key,
		   uint64_t *bytes_r, struct pvn_err *err)
{
	autofree char *out = NULL;
	const char *at;
	int rc = pvn_run_output(PVN_ARGV("qemu-img", "measure", "--output=json",
					 "-O", format, "--image-opts", source),
				&out, err);

	if (rc)
		return rc;
	at = strstr(out, key);
	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return pvn_err(err, -EBADMSG,
			       "cannot understand '%.100s' from qemu-img", out);
	*bytes_r = strtoull(at + 1, NULL, 10);
	return 0;
}

/* Tables that overlap or lead in circles. Clusters that nobody uses (exit code 3) are what a
 * power cut leaves, and no harm. */
static int check(const struct image_spool *spool, const char *source,
		 struct pvn_err *err)
{
	int rc;

	if (spool->format != IMAGE_QCOW2)
		return 0;
	rc = PVN_RUN(err, "qemu-img", "check", "-q", "--image-opts", source);
	return rc && strstr(err->msg, "exit code 3") ? 0 : rc;
}

static int in_child(void *arg, struct pvn_err *err)
{
	struct job *job = arg;
	const struct child_device devices[] = {
		{ job->spool.device, "in", false },
		{ job->device, "out", true },
	};
	autofree char *source = image_convert_source(
		job->spool.format, job->spool.bytes, "/dev/in");
	int rc = child_isolate(err);

	if (!rc)
		rc = child_confine(devices, job->device ? 2 : 1, err);
	if (rc)
		return rc;
	if (job->device)
		return PVN_RUN(err, "qemu-img", "convert", "-n",
			       "--target-is-zero", "-O", "raw", "--image-opts",
			       source, "/dev/out");
	rc = measure(source, "raw", "\"fully-allocated\"", &job->size, err);
	/* what a qcow2 of it would need is what is in it */
	if (!rc)
		rc = measure(source, "qcow2", "\"required\"", &job->data, err);
	return rc ? rc : check(&job->spool, source, err);
}

static int watch_pool(void *gauge, struct pvn_err *err)
{
	return pool_gauge_look(gauge, err);
}

static int run_job(struct job *job, struct pool_gauge *gauge,
		   struct pvn_err *err)
{
	const struct child_watch watch = { watch_pool, gauge };
	int rc = child_run("qemu-img", in_child, job, sizeof(*job),
			   gauge ? &watch : NULL, err);

	if (rc && rc != -ENOSPC && rc != -EINTR)
		return pvn_err_wrap(err, "cannot read the %s image '%s'",
				    image_format_name(job->spool.format),
				    job->spool.name);
	return rc;
}

int image_measure(const struct image_spool *spool, uint64_t *size_r,
		  uint64_t *data_r, struct pvn_err *err)
{
	struct job job = { .spool = *spool };
	int rc = run_job(&job, NULL, err);

	*size_r = job.size;
	*data_r = job.data;
	return rc;
}

int image_convert(const struct image_spool *spool, const char *device,
		  struct pool_gauge *gauge, struct pvn_err *err)
{
	struct job job = { .spool = *spool, .device = device };

	return run_job(&job, gauge, err);
}
