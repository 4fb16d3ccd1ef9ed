/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestconf_vif.c: one network interface of a guest's xl.cfg. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "../lib/addresses.h"
#include "../lib/mem.h"
#include "guestconf.h"

/* The words of a vif, "mac=00:16:3e:..,bridge=br0". */
static const struct word {
	const char *name;
	size_t offset;
} vif_words[] = {
	{ "mac", offsetof(struct conf_vif, mac) },
	{ "bridge", offsetof(struct conf_vif, bridge) },
	{ "ip", offsetof(struct conf_vif, ip) },
	{ "rate", offsetof(struct conf_vif, rate) },
	{ "vlan", offsetof(struct conf_vif, vlan) },
	{ "vifname", offsetof(struct conf_vif, vifname) },
	{ "script", offsetof(struct conf_vif, script) },
};

#define N_VIF_WORDS (sizeof(vif_words) / sizeof(vif_words[0]))

static char **vif_member(const struct conf_vif *vif, size_t i)
{
	return (char **)((char *)vif + vif_words[i].offset);
}

char *guestconf_vif_text(const struct conf_vif *vif)
{
	char *text = NULL;
	size_t len = 0;
	const char *comma = "";
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	for (size_t i = 0; i < N_VIF_WORDS; i++) {
		const char *value = *vif_member(vif, i);

		if (!value)
			continue;
		fprintf(f, "%s%s=%s", comma, vif_words[i].name, value);
		comma = ",";
	}
	if (vif->mtu)
		fprintf(f, "%smtu=%u", comma, vif->mtu);
	if (fclose(f))
		abort();
	return text;
}

static int take_vif_word(struct conf_vif *vif, const char *word,
			 struct pvn_err *err)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : 0;
	char *end = NULL;

	for (size_t i = 0; value && i < N_VIF_WORDS; i++) {
		char **to = vif_member(vif, i);

		if (strlen(vif_words[i].name) != len ||
		    strncmp(vif_words[i].name, word, len))
			continue;
		free(*to);
		*to = xstrdup(value + 1);
		return 0;
	}
	if (!strncmp(word, "mtu=", 4)) {
		vif->mtu = (unsigned int)strtoul(word + 4, &end, 10);
		if (!*end && vif->mtu >= 68 && vif->mtu <= 65535)
			return 0;
		return pvn_err(err, -EINVAL, "bad vif: '%s' is no MTU",
			       word + 4);
	}
	if (!strcmp(word, "type=vif"))
		return 0;
	return pvn_err(err, -EINVAL, "bad vif: '%s' is not supported", word);
}

int guestconf_vif_parse(struct conf_vif *vif, const char *spec,
			struct pvn_err *err)
{
	autofree char *copy = xstrdup(spec);
	char *save = NULL;
	int rc = 0;

	for (char *word = strtok_r(copy, ",", &save); word && !rc;
	     word = strtok_r(NULL, ",", &save))
		rc = take_vif_word(vif, word + strspn(word, " "), err);
	return rc;
}

int guestconf_vif_check(const struct conf_vif *vif, struct pvn_err *err)
{
	struct addresses own;
	unsigned int vlan;
	uint8_t mac[6];

	if (vif->mac && guestconf_mac(vif->mac, mac))
		return pvn_err(err, -EINVAL, "bad vif: '%s' is no MAC address",
			       vif->mac);
	if (addresses_parse(&own, vif->mac, vif->ip, err) ||
	    (vif->vlan && *vif->vlan && vlan_parse(vif->vlan, &vlan, err))) {
		pvn_err_wrap(err, "bad vif");
		return -EINVAL;
	}
	return 0;
}

int guestconf_mac(const char *text, uint8_t mac[6])
{
	/* two digits each: others compare the text */
	if (strlen(text) != 17 ||
	    strspn(text, ":0123456789abcdefABCDEF") != 17 ||
	    sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0],
		   &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6)
		return -EINVAL;
	return 0;
}

void guestconf_vif_free(struct conf_vif *vif)
{
	for (size_t i = 0; i < N_VIF_WORDS; i++)
		free(*vif_member(vif, i));
}
