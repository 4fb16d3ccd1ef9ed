/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_usage.c: rates from counters, and the back ends' counters from sysfs. */
#include "file.h"
#include "unit.h"
#include "usage.h"

static void put(const char *sysfs, const char *device, const char *file,
		const char *text)
{
	autofree char *path = xasprintf("%s/bus/xen-backend/devices/%s/%s",
					sysfs, device, file);
	autofree char *folder =
		xasprintf("%.*s", (int)(strrchr(path, '/') - path), path);
	struct pvn_err err = { 0 };

	assert_int_equal(mkdir_p(folder, 0755, &err), 0);
	assert_int_equal(file_write(path, text, 0644, &err), 0);
}

PVN_TEST(adds_the_back_ends_of_one_domain)
{
	autofree char *sysfs = temp_folder();
	autofree char *clean = xasprintf("rm -r %s", sysfs);
	struct counters c = { 0 };

	put(sysfs, "vbd-3-51712", "statistics/rd_sect", "2\n");
	put(sysfs, "vbd-3-51728", "statistics/rd_sect", "3\n");
	put(sysfs, "vbd-3-51712", "statistics/wr_sect", "1\n");
	put(sysfs, "vbd-33-51712", "statistics/rd_sect", "100\n");
	put(sysfs, "vif-3-0", "net/vif3.0/statistics/rx_bytes", "70\n");
	put(sysfs, "vif-3-0", "net/vif3.0/statistics/tx_bytes", "50\n");
	put(sysfs, "vif-3-1", "net/named/statistics/tx_bytes", "5\n");
	usage_back_ends(sysfs, 3, &c);
	assert_int_equal(c.disk_read, 5 * 512);
	assert_int_equal(c.disk_written, 512);
	assert_int_equal(c.net_in, 55);
	assert_int_equal(c.net_out, 70);
	usage_back_ends(sysfs, 4, &c);
	assert_int_equal(c.disk_read + c.net_in, 0);
	assert_int_equal(system(clean), 0);
}

PVN_TEST(rates)
{
	struct usage a = { .domain.id = 1,
			   .counters = { .cpu_ns = 1000, .net_in = 500 } };
	struct usage b[] = {
		{ .domain.id = 2, .counters = { .disk_read = 99 } },
		{ .domain.id = 1,
		  .counters = { .cpu_ns = 1000001000,
				.disk_read = 4000,
				.net_in = 400 } },
	};
	const struct usage_list before = { &a, 1, 10.0 };
	const struct usage_list now = { b, 2, 12.0 };
	struct rates r;

	usage_rates(&before, &now, &b[1], &r);
	assert_int_equal((int)(r.cpu_percent * 10 + 0.5), 500);
	assert_int_equal(r.disk_read, 2000);
	assert_int_equal(r.net_in, 0);
	usage_rates(&before, &now, &b[0], &r);
	assert_int_equal(r.disk_read, 0);
}
