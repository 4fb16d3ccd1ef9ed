/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vif.c: make a guest's vif a port of a bridge. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <syslog.h>
#include <linux/sockios.h>
#include "../lib/addresses.h"
#include "../lib/file.h"
#include "../lib/mem.h"
#include "../lib/nat.h"
#include "guard.h"
#include "hotplug.h"
#include "neighbour.h"

#define SYS_NET "/sys/class/net"
#define BACKENDS "/local/domain/0/backend/vif"

/* An ioctl on interface @name, with the request's other members set in *req. */
static int ifr_ioctl(unsigned long call, const char *name, struct ifreq *req,
		     const char *what, struct pvn_err *err)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return pvn_err_errno(err, errno, "cannot open a socket");
	strcpy(req->ifr_name, name); /* its length was checked */
	if (ioctl(fd, call, req))
		return pvn_err_errno(err, errno, "cannot %s '%s'", what, name);
	return 0;
}

static int check_ifname(const char *name, struct pvn_err *err)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strchr(name, '/') ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return pvn_err(err, -EINVAL, "'%s' is no interface name", name);
	return 0;
}

static bool if_exists(const char *name)
{
	autofree char *path = xasprintf(SYS_NET "/%s", name);

	return file_exists(path);
}

static bool is_bridge(const char *name)
{
	autofree char *path = xasprintf(SYS_NET "/%s/bridge", name);

	return file_exists(path);
}

/* The only bridge that there is, for a vif without one in its configuration. */
static char *default_bridge(void)
{
	DIR *dir = opendir(SYS_NET);
	struct dirent *entry;
	char *found = NULL;
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !is_bridge(entry->d_name))
			continue;
		free(found);
		found = xstrdup(entry->d_name);
		n++;
	}
	if (dir)
		closedir(dir);
	if (n != 1) {
		free(found);
		found = NULL;
	}
	return found;
}

/* libxl writes "xenbr0" when the guest's configuration names none. */
static int find_bridge(const struct hotplug *hp, char **bridge_r,
		       struct pvn_err *err)
{
	autofree char *bridge = hp_read(hp, hp->path, "bridge");
	int rc;

	if (!bridge || !*bridge ||
	    (!strcmp(bridge, "xenbr0") && !if_exists(bridge))) {
		free(bridge);
		bridge = default_bridge();
		if (!bridge)
			return pvn_err(
				err, -ENODEV,
				"no bridge is named in the guest's configuration, and the host doesn't have exactly one");
	}
	rc = check_ifname(bridge, err);
	if (rc)
		return rc;
	if (!if_exists(bridge))
		return pvn_err(err, -ENODEV, "there is no bridge '%s'", bridge);
	if (!is_bridge(bridge))
		return pvn_err(err, -ENODEV, "'%s' is not a bridge", bridge);
	*bridge_r = steal_ptr(&bridge);
	return 0;
}

static int set_up(const char *dev, bool up, struct pvn_err *err)
{
	struct ifreq req = { 0 };
	int rc;

	rc = ifr_ioctl(SIOCGIFFLAGS, dev, &req, "read the flags of", err);
	if (rc)
		return rc;
	if (up)
		req.ifr_flags |= IFF_UP;
	else
		req.ifr_flags &= ~IFF_UP;
	return ifr_ioctl(SIOCSIFFLAGS, dev, &req,
			 up ? "bring up" : "bring down", err);
}

static int rename_if(const char *from, const char *to, struct pvn_err *err)
{
	struct ifreq req = { 0 };

	strcpy(req.ifr_newname, to); /* its length was checked */
	return ifr_ioctl(SIOCSIFNAME, from, &req, "rename", err);
}

/* The highest MAC that is no broadcast: the bridge takes the lowest of its
 * ports' for itself, and must not change when a guest comes. */
static int set_mac(const char *dev, struct pvn_err *err)
{
	struct ifreq req = { 0 };

	req.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(req.ifr_hwaddr.sa_data, "\xfe\xff\xff\xff\xff\xff", 6);
	return ifr_ioctl(SIOCSIFHWADDR, dev, &req, "set the MAC address of",
			 err);
}

