/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed.c: the texts of a guest's NoCloud volume. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "../lib/subnet.h"
#include "seed.h"

#define MAX_KEYS 64
#define MAX_DNS 3

static bool parse_ipv4(const char *text, uint32_t *addr_r)
{
	return ip_parse(text, addr_r) && ip_is_of_host(*addr_r);
}

static bool parse_cidr(const char *text, uint32_t *addr_r, uint32_t *mask_r)
{
	const char *slash = strchr(text, '/');
	autofree char *addr = NULL;
	unsigned long len;

	if (!slash || !isdigit((unsigned char)slash[1]) ||
	    strlen(slash + 1) > 2 ||
	    (slash[2] && !isdigit((unsigned char)slash[2])))
		return false;
	len = strtoul(slash + 1, NULL, 10);
	addr = xasprintf("%.*s", (int)(slash - text), text);
	if (len < 1 || len > 32 || !parse_ipv4(addr, addr_r))
		return false;
	*mask_r = ~UINT32_C(0) << (32 - len);
	return true;
}

static int check_dns(const char *text, struct pvn_err *err)
{
	autofree char *copy = xstrdup(text);
	char *rest = copy;
	char *word;
	uint32_t addr;
	int n = 0;

	while ((word = strsep(&rest, ","))) {
		if (!parse_ipv4(word, &addr))
			return pvn_err(
				err, -EINVAL,
				"'--dns %s': '%s' is not an IPv4 address", text,
				word);
		n++;
	}
	if (n > MAX_DNS)
		return pvn_err(err, -EINVAL, "'--dns %s': more than %d servers",
			       text, MAX_DNS);
	return 0;
}

int seed_net_check(const struct seed_net *net, struct pvn_err *err)
{
	uint32_t addr, gateway;
	uint32_t mask = 0;

	if (!net->address && (net->gateway || net->dns))
		return pvn_err(err, -EINVAL, "'--%s' needs '--ip'",
			       net->gateway ? "gateway" : "dns");
	if (!net->address)
		return 0;
	if (!parse_cidr(net->address, &addr, &mask))
		return pvn_err(
			err, -EINVAL,
			"'--ip %s' is not an address with its length, like 192.0.2.5/24",
			net->address);
	if (mask < 0xfffffffe &&
	    (!(addr & ~mask) || (addr | mask) == UINT32_MAX))
		return pvn_err(
			err, -EINVAL,
			"'--ip %s' is the network's own or its broadcast address",
			net->address);
	if (net->gateway && !parse_ipv4(net->gateway, &gateway))
		return pvn_err(err, -EINVAL,
			       "'--gateway %s' is not an IPv4 address",
			       net->gateway);
	if (net->gateway && ((gateway ^ addr) & mask))
		return pvn_err(
			err, -EINVAL,
			"'--gateway %s' is not in the network of '--ip %s'",
			net->gateway, net->address);
	if (net->gateway && gateway == addr)
		return pvn_err(err, -EINVAL,
			       "'--gateway %s' is the guest itself",
			       net->gateway);
	return net->dns ? check_dns(net->dns, err) : 0;
}

/* Does an authorized_keys line hold a key: a type and base64, maybe with options
 * before them? */
static bool is_key(const char *line)
{
	static const char *const types[] = { "ssh-ed25519 ", "ssh-rsa ",
					     "ecdsa-sha2-", "sk-ssh-ed25519@",
					     "sk-ecdsa-sha2-" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *at = strstr(line, types[i]);
		const char *blank = at ? strchr(at, ' ') : NULL;

		if (blank && (at == line || at[-1] == ' ') &&
		    !strncmp(blank + 1, "AAAA", 4))
			return true;
	}
	return false;
}

static bool is_clean(const char *line)
{
	for (; *line; line++) {
		if (iscntrl((unsigned char)*line))
			return false;
	}
	return true;
}

int seed_keys_parse(const char *text, const char *name, struct strlist *keys,
		    struct pvn_err *err)
{
	autofree char *copy = xstrdup(text);
	char *rest = copy;
	char *line;

