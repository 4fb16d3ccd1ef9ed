/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tar.c: read a tar archive from a stream, member by member. */
#include <errno.h>
#include <string.h>
#include "tar.h"

/* Long names and pax records are held in memory: no honest one comes near. */
#define MAX_META (1024 * 1024)
#define MAX_META_IN_A_ROW 16
#define MAX_XATTRS (1024 * 1024)

/* Where the fields of a header are: offset and length. */
#define NAME 0, 100
#define MODE 100, 8
#define UID 108, 8
#define GID 116, 8
#define SIZE 124, 12
#define MTIME 136, 12
#define CHECKSUM 148, 8
#define LINK 157, 100
#define MAJOR 329, 8
#define MINOR 337, 8
#define PREFIX 345, 155
#define TYPE 156
#define MAGIC 257

static char *text_field(const unsigned char *b, size_t at, size_t len)
{
	return xasprintf("%.*s", (int)len, (const char *)b + at);
}

/* Octal digits, or GNU's and star's binary numbers for what does not fit. Returns false
 * when it is neither. */
static bool number_field(const unsigned char *b, size_t at, size_t len,
			 uint64_t *v_r)
{
	uint64_t v = 0;
	size_t i = at;

	if (b[at] == 0x80) {
		for (i = at + 1; i < at + len; i++) {
			if (v >> 55)
				return false;
			v = v << 8 | b[i];
		}
		*v_r = v;
		return true;
	}
	while (i < at + len && b[i] == ' ')
		i++;
	for (; i < at + len && b[i] >= '0' && b[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(b[i] - '0');
	*v_r = v;
	return i == at + len || !b[i] || b[i] == ' ';
}

bool tar_is_header(const unsigned char *block, size_t len)
{
	uint64_t wanted = 0;
	uint64_t sum = 0;

	if (len < TAR_BLOCK || !block[0] ||
	    !number_field(block, CHECKSUM, &wanted))
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	return sum == wanted;
}

static void member_free(struct tar_member *m)
{
	free(m->name);
	free(m->link);
	for (size_t i = 0; i < m->n_xattrs; i++) {
		free(m->xattrs[i].name);
		free(m->xattrs[i].value);
	}
	free(m->xattrs);
	*m = (struct tar_member){ 0 };
}

void tar_open(struct tar *tar, struct image_src *src)
{
	*tar = (struct tar){ .src = src };
}

void tar_close(struct tar *tar)
{
	member_free(&tar->member);
}

static int too_early(const struct tar *tar, struct pvn_err *err)
{
	return pvn_err(err, -EBADMSG, "'%s' ends too early", tar->src->name);
}

static int damaged(const struct tar *tar, const char *what, struct pvn_err *err)
{
	return pvn_err(err, -EBADMSG, "'%s' is a damaged tar archive: %s",
		       tar->src->name, what);
}

static int skip(struct tar *tar, struct pvn_err *err)
{
	char buf[16384];

	tar->left += tar->padding;
	tar->padding = 0;
	while (tar->left) {
		size_t want = tar->left < sizeof(buf) ? (size_t)tar->left
						      : sizeof(buf);
		ssize_t n = image_src_read(tar->src, buf, want, err);

		if (n < 0)
			return (int)n;
		if ((size_t)n < want)
			return too_early(tar, err);
		tar->left -= want;
	}
	return 0;
}

static void begin_data(struct tar *tar, uint64_t size)
{
	tar->left = size;
	tar->padding = (unsigned int)(-size % TAR_BLOCK);
}

/* What extended headers said about the next member. */
struct extended {
	struct tar_member m;
	bool has_size, has_uid, has_gid, has_mtime;
	bool sparse;
	size_t xattr_bytes;
};

static void take_string(char **member, const char *value)
{
	free(*member);
	*member = xstrdup(value);
}

static void take_number(uint64_t *member, bool *has, const char *value)
{
	*member = strtoull(value, NULL, 10);
	*has = true;
}

static void take_xattr(struct extended *x, const char *name, const char *value,
		       size_t len)
{
	struct tar_member *m = &x->m;

	x->xattr_bytes += sizeof(*m->xattrs) + strlen(name) + len;
	if (x->xattr_bytes > MAX_XATTRS)
		return;
	m->xattrs = xrealloc(m->xattrs, (m->n_xattrs + 1) * sizeof(*m->xattrs));
	m->xattrs[m->n_xattrs] = (struct tar_xattr){
		.name = xstrdup(name), .value = xcalloc(1, len + 1), .len = len
	};
	memcpy(m->xattrs[m->n_xattrs++].value, value, len);
}

#define XATTR "SCHILY.xattr."
#define SPARSE "GNU.sparse."

static void take_record(struct extended *x, const char *key, const char *value,
			size_t len)
{
	uint64_t n = 0;

	if (!strcmp(key, "path"))
		take_string(&x->m.name, value);
	else if (!strcmp(key, "linkpath"))
		take_string(&x->m.link, value);
	else if (!strcmp(key, "size"))
		take_number(&x->m.size, &x->has_size, value);
	else if (!strcmp(key, "mtime"))
		take_number(&x->m.mtime, &x->has_mtime, value);
	else if (!strcmp(key, "uid"))
		take_number(&n, &x->has_uid, value), x->m.uid = (unsigned int)n;
	else if (!strcmp(key, "gid"))
		take_number(&n, &x->has_gid, value), x->m.gid = (unsigned int)n;
	else if (!strncmp(key, SPARSE, strlen(SPARSE)))
		x->sparse = true;
	else if (!strncmp(key, XATTR, strlen(XATTR)))
		take_xattr(x, key + strlen(XATTR), value, len);
}

/* Records are "LENGTH KEY=VALUE\n"; the length counts all of it. */
static int take_pax(struct tar *tar, struct extended *x, char *text,
		    struct pvn_err *err)
{
	size_t size = (size_t)tar->member.size;

	for (char *p = text; p < text + size && *p;) {
		char *rest = NULL;
		size_t len = strtoul(p, &rest, 10);
		char *eq;

		if (*rest != ' ' || len < 5 ||
		    len > (size_t)(text + size - p) || rest + 3 > p + len ||
		    p[len - 1] != '\n')
			return damaged(tar, "bad pax header", err);
		p[len - 1] = '\0';
		eq = strchr(rest + 1, '=');
		if (!eq)
			return damaged(tar, "bad pax header", err);
		*eq = '\0';
		take_record(x, rest + 1, eq + 1,
			    (size_t)(p + len - 1 - (eq + 1)));
		p += len;
	}
	return 0;
}

/* Data of a member that is only about the next one. */
static int read_meta(struct tar *tar, char **text_r, struct pvn_err *err)
{
	begin_data(tar, tar->member.size);
	return tar_read_text(tar, MAX_META, text_r, err);
}

static int take_extended(struct tar *tar, unsigned char type,
			 struct extended *x, struct pvn_err *err)
{
	autofree char *text = NULL;
	int rc = read_meta(tar, &text, err);

	if (rc)
		return rc;
	switch (type) {
	case 'L':
		take_string(&x->m.name, text);
		return 0;
	case 'K':
		take_string(&x->m.link, text);
		return 0;
	case 'x':
		rc = take_pax(tar, x, text, err);
		if (!rc && x->xattr_bytes > MAX_XATTRS)
			rc = damaged(tar, "a member has too many attributes",
				     err);
		return rc;
	default: /* 'g': of the whole archive, such as a commit's id */
		return 0;
	}
}

static int read_block(struct tar *tar, unsigned char *block,
		      struct pvn_err *err)
{
	ssize_t n = image_src_read(tar->src, block, TAR_BLOCK, err);

	if (n < 0)
		return (int)n;
	if (n == TAR_BLOCK && !block[0]) {
		tar->end = true;
		return 0;
	}
	if (n < TAR_BLOCK)
		return too_early(tar, err);
	if (!tar_is_header(block, TAR_BLOCK))
		return damaged(tar, "a header's checksum is wrong", err);
	return 0;
}

static int parse_numbers(struct tar *tar, const unsigned char *b,
			 struct pvn_err *err)
{
	struct tar_member *m = &tar->member;
	uint64_t mode, uid, gid, major, minor;

	if (!number_field(b, MODE, &mode) || !number_field(b, UID, &uid) ||
	    !number_field(b, GID, &gid) || !number_field(b, SIZE, &m->size) ||
	    !number_field(b, MTIME, &m->mtime) ||
	    !number_field(b, MAJOR, &major) || !number_field(b, MINOR, &minor))
		return damaged(tar, "a header has a bad number", err);
	if (m->size > INT64_MAX)
		return damaged(tar, "a member is too large", err);
	m->mode = (unsigned int)(mode & 07777);
	m->uid = (unsigned int)uid;
	m->gid = (unsigned int)gid;
	m->major = (unsigned int)major;
	m->minor = (unsigned int)minor;
	return 0;
}

static int parse_header(struct tar *tar, const unsigned char *b,
			struct pvn_err *err)
{
	struct tar_member *m = &tar->member;
	autofree char *name = text_field(b, NAME);

	if (!memcmp(b + MAGIC, "ustar\0", 6) && b[345]) {
		autofree char *prefix = text_field(b, PREFIX);

		m->name = xasprintf("%s/%s", prefix, name);
	} else {
		m->name = steal_ptr(&name);
	}
	m->link = text_field(b, LINK);
	return parse_numbers(tar, b, err);
}

static void apply_extended(struct tar_member *m, struct extended *x)
{
	if (x->m.name) {
		free(m->name);
		m->name = steal_ptr(&x->m.name);
	}
	if (x->m.link) {
		free(m->link);
		m->link = steal_ptr(&x->m.link);
	}
	if (x->has_size)
		m->size = x->m.size;
	if (x->has_uid)
		m->uid = x->m.uid;
	if (x->has_gid)
		m->gid = x->m.gid;
	if (x->has_mtime)
		m->mtime = x->m.mtime;
	m->xattrs = steal_ptr(&x->m.xattrs);
	m->n_xattrs = x->m.n_xattrs;
	x->m.n_xattrs = 0;
}

static void clean_name(char *name)
{
	char *from = name;
	size_t len;

	while (*from == '/' || !strncmp(from, "./", 2))
		from += *from == '/' ? 1 : 2;
	if (!strcmp(from, "."))
		from++;
	len = strlen(from);
	memmove(name, from, len + 1);
	while (len && name[len - 1] == '/')
		name[--len] = '\0';
}

static int set_type(struct tar *tar, unsigned char type, struct pvn_err *err)
{
	struct tar_member *m = &tar->member;
	size_t len = strlen(m->name);

	if (type == '\0' || type == '7')
		type = '0';
	/* before POSIX a folder was a file with '/' at the end */
	if (type == '0' && len && m->name[len - 1] == '/')
		type = '5';
	if (type < '0' || type > '6')
		return pvn_err(
			err, PVN_REFUSED,
			"'%s' has a member '%.60s' of type '%c', which is not supported",
			tar->src->name, m->name,
			type > ' ' && type < 127 ? type : '?');
	m->type = (enum tar_type)(type - '0');
	if (m->type != TAR_FILE)
		m->size = 0;
	return 0;
}

static int check_sparse(const struct tar *tar, const struct extended *x,
			struct pvn_err *err)
{
	if (!x->sparse)
		return 0;
	return pvn_err(
		err, PVN_REFUSED,
		"'%s' has a sparse member '%.60s', which is not supported: make it without '--sparse'",
		tar->src->name, tar->member.name);
}

static int next_member(struct tar *tar, struct extended *x, struct pvn_err *err)
{
	unsigned char block[TAR_BLOCK];

	for (int meta = 0; meta <= MAX_META_IN_A_ROW; meta++) {
		unsigned char type;
		int rc = read_block(tar, block, err);

		if (rc || tar->end)
			return rc;
		member_free(&tar->member);
		rc = parse_header(tar, block, err);
		if (rc)
			return rc;
		type = block[TYPE];
		if (type && strchr("LKxg", type)) {
			rc = take_extended(tar, type, x, err);
			if (!rc)
				rc = skip(tar, err);
			if (rc)
				return rc;
			continue;
		}
		apply_extended(&tar->member, x);
		rc = check_sparse(tar, x, err);
		if (!rc)
			rc = set_type(tar, type, err);
		clean_name(tar->member.name);
		begin_data(tar, tar->member.size);
		return rc ? rc : 1;
	}
	return damaged(tar, "too many extended headers in a row", err);
}

int tar_next(struct tar *tar, struct pvn_err *err)
{
	struct extended x = { 0 };
	int rc = tar->end ? 0 : skip(tar, err);

	if (rc || tar->end)
		return rc;
	rc = next_member(tar, &x, err);
	member_free(&x.m);
	return rc;
}

ssize_t tar_read(struct tar *tar, void *buf, size_t len, struct pvn_err *err)
{
	ssize_t n;

	if (len > tar->left)
		len = (size_t)tar->left;
	if (!len)
		return 0;
	n = image_src_read(tar->src, buf, len, err);
	if (n < 0)
		return n;
	if ((size_t)n < len)
		return too_early(tar, err);
	tar->left -= len;
	return n;
}

int tar_read_text(struct tar *tar, size_t limit, char **text_r,
		  struct pvn_err *err)
{
	autofree char *text = NULL;
	ssize_t n;

	if (tar->left > limit)
		return damaged(tar, "a header or description is too long", err);
	text = xcalloc(1, (size_t)tar->left + 1);
	n = tar_read(tar, text, (size_t)tar->left, err);
	if (n < 0)
		return (int)n;
	*text_r = steal_ptr(&text);
	return 0;
}

void tar_header(unsigned char block[TAR_BLOCK], const char *name, uint64_t size)
{
	unsigned int sum = 0;

	memset(block, 0, TAR_BLOCK);
	snprintf((char *)block, 100, "%s", name);
	snprintf((char *)block + 100, 8, "%07o", 0644U);
	snprintf((char *)block + 108, 8, "%07o", 0U);
	snprintf((char *)block + 116, 8, "%07o", 0U);
	if (size >> 33) { /* GNU's binary form */
		block[124] = 0x80;
		for (int i = 0; i < 8; i++)
			block[128 + i] = (unsigned char)(size >> (56 - 8 * i));
	} else {
		snprintf((char *)block + 124, 12, "%011llo",
			 (unsigned long long)size);
	}
	snprintf((char *)block + 136, 12, "%011o", 0U);
	block[TYPE] = '0';
	memcpy(block + MAGIC,
	       "ustar\0"
	       "00",
	       8);
	memset(block + 148, ' ', 8);
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
	block[155] = ' ';
}
