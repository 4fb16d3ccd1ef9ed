/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dropbear's options where ours differ from its defaults (default_options.h).
 * Keys only; one modern set of algorithms; nothing forwarded but TCP, which
 * 'ssh -J' to a guest needs. */
#define DROPBEAR_SVR_PASSWORD_AUTH 0
#define DROPBEAR_SVR_PAM_AUTH 0
#define DROPBEAR_CLI_PASSWORD_AUTH 0
#define DROPBEAR_X11FWD 0
#define DROPBEAR_SVR_AGENTFWD 0
#define DROPBEAR_SVR_REMOTETCPFWD 0
#define DROPBEAR_DSS 0
#define DROPBEAR_ECDSA 1
#define DROPBEAR_RSA 1
#define DROPBEAR_ED25519 1
#define DROPBEAR_DH_GROUP14_SHA1 0
#define DROPBEAR_SHA1_HMAC 0
#define DROPBEAR_3DES 0
#define DROPBEAR_SFTPSERVER 0
#define DROPBEAR_ENABLE_CBC_MODE 0
#define DO_MOTD 0
/* An idle, unauthenticated connection does not hold a slot for long. */
#define AUTH_TIMEOUT 60
#define DEFAULT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_ROOT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
