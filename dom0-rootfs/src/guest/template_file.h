/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template_file.h: a template as one file: a tar of template.ini, maybe its signature, and the
 * compressed disk image that it names; see docs/template-file.md. */
#ifndef PVN_TEMPLATE_FILE_H
#define PVN_TEMPLATE_FILE_H

#include "export.h"
#include "image_out.h"
#include "image_src.h"
#include "tar.h"
#include "template.h"

/* The texts before the image. */
struct template_texts {
	char *ini;
	char *signature; /* of that; NULL: it has none */
};

/* Read template.ini and its signature out of the archive, which is left at the image. Refuses
 * what a template from elsewhere must not have. @dir is where it will be. The caller frees
 * the texts, also after an error. */
int template_file_open(struct tar *tar, const char *dir, struct template *t,
		       struct template_texts *texts, struct pvn_err *err);
void template_texts_free(struct template_texts *texts);

/* Write the image to @out, and check its SHA-256 and its size on the way. */
int template_file_read_image(struct tar *tar, const struct template *t,
			     struct image_out *out, struct pvn_err *err);

/* Write the whole file; the disk is read twice, first for the checksum. With the signature that it
 * came with, when what is written is what was signed. */
int template_file_write(const struct template *t, struct export_disk *disk,
			struct export_out *out, struct pvn_err *err);

#endif
