/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest.c: can this machine be a host? */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <linux/fs.h>
#include "../lib/block.h"
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/nics.h"
#include "../lib/run.h"
#include "../lib/size.h"
#include "domain.h"
#include "host.h"
#include "selftest.h"
#include "signals.h"

#define GUEST_KERNEL "/slot/boot/guest-vmlinux"
#define GUEST_NAME "host-selftest"
#define GUEST_SECONDS 60
#define LINK_SECONDS 10
#define GUEST_DIR PATH_RUN "/selftest"
#define READ_BYTES ((size_t)MIB) /* at each of a disk's three places */

__attribute__((format(printf, 3, 4))) static void
say(struct selftest_finding *f, enum selftest_verdict verdict, const char *fmt,
    ...)
{
	va_list ap;

	f->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

/* The value of the first line "@key : value" of /proc/cpuinfo. Caller frees; NULL: there is none. */
static char *cpuinfo(const char *key)
{
	autofree char *text = NULL;
	struct pvn_err ignored;
	char *at;

	if (file_read("/proc/cpuinfo", &text, &ignored))
		return NULL;
	at = strstr(text, key);
	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return NULL;
	at += 1 + strspn(at + 1, " ");
	return xasprintf("%.*s", (int)strcspn(at, "\n"), at);
}

static void look_xen(struct selftest_finding *f)
{
	struct domain_host host = { 0 };
	struct pvn_err err = { 0 };
	char total[16], free_memory[16];

	if (domain_host_read(&host, &err))
		say(f, SELFTEST_BAD, "%s", err.msg);
	else
		say(f, SELFTEST_GOOD, "%u %s, %s of memory, %s of it free",
		    host.cpus, host.cpus == 1 ? "CPU" : "CPUs",
		    size_print(host.memory_total, total),
		    size_print(host.memory_free, free_memory));
}

static void look_cpu(struct selftest_finding *f)
{
	autofree char *model = cpuinfo("model name");
	struct domain_host host = { 0 };
	struct pvn_err err = { 0 };
	const char *name = model ? model : "CPU";

	if (domain_host_read(&host, &err))
		say(f, SELFTEST_BAD, "%s", err.msg);
	else if (host.pvh)
		say(f, SELFTEST_GOOD, "%s: runs PV and PVH guests", name);
	else
		say(f, SELFTEST_NOTE,
		    "%s: runs PV guests only; PVH needs VT-x or AMD-V with nested paging, which the firmware may have switched off",
		    name);
}

static void look_iommu(struct selftest_finding *f)
{
	struct domain_host host = { 0 };
	struct pvn_err err = { 0 };

	if (domain_host_read(&host, &err))
		say(f, SELFTEST_BAD, "%s", err.msg);
	else if (host.iommu)
		say(f, SELFTEST_GOOD, "on");
	else
		say(f, SELFTEST_NOTE,
		    "none, or switched off in the firmware: a broken device can write anywhere in memory");
}

static void look_microcode(struct selftest_finding *f)
{
	autofree char *revision = cpuinfo("microcode");

	if (revision)
		say(f, SELFTEST_GOOD, "revision %s", revision);
	else
		say(f, SELFTEST_NOTE, "the CPU does not tell its revision");
}

static uint64_t sum_of(const char *pattern)
{
	glob_t found = { 0 };
	uint64_t sum = 0;

	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		autofree char *line = file_read_line(found.gl_pathv[i]);

		sum += line ? strtoull(line, NULL, 10) : 0;
	}
	globfree(&found);
	return sum;
}

static void look_memory(struct selftest_finding *f)
{
	uint64_t corrected = sum_of("/sys/devices/system/edac/mc/mc*/ce_count");
	uint64_t lost = sum_of("/sys/devices/system/edac/mc/mc*/ue_count");

	if (lost)
		say(f, SELFTEST_BAD,
		    "%llu errors that could not be corrected: replace the module that 'dmesg' names",
		    (unsigned long long)lost);
	else if (corrected)
		say(f, SELFTEST_NOTE,
		    "%llu errors were corrected: a module may be failing, see 'dmesg'",
		    (unsigned long long)corrected);
	else if (file_exists("/sys/devices/system/edac/mc/mc0"))
		say(f, SELFTEST_GOOD, "no errors, ECC watches");
	else
		say(f, SELFTEST_NOTE,
		    "no ECC, or none that is known here: errors go unnoticed");
}

