/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard.c: fill the sets of the table that keeps guests to their own addresses.
 *
 * Table and rules are the file GUARD_RULES, loaded once; each guest is only
 * elements of its sets, all of which begin with the interface's name. To start
 * 'nft' for them would cost more than the rest of the call. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include "../lib/guard_table.h"
#include "../lib/mem.h"
#include "../lib/netlink.h"
#include "../lib/run.h"
#include "guard.h"

#define GUARD_RULES "/usr/lib/paravane/guard.nft"
#define WHAT "the guard against forged addresses"
#define MAC_BYTES 6
#define MAX_KEY (IFNAMSIZ + 16)
/* So often a set may change while we read it. */
#define MAX_TRIES 20

enum { GUESTS, MACS, BOUND, OWN4, OWN6, N_SETS };

static const char *const set_names[N_SETS] = { "guests", "macs", "bound",
					       "own4", "own6" };

struct key {
	size_t len;
	char bytes[MAX_KEY];
};

struct keys {
	struct key *v;
	size_t n;
	const char *dev; /* whose keys these are */
};

static void keys_add(struct keys *keys, const void *bytes, size_t len)
{
	struct key *key;

	keys->v = xrealloc(keys->v, (keys->n + 1) * sizeof(*keys->v));
	key = &keys->v[keys->n++];
	*key = (struct key){ .len = len };
	memcpy(key->bytes, bytes, len);
}

static bool keys_have(const struct keys *keys, const struct key *key)
{
	for (size_t i = 0; i < keys->n; i++) {
		if (keys->v[i].len == key->len &&
		    !memcmp(keys->v[i].bytes, key->bytes, key->len))
			return true;
	}
	return false;
}

/* The interface's name, and what follows it filled up to words of four bytes. */
static void keys_make(struct keys *keys, const char *dev, const void *rest,
		      size_t len)
{
	char bytes[MAX_KEY] = { 0 };

	memcpy(bytes, dev, strlen(dev)); /* its length was checked */
	if (len)
		memcpy(bytes + IFNAMSIZ, rest, len);
	keys_add(keys, bytes, IFNAMSIZ + (len + 3) / 4 * 4);
}

