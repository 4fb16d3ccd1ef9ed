/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink.h: messages to the kernel's network parts, made by hand: to start a
 * program for each of them would cost more than all the rest of a call. */
#ifndef PVN_NETLINK_H
#define PVN_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

struct netlink {
	int fd;
	char *buf; /* messages that are not sent yet */
	size_t len;
	size_t message; /* offset of the last one */
	unsigned int acks; /* how many answers are expected */
	uint32_t seq;
};

/* @protocol is NETLINK_ROUTE, NETLINK_NETFILTER ... */
int netlink_open(struct netlink *nl, int protocol, struct pvn_err *err);
void netlink_close(struct netlink *nl);

#define auto_netlink __attribute__((cleanup(netlink_close)))
#define NETLINK_CLOSED ((struct netlink){ .fd = -1 })

/* Begin a message; @head (of @len bytes) follows netlink's own header. */
void netlink_message(struct netlink *nl, uint16_t type, uint16_t flags,
		     const void *head, size_t len);

/* Add an attribute to it. */
void netlink_attr(struct netlink *nl, uint16_t type, const void *data,
		  size_t len);
void netlink_string(struct netlink *nl, uint16_t type, const char *s);
/* Attributes until netlink_end() are within this one. */
size_t netlink_begin(struct netlink *nl, uint16_t type);
void netlink_end(struct netlink *nl, size_t nest);

/* Send all and wait for the answers to those with NLM_F_ACK. Returns 0 or the
 * first error, of which @what is the subject. */
int netlink_send(struct netlink *nl, const char *what, struct pvn_err *err);

/* Send one message with NLM_F_DUMP; @each gets every answer. -EAGAIN: what was read
 * changed meanwhile, so that some of it may have come twice or not at all. */
int netlink_dump(struct netlink *nl,
		 void (*each)(void *arg, const struct nlmsghdr *msg), void *arg,
		 const char *what, struct pvn_err *err);

/* The attribute of @type among those in [data, data + len), or NULL. */
const struct nlattr *netlink_find(const void *data, size_t len, uint16_t type);

#define NLATTR_DATA(a) ((const void *)((const char *)(a) + NLA_HDRLEN))
#define NLATTR_LEN(a) ((size_t)(a)->nla_len - NLA_HDRLEN)

#endif
