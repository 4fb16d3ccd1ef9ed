/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed.h: what a guest is told at its first boot: a cloud-init NoCloud volume. */
#ifndef PVN_SEED_H
#define PVN_SEED_H

#include <stdbool.h>
#include "../lib/err.h"
#include "../lib/mem.h"

/* The guest's address; all NULL: it asks by DHCP. */
struct seed_net {
	const char *address; /* "192.0.2.5/24" */
	const char *gateway; /* or NULL */
	const char *dns; /* comma separated, or NULL */
};

/* The three files' texts. */
struct seed {
	char *meta_data;
	char *user_data;
	char *network_config;
};

/* Files of the user's own, used as they are; the paths are borrowed, the texts owned.
 * What is NULL is made from the other options. */
struct seed_file {
	const char *option; /* "user-data" */
	const char *path; /* "-": standard input */
	char *text;
};

enum { SEED_USER_DATA, SEED_META_DATA, SEED_NETWORK_CONFIG, SEED_FILES };

struct seed_files {
	struct seed_file v[SEED_FILES];
};

#define SEED_FILE_MAX (512 * 1024)

/* Read those that have a path. */
int seed_files_read(struct seed_files *files, struct pvn_err *err);
void seed_files_free(struct seed_files *files);

#define auto_seed_files __attribute__((cleanup(seed_files_free)))

/* Is it what cloud-init can use, and do the options go together? @has_keys: keys
 * were given, too. */
int seed_files_check(const struct seed_files *files, const struct seed_net *net,
		     const char *user, bool has_keys, struct pvn_err *err);

/* Check --ip, --gateway and --dns. */
int seed_net_check(const struct seed_net *net, struct pvn_err *err);

/* Take the public keys, one a line, out of @text ('#' lines and blank ones are
 * skipped). @name is for the message. No key at all is an error. */
int seed_keys_parse(const char *text, const char *name, struct strlist *keys,
		    struct pvn_err *err);

/* The text of @file ("-": standard input) and @key, one public key, each of which may be NULL;
 * NULL without both. Caller frees. And where it is from, for messages. */
int seed_keys_read(const char *key, const char *file, char **text_r,
		   struct pvn_err *err);
const char *seed_keys_name(const char *key, const char *file);

/* Beside user-data of the user's own the keys go into the meta-data. */
void seed_make(struct seed *seed, const char *name, const char *uuid,
	       const char *mac, const char *user, const struct strlist *keys,
	       const struct seed_net *net, const struct seed_files *files);
void seed_free(struct seed *seed);

/* Make a FAT filesystem on @device with these files. */
int seed_write(const struct seed *seed, const char *device,
	       struct pvn_err *err);

/* The text of a network-config. Caller frees. */
char *seed_network(const char *mac, const struct seed_net *net);

/* What a clone's seed says otherwise than the one that it was copied from. */
struct seed_clone {
	const char *name;
	const char *
		uuid; /* the new instance-id: cloud-init takes it for a first boot */
	const struct strlist *old_macs, *new_macs;
	const struct seed_net *net; /* its address, if that was given */
};

/* Change the three texts. A fixed address without a new one is PVN_REFUSED. */
int seed_clone_texts(const struct seed_clone *clone, struct seed *seed,
		     struct pvn_err *err);

/* Do so with the files on @device. */
int seed_clone(const struct seed_clone *clone, const char *device,
	       struct pvn_err *err);

/* Mount @device where only @work sees it, which gets the folder. It runs in a child, with
 * a mount namespace of its own: nothing stays mounted, whatever happens. */
int seed_mounted(const char *device,
		 int (*work)(const void *arg, const char *dir,
			     struct pvn_err *err),
		 const void *arg, struct pvn_err *err);
int seed_put_files(const void *seed, const char *dir, struct pvn_err *err);

#endif
