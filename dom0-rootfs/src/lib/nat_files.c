/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nat_files.c: nat0's files: its network, the guests' addresses, DHCP's setup. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include "file.h"
#include "nat.h"
#include "run.h"

#define GUESTS "/state/guests"
#define SPARES \
	"/run/paravane/spares" /* of guests to come; see ../guest/spare.h */
#define LOCK "/run/paravane/nat.lock"
#define CONTROL "/run/service/nat/supervise/control"

int nat_read(struct subnet *net_r, struct pvn_err *err)
{
	auto_kv struct kv_list conf = { 0 };
	const char *text;
	int rc;

	if (!file_exists(NAT_CONF))
		return pvn_err(err, -ENOENT, "'%s' is not set up yet: no '%s'",
			       NAT_BRIDGE, NAT_CONF);
	rc = kv_read(&conf, NAT_CONF, err);
	if (rc)
		return rc;
	text = kv_get(&conf, "address");
	rc = text ? subnet_parse(text, net_r, err)
		  : pvn_err(err, -EINVAL, "no 'address'");
	if (!rc)
		rc = nat_check(net_r, err);
	return rc ? pvn_err_wrap(err, "'%s'", NAT_CONF) : 0;
}

static int read_leases(struct kv_list *leases, struct pvn_err *err)
{
	return file_exists(NAT_LEASES) ? kv_read(leases, NAT_LEASES, err) : 0;
}

/* The host's own name servers, but those that only it can reach. */
static char *host_dns(void)
{
	autofree char *text = NULL;
	struct pvn_err ignored;
	char *found = xstrdup("");
	char *save = NULL;

	if (file_read("/etc/resolv.conf", &text, &ignored))
		return found;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char server[IP_TEXT] = "";
		uint32_t address;
		char *more;

		if (sscanf(line, "nameserver %15s", server) != 1 ||
		    !ip_parse(server, &address) || address >> 24 == 127)
			continue;
		more = xasprintf("%s%s%s", found, *found ? " " : "", server);
		free(found);
		found = more;
	}
	return found;
}

static int write_dhcp(const struct subnet *net, const struct kv_list *leases,
		      struct pvn_err *err)
{
	autofree char *dns = host_dns();
	autofree char *text = nat_dhcp_text(net, leases, dns);

	return file_write(NAT_DHCP_CONF, text, 0644, err);
}

int nat_write_dhcp(const struct subnet *net, struct pvn_err *err)
{
	auto_kv struct kv_list leases = { 0 };
	int rc = read_leases(&leases, err);

	return rc ? rc : write_dhcp(net, &leases, err);
}

void nat_restart(void)
{
	autoclose int fd = open(CONTROL, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	/* When it isn't running, it will read all as it starts. */
	if (fd >= 0 && write(fd, "t", 1) < 0)
		pvn_log("cannot write '%s': %s", CONTROL, strerror(errno));
}

/* All configurations in the folder, behind those that are in @all. */
static void add_confs(const char *folder, char **all)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		autofree char *path = xasprintf("%s/%s", folder, entry->d_name);
		autofree char *text = NULL;
		struct pvn_err ignored;
		char *more;

		if (entry->d_name[0] == '.' || file_read(path, &text, &ignored))
			continue;
		more = xasprintf("%s%s", *all, text);
		free(*all);
		*all = more;
	}
	if (dir)
		closedir(dir);
}

/* Take back what guests have that are no more. Done only when all is given away:
 * a guest that is made again gets its old address. */
static void prune(struct kv_list *leases, const char *but)
{
	autofree char *confs = xstrdup("");

	add_confs(GUESTS, &confs);
	add_confs(SPARES, &confs);
	for (size_t i = leases->n; i-- > 0;) {
		autofree char *mac = xstrdup(leases->v[i].key);

		if (strcasecmp(mac, but) && !strcasestr(confs, mac))
			kv_remove(leases, mac);
	}
}

static int new_lease(const struct subnet *net, struct kv_list *leases,
		     const char *mac, uint32_t *address_r, struct pvn_err *err)
{
	int rc;

	*address_r = lease_add(leases, net, mac);
	if (!*address_r) {
		prune(leases, mac);
		*address_r = lease_add(leases, net, mac);
	}
	if (!*address_r)
		return pvn_err(
			err, -ENOSPC,
			"no address is left in '%s': choose a larger network in '%s'",
			NAT_BRIDGE, NAT_CONF);
	rc = kv_write(leases, NAT_LEASES, 0644, err);
	if (!rc)
		rc = write_dhcp(net, leases, err);
	if (!rc)
		nat_restart();
	return rc;
}

int nat_lock(struct pvn_err *err)
{
	int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	pvn_err_errno(err, errno, "cannot lock '%s'", LOCK);
	if (fd >= 0)
		close(fd);
	return err->code;
}

int nat_lease(const char *mac, uint32_t *address_r, struct pvn_err *err)
{
	auto_kv struct kv_list leases = { 0 };
	autoclose int lock = -1;
	struct subnet net;
	int rc = nat_read(&net, err);

	if (rc)
		return rc;
	lock = nat_lock(err);
	if (lock < 0)
		return lock;
	rc = read_leases(&leases, err);
	if (rc)
		return rc;
	*address_r = lease_find(&leases, &net, mac);
	return *address_r ? 0 : new_lease(&net, &leases, mac, address_r, err);
}
