/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nvram.c: the boot entry in a UEFI firmware's memory.
 *
 * The host starts without it, from the file that each firmware looks for (EFI/BOOT/BOOTX64.EFI). The
 * entry names it in the firmware's menu and puts it first. The formats are those of the UEFI
 * specification: 3.1.3 (load options), 10.3 (device paths). */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "file.h"
#include "install.h"
#include "run.h"

#define VARS "/sys/firmware/efi/efivars"
#define GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c" /* EFI_GLOBAL_VARIABLE */
#define MAGIC 0xde5e81e4 /* of efivarfs */
#define ATTRIBUTES 7 /* kept, while booting, at run time */
#define HEAD 4 /* bytes of a variable's file before its content: attributes */
#define ACTIVE 1

struct out {
	uint8_t *at;
	size_t len;
};

static void put_le(struct out *out, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out->at[out->len++] = (uint8_t)(value >> (8 * i));
}

/* As UCS-2, with its end. */
static void put_text(struct out *out, const char *text)
{
	do
		put_le(out, (unsigned char)*text, 2);
	while (*text++);
}

/* The first three fields of a GUID are numbers, little-endian. */
static void put_guid(struct out *out, const char *guid)
{
	static const uint8_t order[16] = { 3, 2, 1,  0,	 5,  4,	 7,  6,
					   8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t bytes[16] = { 0 };
	size_t digits = 0;

	for (; *guid && digits < 32; guid++) {
		int c = tolower((unsigned char)*guid);

		if (!isxdigit(c))
			continue;
		bytes[digits / 2] =
			(uint8_t)(bytes[digits / 2] << 4 |
				  (c > '9' ? c - 'a' + 10 : c - '0'));
		digits++;
	}
	for (size_t i = 0; i < 16; i++)
		out->at[out->len++] = bytes[order[i]];
}

size_t nvram_load_option(uint8_t option[NVRAM_OPTION_MAX], uint64_t start,
			 uint64_t sectors, unsigned int number,
			 const char *guid)
{
	static const char file[] = "\\EFI\\BOOT\\BOOTX64.EFI";
	const size_t disk_len = 42, file_len = 4 + 2 * sizeof(file);
	struct out out = { .at = option };

	put_le(&out, ACTIVE, 4);
	put_le(&out, disk_len + file_len + 4, 2);
	put_text(&out, NVRAM_NAME);
	put_le(&out, 0x0104, 2); /* media: a partition */
	put_le(&out, disk_len, 2);
	put_le(&out, number, 4);
	put_le(&out, start, 8);
	put_le(&out, sectors, 8);
	put_guid(&out, guid);
	put_le(&out, 0x0202, 2); /* of a GPT, by its GUID */
	put_le(&out, 0x0404, 2); /* media: a file on it */
	put_le(&out, file_len, 2);
	put_text(&out, file);
	put_le(&out, 0x0004ff7f, 4); /* the end */
	return out.len;
}

bool nvram_is_ours(const uint8_t *option, size_t len)
{
	uint8_t name[2 * sizeof(NVRAM_NAME)];
	struct out out = { .at = name };

	put_text(&out, NVRAM_NAME);
	return len >= 6 + out.len && !memcmp(option + 6, name, out.len);
}

size_t nvram_put_first(uint16_t *order, size_t n, uint16_t number)
{
	size_t kept = 1;
	uint16_t next = number;

	/* each moves one up, until the place where ours was */
	for (size_t i = 0; i < n; i++) {
		uint16_t now = order[i];

		order[i] = next;
		if (now == number)
			return n;
		next = now;
		kept++;
	}
	order[n] = next;
	return kept;
}

size_t nvram_drop(uint16_t *order, size_t n, uint16_t number)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (order[i] != number)
			order[kept++] = order[i];
	}
	return kept;
}

static char *var_path(const char *name)
{
	return xasprintf(VARS "/%s-" GUID, name);
}

/* All of it in one go, as the firmware takes it. */
static int write_var(const char *name, const void *data, size_t len,
		     struct pvn_err *err)
{
	autofree char *path = var_path(name);
	autofree uint8_t *all = xcalloc(1, HEAD + len);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return pvn_err_errno(err, errno, "can't make '%s'", name);
	all[0] = ATTRIBUTES;
	memcpy(all + HEAD, data, len);
	if (write(fd, all, HEAD + len) != (ssize_t)(HEAD + len))
		return pvn_err_errno(err, errno, "can't write '%s'", name);
	return 0;
}