/* Whoever has set no clock has one that is before this was built, which the ISO's files tell. */
static void look_clock(struct selftest_finding *f)
{
	struct stat built;
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%F %R UTC", &tm);
	if (!stat("/slot/manifest", &built) && now < built.st_mtime)
		say(f, SELFTEST_BAD,
		    "%s is before this release was built: set the clock in the firmware",
		    text);
	else
		say(f, SELFTEST_GOOD, "%s", text);
}

/* "eth0 has a link, eth1 has none"; caller frees. */
static char *list_links(size_t *links_r)
{
	struct nic_list nics = { 0 };
	char *names = xstrdup("");

	*links_r = 0;
	nics_read(&nics);
	for (size_t i = 0; i < nics.n; i++) {
		const struct nic *nic = &nics.v[i];
		char *longer =
			xasprintf("%s%s%s %s", names, i ? ", " : "", nic->name,
				  nic->carrier ? "has a link" : "has none");

		free(names);
		names = longer;
		*links_r += nic->carrier;
	}
	nics_free(&nics);
	return names;
}

/* After the start it takes seconds until a link is there. */
static void look_network(struct selftest_finding *f)
{
	const struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };
	size_t links;
	char *names = list_links(&links);

	for (int i = 0; *names && !links && i < LINK_SECONDS * 5; i++) {
		nanosleep(&tick, NULL);
		free(names);
		names = list_links(&links);
	}
	if (!*names)
		say(f, SELFTEST_BAD,
		    "no interface is known here: its driver may be missing");
	else
		say(f, links ? SELFTEST_GOOD : SELFTEST_BAD, "%s%s", names,
		    links ? "" : ": plug in a cable");
	free(names);
}

/* Returns 0, or the errno of the first place that can't be read. */
static int read_places(const char *path, uint64_t *size_r)
{
	autofree char *buf = xcalloc(1, READ_BYTES);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pvn_err ignored;

	*size_r = 0;
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, size_r))
		return errno;
	if (*size_r < READ_BYTES)
		return 0;
	for (int i = 0; i < 3; i++) {
		uint64_t at = (*size_r - READ_BYTES) / 2 * (uint64_t)i;
		int rc;

		posix_fadvise(fd, (off_t)at, READ_BYTES, POSIX_FADV_DONTNEED);
		rc = read_at(fd, buf, READ_BYTES, (off_t)at, path, &ignored);
		if (rc)
			return -rc;
	}
	return 0;
}

static bool is_optical(const char *name)
{
	return !strncmp(name, "sr", 2);
}

static void look_disks(struct selftest_finding *f)
{
	glob_t found = { 0 };
	autofree char *names = xstrdup("");
	bool bad = false;

	glob("/sys/block/*", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;
		autofree char *path = xasprintf("/dev/%s", name);
		char size[16];
		uint64_t bytes;
		char *longer;
		int rc;

		if (!block_is_disk(name) || is_optical(name))
			continue;
		rc = read_places(path, &bytes);
		if (rc == ENOMEDIUM)
			continue;
		bad = bad || rc;
		longer = xasprintf("%s%s%s (%s)%s%s", names, *names ? ", " : "",
				   name, size_print(bytes, size),
				   rc ? " can't be read: " : "",
				   rc ? strerror(rc) : "");
		free(names);
		names = longer;
	}
	globfree(&found);
	if (!*names)
		say(f, SELFTEST_BAD,
		    "no disk is known here: its controller's driver may be missing");
	else
		say(f, bad ? SELFTEST_BAD : SELFTEST_GOOD, "%s%s",
		    bad ? "" : "read at three places: ", names);
}

