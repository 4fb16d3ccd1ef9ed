/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mem.h: memory that can't run out (allocation failure aborts), and handles
 * that close themselves at the end of their scope. */
#ifndef PVN_MEM_H
#define PVN_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Never return NULL; the caller frees. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline void pvn_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void pvn_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void pvn_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define autofree __attribute__((cleanup(pvn_cleanup_free)))
#define autoclose __attribute__((cleanup(pvn_cleanup_close)))
#define autofclose __attribute__((cleanup(pvn_cleanup_fclose)))

/* Take what an autofree variable holds out of it: 'return steal_ptr(&name)'. */
#define steal_ptr(pp)                         \
	__extension__({                       \
		__typeof__(*(pp)) p_ = *(pp); \
		*(pp) = NULL;                 \
		p_;                           \
	})

/* A growing list of strings, always NULL-terminated; zero-initialise it. */
struct strlist {
	char **v;
	size_t n;
};

/* Append a copy of @s. */
void strlist_add(struct strlist *list, const char *s);
void strlist_addf(struct strlist *list, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool strlist_has(const struct strlist *list, const char *s);
/* One after the other with @between between them; "" when it is empty. Caller frees. */
char *strlist_joined(const struct strlist *list, const char *between);
/* "'a', 'b'"; "" when it is empty. Caller frees. */
char *strlist_quoted(const struct strlist *list);
/* Free everything and leave an empty list. */
void strlist_free(struct strlist *list);

#define auto_strlist __attribute__((cleanup(strlist_free)))

#endif