/* Caller frees; NULL: there is none. */
static uint8_t *read_var(const char *name, size_t *len_r)
{
	autofree char *path = var_path(name);
	uint8_t *data;
	struct pvn_err ignored;

	if (file_read_bytes(path, &data, len_r, &ignored))
		return NULL;
	if (*len_r < HEAD) {
		free(data);
		return NULL;
	}
	*len_r -= HEAD;
	memmove(data, data + HEAD, *len_r);
	return data;
}

/* Our entry, be it of an install before this one, or the first number that is free. */
static uint16_t find_number(bool *ours_r)
{
	DIR *dir = opendir(VARS);
	bool used[256] = { false };
	unsigned int number = 0;
	struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir))) {
		autofree uint8_t *option = NULL;
		char name[9];
		size_t len;

		if (sscanf(e->d_name, "Boot%4x-", &number) != 1 ||
		    e->d_name[8] != '-')
			continue;
		snprintf(name, sizeof(name), "%.8s", e->d_name);
		option = read_var(name, &len);
		found = option && nvram_is_ours(option, len);
		if (number < 256)
			used[number] = true;
	}
	if (dir)
		closedir(dir);
	*ours_r = found;
	for (unsigned int i = 0; !found && i < 256; i++) {
		number = i;
		found = !used[i];
	}
	return (uint16_t)number;
}

static int change_order(size_t (*change)(uint16_t *, size_t, uint16_t),
			uint16_t number, struct pvn_err *err)
{
	size_t len = 0;
	autofree uint8_t *old = read_var("BootOrder", &len);
	size_t n = old ? len / 2 : 0;
	autofree uint16_t *order = xcalloc(n + 1, sizeof(*order));

	/* little-endian, as we are */
	if (n)
		memcpy(order, old, n * 2);
	n = change(order, n, number);
	return write_var("BootOrder", order, n * 2, err);
}

static int write_entry(const struct install *in, struct pvn_err *err)
{
	const struct part *esp = &in->layout.part[PART_ESP];
	const unsigned int sector = in->layout.sector_size;
	uint8_t option[NVRAM_OPTION_MAX];
	bool ours;
	uint16_t number = find_number(&ours);
	char guid[40];
	char name[9];
	size_t len;
	autoclose int fd = device_open(in->disk->path, false, err);
	int rc = fd < 0 ? fd
			: gpt_part_guid(fd, in->disk->path, sector, PART_ESP,
					guid, err);

	if (rc)
		return rc;
	len = nvram_load_option(option, esp->start / sector, esp->size / sector,
				PART_ESP + 1, guid);
	snprintf(name, sizeof(name), "Boot%04X", number);
	pvn_log("%s: '" NVRAM_NAME "', partition %s", name, guid);
	rc = write_var(name, option, len, err);
	return rc ? rc : change_order(nvram_put_first, number, err);
}

static int remove_entry(struct pvn_err *err)
{
	bool ours;
	uint16_t number = find_number(&ours);
	autofree char *name = xasprintf("Boot%04X", number);
	autofree char *path = var_path(name);

	if (!ours)
		return 0;
	if (unlink(path))
		return pvn_err_errno(err, errno, "can't remove '%s'", name);
	return change_order(nvram_drop, number, err);
}

static int mount_vars(bool *mounted_r, struct pvn_err *err)
{
	struct pvn_err ignored;
	struct statfs fs;
	int rc;

	*mounted_r = false;
	PVN_RUN(&ignored, "modprobe", "efivarfs");
	if (!statfs(VARS, &fs) && (uint32_t)fs.f_type == MAGIC)
		return 0;
	rc = device_mount("efivarfs", VARS, "efivarfs", 0, "", err);
	*mounted_r = !rc;
	return rc;
}

static void unmount_vars(bool mounted)
{
	struct pvn_err ignored;

	if (mounted)
		device_unmount(VARS, &ignored);
}

int nvram_write(void *ctx, struct pvn_err *err)
{
	bool mounted;
	int rc = mount_vars(&mounted, err);

	if (!rc)
		rc = write_entry(ctx, err);
	unmount_vars(mounted);
	if (!rc)
		return 0;
	printf("warning: the firmware was not told of the host: %s; it starts "
	       "from the disk as it is\n",
	       err->msg);
	pvn_log("%s", err->msg);
	*err = (struct pvn_err){ 0 };
	return 0;
}

int nvram_undo(void *ctx, struct pvn_err *err)
{
	bool mounted;
	int rc = mount_vars(&mounted, err);

	(void)ctx;
	if (!rc)
		rc = remove_entry(err);
	unmount_vars(mounted);
	return rc;
}