/* An initramfs of BusyBox alone, whose init powers the guest off. */
static int make_guest(struct pvn_err *err)
{
	static const char init[] = "#!/busybox sh\n/busybox poweroff -f\n";
	static const char config[] = "name = \"" GUEST_NAME "\"\n"
				     "type = \"pv\"\n"
				     "kernel = \"" GUEST_KERNEL "\"\n"
				     "ramdisk = \"" GUEST_DIR "/initramfs\"\n"
				     "extra = \"console=hvc0 quiet\"\n"
				     "memory = 48\n"
				     "vcpus = 1\n"
				     "on_poweroff = \"destroy\"\n"
				     "on_crash = \"preserve\"\n";
	int rc = mkdir_p(GUEST_DIR "/root", 0700, err);

	if (!rc)
		rc = file_write(GUEST_DIR "/root/init", init, 0755, err);
	if (!rc)
		rc = PVN_RUN(err, "cp", "/bin/busybox",
			     GUEST_DIR "/root/busybox");
	if (!rc && chdir(GUEST_DIR "/root"))
		rc = pvn_err_errno(err, errno, "cannot enter '%s'",
				   GUEST_DIR "/root");
	if (!rc)
		rc = pvn_run_input(PVN_ARGV("cpio", "-o", "-H", "newc", "-F",
					    GUEST_DIR "/initramfs"),
				   "init\nbusybox\n", err);
	if (!rc)
		rc = file_write(GUEST_DIR "/guest.cfg", config, 0600, err);
	return rc;
}

/* It has powered itself off: a crash is kept, and no domain is left of a power-off. */
static int wait_for_end(struct pvn_err *err)
{
	const struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };

	for (int i = 0; i < GUEST_SECONDS * 5; i++) {
		auto_domains struct domain_list domains = { 0 };
		const struct domain *d;
		int rc = domains_read(&domains, err);

		if (!rc)
			rc = signals_check(err);
		if (rc)
			return rc;
		d = domains_find(&domains, GUEST_NAME);
		if (!d)
			return 0;
		if (d->state == DOMAIN_CRASHED)
			return pvn_err(
				err, -EIO,
				"the guest crashed: see '/var/log/xen/console/guest-" GUEST_NAME
				".log' and 'xl dmesg'");
		nanosleep(&tick, NULL);
	}
	return pvn_err(err, -ETIMEDOUT, "the guest did not end within %d s",
		       GUEST_SECONDS);
}

static void look_guest(struct selftest_finding *f)
{
	struct pvn_err err = { 0 };
	struct pvn_err ignored;
	struct timespec begin, end;
	int rc;

	if (!file_exists(GUEST_KERNEL)) {
		say(f, SELFTEST_BAD, "there is no '%s' to start", GUEST_KERNEL);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	rc = make_guest(&err);
	if (!rc)
		rc = PVN_RUN(&err, "xl", "create", "-q",
			     GUEST_DIR "/guest.cfg");
	if (!rc)
		rc = wait_for_end(&err);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (rc)
		PVN_RUN(&ignored, "xl", "destroy", GUEST_NAME);
	(void)!chdir("/");
	PVN_RUN(&ignored, "rm", "-rf", GUEST_DIR);
	if (rc)
		say(f, SELFTEST_BAD, "%s", err.msg);
	else
		say(f, SELFTEST_GOOD,
		    "a PV guest was started and powered itself off, in %lld s",
		    (long long)(end.tv_sec - begin.tv_sec));
}

const struct selftest selftests[] = {
	{ "xen", look_xen, false },
	{ "cpu", look_cpu, false },
	{ "microcode", look_microcode, false },
	{ "iommu", look_iommu, false },
	{ "memory", look_memory, false },
	{ "clock", look_clock, false },
	{ "network", look_network, false },
	{ "disks", look_disks, false },
	{ "guest", look_guest, true },
	{ NULL, NULL, false },
};

const char *selftest_verdict_name(enum selftest_verdict verdict)
{
	static const char *const names[] = {
		[SELFTEST_GOOD] = "good",
		[SELFTEST_NOTE] = "note",
		[SELFTEST_BAD] = "bad",
	};

	return names[verdict];
}
