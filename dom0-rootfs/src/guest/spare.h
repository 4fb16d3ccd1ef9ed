/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spare.h: guests that are made ahead of need.
 *
 * A spare has all that a guest has but its name, its address and what only its seed says: the
 * volumes "spare-ID-xvda" and "spare-ID-seed", and a domain ".spare-ID" that is built and
 * paused. 'guest create' takes one that is like the guest that is asked for, writes the
 * seed and the guest's file, and guestd gives the domain its name and address and lets it run. The
 * volumes get the names of a guest's a moment later, see settle.h.
 *
 * Who is what is in files below SPARES: "ID.cfg" is the domain's xl.cfg; the description
 * is ".ID" until guestd has built the domain, "ID" while it can be taken, and "ID.taken"
 * until guestd has started it. All but guestd hold the commands' lock for a change. */
#ifndef PVN_SPARE_H
#define PVN_SPARE_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/mem.h"

#define SPARES "/run/paravane/spares"
/* What the guest was like that was created last; spares are made like it. */
#define SPARE_WANTED "/run/paravane/spare-wanted"
#define SPARE_DOMAIN ".spare-"
#define SPARE_VOLUME "spare-"
#define SPARE_ID_LEN 16 /* hexadecimal digits */

/* In what way guests made of a template differ. All strings are owned. */
struct recipe {
	char *template;
	char *version;
	char *sha256; /* of the template's image */
	char *type; /* "pv" or "pvh" */
	char *bridge;
	uint64_t memory_bytes;
	uint64_t disk_bytes;
	unsigned int vcpus;
};

struct spare {
	char *id;
	struct recipe recipe;
	char *uuid;
	char *mac;
};

struct spare_list {
	struct spare *v;
	size_t n;
};

/* The spares that can be taken. What can't be understood is left out. */
void spares_read(struct spare_list *list);
void spares_free(struct spare_list *list);

/* The first that is as @recipe says, or NULL. */
const struct spare *spares_find(const struct spare_list *list,
				const struct recipe *recipe);

/* The description of the spare @id in the file whose name begins with @before. */
int spare_read(const char *before, const char *id, struct spare *spare,
	       struct pvn_err *err);

/* Take it: nobody else can from now on. And give it back. */
int spare_take(const char *id, struct pvn_err *err);
int spare_give_back(const char *id, struct pvn_err *err);

/* Write its description, not to be taken yet. */
int spare_write(const struct spare *spare, struct pvn_err *err);
/* "SPARES/<before><id><behind>". Caller frees. */
char *spare_path(const char *before, const char *id, const char *behind);
/* "spare-<id>-xvda". Caller frees. */
char *spare_volume(const char *id, const char *disk);
/* Of which spare is the volume whose name begins so? NULL: of none. Caller frees. */
char *spare_of_volume(const char *volume);

bool recipe_same(const struct recipe *a, const struct recipe *b);
void recipe_free(struct recipe *recipe);
/* Remember it as the one that is wanted. */
int recipe_want(const struct recipe *recipe, struct pvn_err *err);
/* The one that is wanted; -ENOENT: none is. */
int recipe_wanted(struct recipe *recipe, struct pvn_err *err);

void spare_free(struct spare *spare);

#define auto_spares __attribute__((cleanup(spares_free)))
#define auto_recipe __attribute__((cleanup(recipe_free)))

#endif
