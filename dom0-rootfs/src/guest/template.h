/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template.h: what guests are made from. A template is a folder with a
 * template.ini and a compressed disk image; it is only ever read. */
#ifndef PVN_TEMPLATE_H
#define PVN_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/err.h"

struct template
{
	char *dir;
	char *name;
	char *version;
	char *type; /* "auto", "pv" or "pvh" */
	char *kernel;
	char *cmdline;
	char *disk; /* the image's file name in dir */
	char *sha256; /* of the image as it is there, compressed */
	char *user; /* who gets the ssh keys */
	char *description;
	char *signed_by; /* whose key: NAME.pub, as the host found at the import; "": no key of its own */
	uint64_t disk_bytes;
	uint64_t memory_bytes;
	unsigned int vcpus;
};

struct template_list {
	struct template *v;
	size_t n;
};

/* Read one template.ini and check all of it. Without 'disk' and 'sha256' it is one
 * whose image is only in its volume. */
int template_read(const char *path, struct template *t, struct pvn_err *err);
int template_parse(const char *text, const char *path, struct template *t,
		   struct pvn_err *err);
/* The text of a template.ini. Caller frees. */
char *template_text(const struct template *t);
/* Can what template_text() writes be read again, and is it the same? */
int template_check(const struct template *t, struct pvn_err *err);
void template_free(struct template *t);

/* The template.ini as it came, when it was signed, and its signature: files in the template's
 * folder, with its version in their names. Caller frees. */
char *template_signed_ini(const struct template *t);
char *template_signed_signature(const struct template *t);
/* Remove those of this version; or of all of them, also if there is no template.ini of it any more. */
void template_forget_signed(const struct template *t, bool all);

/* Read all <folder>/<name>/template.ini, sorted by name; the list must be
 * zero-initialised. A folder that doesn't exist has none; a bad template is an
 * error. */
int templates_read(const char *folder, struct template_list *list,
		   struct pvn_err *err);
/* The same for those that came with this host and those that were added to it. */
int templates_read_host(struct template_list *list, struct pvn_err *err);
/* Was it added? Then its image is in its volume and nowhere else. */
bool template_is_users(const struct template *t);
/* Append a template to the list, which owns it from then on. */
void templates_add(struct template_list *list, struct template *t);
void templates_free(struct template_list *list);

#define auto_templates __attribute__((cleanup(templates_free)))

/* The template of that name; when there is none, *err lists those there are. */
const struct template *templates_find(const struct template_list *list,
				      const char *name, struct pvn_err *err);

/* May @t be added to those there are? *old_r: the one that it replaces, of its name and of another
 * version, or NULL. One of the same version, and one that came with the host, stay. */
int templates_admit(const struct template_list *list, const struct template *t,
		    const struct template **old_r, struct pvn_err *err);

/* How large a guest's disk is unless told: the image's size, at least 1 GiB. The template's volume
 * is as large, so that a snapshot of it need not grow. */
uint64_t template_volume_bytes(const struct template *t);

/* Name of the volume that holds a template's disk. Caller frees. */
char *template_volume(const struct template *t);

/* Check the image's SHA-256, then write it to the block device @device, a new
 * thin volume. Of that whole chunks of @chunk bytes that are zero are left out, and no parts
 * of a chunk: a pool need not clear the rest of a chunk that is written in part. */
int template_write(const struct template *t, const char *device, uint64_t chunk,
		   struct pvn_err *err);

#endif
