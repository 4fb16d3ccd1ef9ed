/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checks.h: is the value of an answer key right? Each returns NULL when it is, else what was
 * expected (static), and may tidy @v up. */
#ifndef PVN_CHECKS_H
#define PVN_CHECKS_H

const char *check_hostname(char *v);
const char *check_timezone(char *v);
const char *check_ntp(char *v);
const char *check_ipv4(char *v);
const char *check_ipv6(char *v);
const char *check_cidr(char *v);
const char *check_cidr6(char *v);
const char *check_dns(char *v);
const char *check_nic(char *v);
const char *check_vlan(char *v);
const char *check_ssh_key(char *v);
const char *check_password_hash(char *v);
const char *check_size(char *v);
const char *check_base64(char *v);
const char *check_text(char *v);
const char *check_args(char *v);
const char *check_http(char *v);
const char *check_url(char *v);

#endif