/* The back end's "mtu", or the bridge's; the guest is told which. */
static int set_mtu(const struct hotplug *hp, const char *dev,
		   const char *bridge, struct pvn_err *err)
{
	autofree char *text = hp_read(hp, hp->path, "mtu");
	autofree char *front = hp_read(hp, hp->path, "frontend");
	struct ifreq req = { 0 };
	char *end = NULL;
	long mtu = 0;
	int rc;

	if (text && *text) {
		mtu = strtol(text, &end, 10);
		if (*end || mtu < 68 || mtu > 65535)
			return pvn_err(err, -EINVAL, "'%s' is no MTU", text);
	} else {
		rc = ifr_ioctl(SIOCGIFMTU, bridge, &req, "read the MTU of",
			       err);
		if (rc)
			return rc;
		mtu = req.ifr_mtu;
	}
	req.ifr_mtu = (int)mtu;
	rc = ifr_ioctl(SIOCSIFMTU, dev, &req, "set the MTU of", err);
	if (rc)
		return rc;
	if (front && *front) {
		autofree char *node = xasprintf("%s/mtu", front);
		autofree char *value = xasprintf("%ld", mtu);

		/* For information: a guest lives without. */
		xs_write(hp->xs, XBT_NULL, node, value, strlen(value));
	}
	return 0;
}

/* dom0 itself doesn't speak on a guest's port. */
static int no_ipv6(const char *dev, struct pvn_err *err)
{
	autofree char *path =
		xasprintf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", dev);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : /* a kernel without IPv6 */
			       pvn_err_errno(err, errno, "cannot open '%s'",
					     path);
	if (write(fd, "1\n", 2) != 2)
		return pvn_err_errno(err, errno, "cannot write '%s'", path);
	return 0;
}

/* The bridge that @dev is a port of, or NULL. Caller frees. */
static char *master_of(const char *dev)
{
	autofree char *path = xasprintf(SYS_NET "/%s/master", dev);
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	slash = strrchr(target, '/');
	return xstrdup(slash ? slash + 1 : target);
}

static int bridge_port(unsigned long call, const char *bridge, const char *dev,
		       struct pvn_err *err)
{
	struct ifreq req = { .ifr_ifindex = (int)if_nametoindex(dev) };
	int rc;

	if (!req.ifr_ifindex)
		return pvn_err_errno(err, errno, "cannot find interface '%s'",
				     dev);
	rc = ifr_ioctl(call, bridge, &req,
		       call == SIOCBRADDIF ? "add a port to"
					   : "remove a port from",
		       err);
	return rc ? pvn_err_wrap(err, "'%s'", dev) : 0;
}

static int join_bridge(const char *dev, const char *bridge, struct pvn_err *err)
{
	autofree char *master = master_of(dev);
	int rc;

	if (master && !strcmp(master, bridge))
		return 0;
	if (master) {
		rc = bridge_port(SIOCBRDELIF, master, dev, err);
		if (rc)
			return rc;
	}
	return bridge_port(SIOCBRADDIF, bridge, dev, err);
}

/* On nat0 each has the address that DHCP gives it, and no other. */
static int nat_ip(const char *mac, char **ip_r, struct pvn_err *err)
{
	char text[IP_TEXT];
	uint32_t address;
	int rc = nat_lease(mac, &address, err);

	if (!rc)
		*ip_r = xstrdup(ip_print(address, text));
	return rc;
}

/* Where it may not send what it likes. */
static int own_addresses(const struct hotplug *hp, const char *bridge,
			 struct addresses *own, struct pvn_err *err)
{
	autofree char *mac = hp_read(hp, hp->path, "mac");
	autofree char *ip = hp_read(hp, hp->path, "ip");
	int rc = 0;

	if (mac && !ip && !strcmp(bridge, NAT_BRIDGE))
		rc = nat_ip(mac, &ip, err);
	if (rc || hp->open)
		return rc;
	return addresses_parse(own, mac ? mac : "", ip, err);
}

/* A guest that runs, whose guard was lost. @node: its back end's, @vif: netback's
 * name for its interface */
static int guard_again(const struct hotplug *hp, const char *node,
		       const char *vif, struct pvn_err *err)
{
	const struct hotplug other = { .xs = hp->xs, .path = node };
	autofree char *vifname = hp_read(hp, node, "vifname");
	autofree char *bridge = hp_read(hp, node, "bridge");
	autofree char *script = hp_read(hp, node, "script");
	const char *dev = vifname && *vifname ? vifname : vif;
	struct addresses own = { 0 };
	int rc = check_ifname(dev, err);

	if (rc || !if_exists(dev) || (script && strstr(script, "vif-open")))
		return rc;
	rc = own_addresses(&other, bridge ? bridge : "", &own, err);
	return rc ? rc : guard_set(dev, &own, err);
}