	if (strstr(text, "PRIVATE KEY"))
		return pvn_err(
			err, -EINVAL,
			"'%s' holds a private key, give the public one (.pub)",
			name);
	for (int n = 1; (line = strsep(&rest, "\n")); n++) {
		size_t len;

		line += strspn(line, " \t");
		len = strlen(line);
		while (len && isspace((unsigned char)line[len - 1]))
			line[--len] = '\0';
		if (!len || *line == '#')
			continue;
		if (!is_clean(line) || !is_key(line))
			return pvn_err(err, -EINVAL,
				       "'%s': line %d is not an ssh public key",
				       name, n);
		strlist_add(keys, line);
	}
	if (!keys->n)
		return pvn_err(err, -EINVAL, "no ssh public key in '%s'", name);
	if (keys->n > MAX_KEYS)
		return pvn_err(err, -EINVAL, "more than %d keys in '%s'",
			       MAX_KEYS, name);
	return 0;
}

static FILE *text_start(char **text, size_t *len)
{
	FILE *f = open_memstream(text, len);

	if (!f)
		abort();
	return f;
}

static void text_end(FILE *f)
{
	if (fclose(f))
		abort();
}

/* A YAML scalar: plain where that is safe, which simple readers like better. */
static void put_scalar(const char *s, FILE *f)
{
	if (!strpbrk(s, "\"'\\") && !strstr(s, ": ") && !strstr(s, " #") &&
	    isalnum((unsigned char)*s) && s[strlen(s) - 1] != ':') {
		fputs(s, f);
		return;
	}
	fputc('\'', f);
	for (; *s; s++) {
		if (*s == '\'')
			fputc('\'', f);
		fputc(*s, f);
	}
	fputc('\'', f);
}

static void put_keys(const char *list, const struct strlist *keys, FILE *f)
{
	if (keys->n)
		fprintf(f, "%s:\n", list);
	for (size_t i = 0; i < keys->n; i++) {
		fputs("  - ", f);
		put_scalar(keys->v[i], f);
		fputc('\n', f);
	}
}

static char *user_data(const char *name, const char *user,
		       const struct strlist *keys)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = text_start(&text, &len);

	fprintf(f, "#cloud-config\nhostname: %s\n", name);
	/* For the image's own user these keys go to root as well. */
	fputs("disable_root: false\nssh_pwauth: false\n", f);
	/* The image's own user by this name: with all that it has, as sudo. */
	if (strcmp(user, "root"))
		fprintf(f, "user:\n  name: %s\n", user);
	put_keys("ssh_authorized_keys", keys, f);
	text_end(f);
	return text;
}

static void put_static(const struct seed_net *net, FILE *f)
{
	fprintf(f, "    dhcp4: false\n    addresses:\n      - %s\n",
		net->address);
	/* not 'default', which older cloud-inits don't know */
	if (net->gateway)
		fprintf(f,
			"    routes:\n      - to: 0.0.0.0/0\n        via: %s\n",
			net->gateway);
	if (net->dns) {
		autofree char *copy = xstrdup(net->dns);
		char *rest = copy;
		char *word;

		fputs("    nameservers:\n      addresses:\n", f);
		while ((word = strsep(&rest, ",")))
			fprintf(f, "        - %s\n", word);
	}
}

char *seed_network(const char *mac, const struct seed_net *net)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = text_start(&text, &len);

	fprintf(f,
		"version: 2\nethernets:\n  eth0:\n    match:\n      macaddress: '%s'\n"
		"    set-name: eth0\n",
		mac);
	if (net->address)
		put_static(net, f);
	else
		fputs("    dhcp4: true\n", f);
	text_end(f);
	return text;
}

static char *meta_data(const char *name, const char *uuid,
		       const struct strlist *keys)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = text_start(&text, &len);

	fprintf(f, "instance-id: %s\nlocal-hostname: %s\n", uuid, name);
	if (keys)
		put_keys("public-keys", keys, f);
	text_end(f);
	return text;
}

void seed_make(struct seed *seed, const char *name, const char *uuid,
	       const char *mac, const char *user, const struct strlist *keys,
	       const struct seed_net *net, const struct seed_files *files)
{
	const char *own_user = files->v[SEED_USER_DATA].text;
	const char *own_meta = files->v[SEED_META_DATA].text;
	const char *own_network = files->v[SEED_NETWORK_CONFIG].text;

	seed->meta_data =
		own_meta ? xstrdup(own_meta)
			 : meta_data(name, uuid, own_user ? keys : NULL);
	seed->user_data = own_user ? xstrdup(own_user)
				   : user_data(name, user, keys);
	seed->network_config = own_network ? xstrdup(own_network)
					   : seed_network(mac, net);
}

void seed_free(struct seed *seed)
{
	free(seed->meta_data);
	free(seed->user_data);
	free(seed->network_config);
	*seed = (struct seed){ 0 };
}
