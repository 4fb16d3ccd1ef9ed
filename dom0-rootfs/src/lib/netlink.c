/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink.c: messages to the kernel's network parts, made by hand. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include "mem.h"
#include "netlink.h"

#define RECEIVE_BYTES (64 * 1024)

int netlink_open(struct netlink *nl, int protocol, struct pvn_err *err)
{
	*nl = NETLINK_CLOSED;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0)
		return pvn_err_errno(err, errno,
				     "cannot open a netlink socket");
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	free(nl->buf);
	*nl = NETLINK_CLOSED;
}

/* Room at the end of the buffer, zeroed, and aligned as all of netlink is. */
static void *append(struct netlink *nl, size_t len)
{
	size_t room = NLMSG_ALIGN(len);
	char *at;

	nl->buf = xrealloc(nl->buf, nl->len + room);
	at = nl->buf + nl->len;
	memset(at, 0, room);
	nl->len += room;
	return at;
}

/* The message is as long as the buffer is from its start. */
static void update_length(struct netlink *nl)
{
	struct nlmsghdr *msg = (void *)(nl->buf + nl->message);

	msg->nlmsg_len = (uint32_t)(nl->len - nl->message);
}

void netlink_message(struct netlink *nl, uint16_t type, uint16_t flags,
		     const void *head, size_t len)
{
	struct nlmsghdr *msg;

	nl->message = nl->len;
	msg = append(nl, sizeof(*msg));
	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	msg->nlmsg_seq = ++nl->seq;
	if (flags & NLM_F_ACK)
		nl->acks++;
	memcpy(append(nl, len), head, len);
	update_length(nl);
}

void netlink_attr(struct netlink *nl, uint16_t type, const void *data,
		  size_t len)
{
	struct nlattr *attr = append(nl, NLA_HDRLEN + len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((char *)attr + NLA_HDRLEN, data, len);
	update_length(nl);
}

void netlink_string(struct netlink *nl, uint16_t type, const char *s)
{
	netlink_attr(nl, type, s, strlen(s) + 1);
}

size_t netlink_begin(struct netlink *nl, uint16_t type)
{
	size_t nest = nl->len;

	netlink_attr(nl, type | NLA_F_NESTED, "", 0);
	return nest;
}

void netlink_end(struct netlink *nl, size_t nest)
{
	struct nlattr *attr = (void *)(nl->buf + nest);

	attr->nla_len = (uint16_t)(nl->len - nest);
}

static int send_all(struct netlink *nl, const char *what, struct pvn_err *err)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n = sendto(nl->fd, nl->buf, nl->len, 0,
			   (const struct sockaddr *)&kernel, sizeof(kernel));

	nl->len = 0;
	if (n < 0)
		return pvn_err_errno(err, errno, "cannot ask the kernel for %s",
				     what);
	return 0;
}

static int receive(struct netlink *nl, char *buf, size_t *len_r,
		   const char *what, struct pvn_err *err)
{
	ssize_t n;

	do {
		n = recv(nl->fd, buf, RECEIVE_BYTES, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return pvn_err_errno(err, n ? errno : EPIPE,
				     "no answer of the kernel about %s", what);
	*len_r = (size_t)n;
	return 0;
}

/* 0 also for the acknowledgement of a message that succeeded. */
static int message_error(const struct nlmsghdr *msg)
{
	const struct nlmsgerr *e = NLMSG_DATA(msg);

	return msg->nlmsg_type == NLMSG_ERROR ? e->error : 0;
}

int netlink_send(struct netlink *nl, const char *what, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, RECEIVE_BYTES);
	unsigned int left = nl->acks;
	size_t len = 0;
	int rc;

	nl->acks = 0;
	rc = send_all(nl, what, err);
	while (!rc && left) {
		const struct nlmsghdr *msg = (const void *)buf;

		rc = receive(nl, buf, &len, what, err);
		for (; !rc && NLMSG_OK(msg, len); msg = NLMSG_NEXT(msg, len)) {
			int code = message_error(msg);

			if (code)
				return pvn_err_errno(err, -code,
						     "the kernel refused %s",
						     what);
			left -= msg->nlmsg_type == NLMSG_ERROR && left;
		}
	}
	return rc;
}

int netlink_dump(struct netlink *nl,
		 void (*each)(void *arg, const struct nlmsghdr *msg), void *arg,
		 const char *what, struct pvn_err *err)
{
	autofree char *buf = xcalloc(1, RECEIVE_BYTES);
	bool ended = false, changed = false;
	size_t len = 0;
	int rc;

	rc = send_all(nl, what, err);
	while (!rc && !ended) {
		const struct nlmsghdr *msg = (const void *)buf;

		rc = receive(nl, buf, &len, what, err);
		for (; !rc && !ended && NLMSG_OK(msg, len);
		     msg = NLMSG_NEXT(msg, len)) {
			int code = message_error(msg);

			if (code)
				return pvn_err_errno(err, -code,
						     "the kernel refused %s",
						     what);
			changed |= msg->nlmsg_flags & NLM_F_DUMP_INTR;
			ended = msg->nlmsg_type == NLMSG_DONE ||
				msg->nlmsg_type == NLMSG_ERROR;
			if (!ended)
				each(arg, msg);
		}
	}
	if (!rc && changed)
		rc = pvn_err(err, -EAGAIN, "%s changed while it was read",
			     what);
	return rc;
}

const struct nlattr *netlink_find(const void *data, size_t len, uint16_t type)
{
	const char *at = data;

	while (len >= NLA_HDRLEN) {
		const struct nlattr *attr = (const void *)at;
		size_t step = NLA_ALIGN(attr->nla_len);

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > len)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		at += step;
		len -= step < len ? step : len;
	}
	return NULL;
}