static void guard_all_again(const struct hotplug *hp)
{
	unsigned int n_domains = 0;
	autofree char **domains =
		xs_directory(hp->xs, XBT_NULL, BACKENDS, &n_domains);

	syslog(LOG_WARNING,
	       "the guard against forged addresses was gone, all guests get it again");
	for (unsigned int i = 0; domains && i < n_domains; i++) {
		autofree char *path = xasprintf(BACKENDS "/%s", domains[i]);
		unsigned int n = 0;
		autofree char **vifs = xs_directory(hp->xs, XBT_NULL, path, &n);

		for (unsigned int j = 0; vifs && j < n; j++) {
			autofree char *node = xasprintf("%s/%s", path, vifs[j]);
			autofree char *vif =
				xasprintf("vif%s.%s", domains[i], vifs[j]);
			struct pvn_err err = { 0 };

			if (guard_again(hp, node, vif, &err))
				syslog(LOG_ERR, "'%s' has no guard: %s", vif,
				       err.msg);
		}
	}
}

/* What it may send, before it can send anything. */
static int guard(const struct hotplug *hp, const char *dev,
		 const struct addresses *own, struct pvn_err *err)
{
	struct pvn_err why = { 0 };
	int rc;

	if (hp->open)
		return guard_clear(dev, err);
	rc = guard_set(dev, own, err);
	if (rc != -ENOENT)
		return rc;
	/* Not loaded yet, or somebody's 'nft flush ruleset' removed it. To load it fails,
	 * too, when somebody else was faster. */
	guard_load(&why);
	guard_all_again(hp);
	rc = guard_set(dev, own, err);
	return rc == -ENOENT ? pvn_err(err, rc, "%s", why.msg) : rc;
}

static int join_vlan(const struct hotplug *hp, const char *dev,
		     const char *bridge, struct pvn_err *err)
{
	autofree char *text = hp_read(hp, hp->path, "vlan");
	unsigned int vlan = 0;
	int rc;

	if (!text || !*text)
		return 0;
	rc = vlan_parse(text, &vlan, err);
	return rc ? rc : vlan_join(bridge, dev, vlan, err);
}

static int vif_online(const struct hotplug *hp, const char *vif,
		      const char *vifname, struct pvn_err *err)
{
	autofree char *bridge = NULL;
	const char *dev = vifname ? vifname : vif;
	struct addresses own = { 0 };
	int rc;

	rc = find_bridge(hp, &bridge, err);
	if (!rc)
		rc = own_addresses(hp, bridge, &own, err);
	if (!rc)
		rc = guard(hp, dev, &own, err);
	if (rc)
		return rc;
	if (vifname && !if_exists(vifname)) {
		rc = rename_if(vif, vifname, err);
		if (rc)
			return rc;
	}
	rc = set_up(dev, false, err);
	if (!rc)
		rc = set_mac(dev, err);
	if (!rc)
		rc = no_ipv6(dev, err);
	if (!rc)
		rc = set_mtu(hp, dev, bridge, err);
	if (!rc)
		rc = join_bridge(dev, bridge, err);
	if (!rc) /* the port is still down: nothing passes in between */
		rc = join_vlan(hp, dev, bridge, err);
	if (!rc)
		rc = set_up(dev, true, err);
	if (rc)
		return rc;
	neighbours_forget(bridge, &own);
	return hp_connected(hp, err);
}

/* netback usually removed the interface before we come here. */
static int leave_bridge(const char *dev, struct pvn_err *err)
{
	autofree char *master = master_of(dev);
	int rc;

	if (!master)
		return 0;
	rc = bridge_port(SIOCBRDELIF, master, dev, err);
	if (!rc)
		rc = set_up(dev, false, err);
	return rc && if_exists(dev) ? rc : 0;
}

static int vif_offline(const char *dev, struct pvn_err *err)
{
	struct pvn_err why = { 0 };
	int rc = leave_bridge(dev, err);
	int cleared = guard_clear(dev, &why);

	return rc || !cleared ? rc : pvn_err(err, cleared, "%s", why.msg);
}

int vif_run(const struct hotplug *hp, struct pvn_err *err)
{
	autofree char *vifname = hp_read(hp, hp->path, "vifname");
	const char *vif = getenv("vif");
	bool named = vifname && *vifname;
	autoclose int lock = -1;
	int rc;

	if (strcmp(hp->type, "vif"))
		return 0; /* a tap is QEMU's; there is none here */
	if (!vif || !*vif)
		return pvn_err(err, -EINVAL,
			       "no interface in the environment's 'vif'");
	rc = check_ifname(vif, err);
	if (!rc && named)
		rc = check_ifname(vifname, err);
	if (rc)
		return rc;
	lock = hp_lock("vif", err);
	if (lock < 0)
		return lock;
	if (!strcmp(hp->action, "online") || !strcmp(hp->action, "add"))
		return vif_online(hp, vif, named ? vifname : NULL, err);
	if (!strcmp(hp->action, "offline") || !strcmp(hp->action, "remove"))
		return vif_offline(named ? vifname : vif, err);
	return pvn_err(err, -EINVAL, "unknown action '%s'", hp->action);
}