static void put_batch(struct netlink *nl, uint16_t type)
{
	const struct nfgenmsg head = { .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_message(nl, type, 0, &head, sizeof(head));
}

/* The keys of @keys which @but doesn't have. */
static void put_keys(struct netlink *nl, uint16_t type, uint16_t flags,
		     const char *set, const struct keys *keys,
		     const struct keys *but)
{
	size_t list;
	bool any = false;

	for (size_t i = 0; i < keys->n && !any; i++)
		any = !keys_have(but, &keys->v[i]);
	if (!any)
		return;
	guard_message(nl, type, flags | NLM_F_ACK, set);
	list = guard_elements(nl);
	for (size_t i = 0; i < keys->n; i++) {
		if (!keys_have(but, &keys->v[i]))
			guard_element(nl, keys->v[i].bytes, keys->v[i].len);
	}
	guard_elements_end(nl, list);
}

/* Keep the keys of our interface of what a set's dump tells. */
static void take_keys(void *arg, const struct nlmsghdr *msg)
{
	struct keys *keys = arg;
	const struct nlattr *list = netlink_find(
		(const char *)NLMSG_DATA(msg) +
			NLMSG_ALIGN(sizeof(struct nfgenmsg)),
		NLMSG_PAYLOAD(msg, NLMSG_ALIGN(sizeof(struct nfgenmsg))),
		NFTA_SET_ELEM_LIST_ELEMENTS);
	const char *at = list ? NLATTR_DATA(list) : NULL;
	size_t left = list ? NLATTR_LEN(list) : 0;
	const struct nlattr *elem;

	while ((elem = netlink_find(at, left, NFTA_LIST_ELEM))) {
		const char *next =
			(const char *)elem + NLA_ALIGN(elem->nla_len);
		const struct nlattr *key = netlink_find(
			NLATTR_DATA(elem), NLATTR_LEN(elem), NFTA_SET_ELEM_KEY);
		const struct nlattr *value =
			key ? netlink_find(NLATTR_DATA(key), NLATTR_LEN(key),
					   NFTA_DATA_VALUE)
			    : NULL;
		const char *bytes = value ? NLATTR_DATA(value) : NULL;
		size_t len = value ? NLATTR_LEN(value) : 0;

		if (len >= IFNAMSIZ && len <= MAX_KEY &&
		    !strncmp(bytes, keys->dev, IFNAMSIZ))
			keys_add(keys, bytes, len);
		left = next < at + left ? (size_t)(at + left - next) : 0;
		at = next;
	}
}

static int read_set(struct netlink *nl, const char *set, struct keys *old,
		    struct pvn_err *err)
{
	int rc = -EAGAIN;

	for (int i = 0; i < MAX_TRIES && rc == -EAGAIN; i++) {
		old->n = 0;
		guard_message(nl, NFT_MSG_GETSETELEM, NLM_F_DUMP, set);
		rc = netlink_dump(nl, take_keys, old, WHAT, err);
	}
	return rc;
}

static int read_keys(struct netlink *nl, struct keys old[N_SETS],
		     const char *dev, struct pvn_err *err)
{
	int rc = 0;

	for (int i = 0; i < N_SETS && !rc; i++) {
		old[i].dev = dev;
		rc = read_set(nl, set_names[i], &old[i], err);
	}
	return rc;
}

static void make_keys(struct keys new[N_SETS], const char *dev,
		      const struct addresses *own)
{
	keys_make(&new[GUESTS], dev, NULL, 0);
	keys_make(&new[MACS], dev, own->mac, sizeof(own->mac));
	if (own->n)
		keys_make(&new[BOUND], dev, NULL, 0);
	for (size_t i = 0; i < own->n; i++)
		keys_make(&new[own->v[i].len == 4 ? OWN4 : OWN6], dev,
			  own->v[i].bytes, own->v[i].len);
}

/* That there may be none is no error. */
static void put_forget(struct netlink *nl, const char *set,
		       const struct key *key)
{
	size_t list;

	guard_message(nl, NFT_MSG_DESTROYSETELEM, NLM_F_ACK, set);
	list = guard_elements(nl);
	guard_element(nl, key->bytes, key->len);
	guard_elements_end(nl, list);
}

/* Forget the addresses that @dev, with these keys in the set of MAC addresses, was seen to have. */
static void put_not_seen(struct netlink *nl, const char *dev,
			 const struct keys *macs)
{
	struct keys keys = { 0 };

	keys_make(&keys, dev, NULL, 0);
	put_forget(nl, GUARD_SEEN, &keys.v[0]);
	for (size_t i = 0; i < macs->n; i++) {
		struct key mac = { .len = MAC_BYTES };

		memcpy(mac.bytes, macs->v[i].bytes + IFNAMSIZ, MAC_BYTES);
		put_forget(nl, GUARD_GIVEN, &mac);
	}
	free(keys.v);
}

/* Make the sets hold @new of @dev and nothing else of it. */
static int replace(struct keys new[N_SETS], const char *dev,
		   struct pvn_err *err)
{
	auto_netlink struct netlink nl = NETLINK_CLOSED;
	struct keys old[N_SETS] = { 0 };
	int rc;

	rc = netlink_open(&nl, NETLINK_NETFILTER, err);
	if (!rc)
		rc = read_keys(&nl, old, dev, err);
	if (!rc) {
		put_batch(&nl, NFNL_MSG_BATCH_BEGIN);
		for (int i = 0; i < N_SETS; i++) {
			put_keys(&nl, NFT_MSG_DELSETELEM, 0, set_names[i],
				 &old[i], &new[i]);
			put_keys(&nl, NFT_MSG_NEWSETELEM, NLM_F_CREATE,
				 set_names[i], &new[i], &old[i]);
		}
		put_not_seen(&nl, dev, &old[MACS]);
		put_batch(&nl, NFNL_MSG_BATCH_END);
		rc = netlink_send(&nl, WHAT, err);
	}
	for (int i = 0; i < N_SETS; i++)
		free(old[i].v);
	return rc;
}

int guard_set(const char *dev, const struct addresses *own, struct pvn_err *err)
{
	struct keys new[N_SETS] = { 0 };
	int rc;

	make_keys(new, dev, own);
	rc = replace(new, dev, err);
	for (int i = 0; i < N_SETS; i++)
		free(new[i].v);
	return rc;
}

int guard_load(struct pvn_err *err)
{
	return PVN_RUN(err, "nft", "-f", GUARD_RULES);
}

int guard_clear(const char *dev, struct pvn_err *err)
{
	struct keys none[N_SETS] = { 0 };
	int rc = replace(none, dev, err);

	return rc == -ENOENT ? 0 : rc;
}
