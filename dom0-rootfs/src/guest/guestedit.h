/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestedit.h: change one value in the text of an xl.cfg and keep all else:
 * comments, order, blanks, as a person has written them. */
#ifndef PVN_GUESTEDIT_H
#define PVN_GUESTEDIT_H

#include <stdbool.h>
#include <stddef.h>
#include "../lib/err.h"

/* Each takes the text in *text (on the heap) and puts the changed one in its
 * place. A text that can't be understood, and a key that is set with '+=', is
 * -EINVAL and changes nothing. */

/* Set @key to @value, which is written as it is: "128" or "\"text\""; NULL removes the
 * key. A key that isn't there is added at the end; of one that is there twice
 * the last counts, as it does for Xen. */
int guestedit_set(char **text, const char *key, const char *value,
		  struct pvn_err *err);
int guestedit_set_string(char **text, const char *key, const char *value,
			 struct pvn_err *err);
int guestedit_set_number(char **text, const char *key, unsigned long long value,
			 struct pvn_err *err);

/* Change item @i of the list @key to the string @item, or remove it (NULL); one
 * behind the last is added. */
int guestedit_set_item(char **text, const char *key, size_t i, const char *item,
		       struct pvn_err *err);

/* Make it a guest of @type, see guesttype_set(). @kernel is the one in the text, or NULL: where it is GRUB,
 * it becomes the one of the type. */
int guestedit_set_type(char **text, const char *type, bool pvh,
		       const char *kernel, struct pvn_err *err);

/* Can it stand in quotes as it is? */
int guestedit_check_string(const char *value, struct pvn_err *err);

#endif
