/* SPDX-License-Identifier: GPL-2.0-or-later */
/* install.h: one install: what was decided (struct install), and the pieces of
 * work that its steps are made of. */
#ifndef PVN_INSTALL_H
#define PVN_INSTALL_H

#include <stdbool.h>
#include <stdint.h>
#include "answers.h"
#include "err.h"
#include "facts.h"
#include "kv.h"
#include "layout.h"
#include "plan.h"

/* After the common exit codes: there is no answer file anywhere. Nothing was
 * touched; the caller asks the person at the console. */
#define EXIT_NO_ANSWERS 4

struct install {
	const struct answers *answers; /* borrowed */
	const struct disk *disk; /* borrowed from the facts */
	char id[9];
	enum { KEEP_NOTHING, KEEP_GUESTS, KEEP_CONFIGURATION } keep;
	char kept; /* the slot that starts, 'a' or 'b' */
	char *slot_dir; /* where the booted ISO is mounted */
	const char *
		iso; /* an image is made of this one (borrowed); NULL: it is not */
	bool bios; /* can BIOS boot from the disk */
	bool uefi; /* started us, and is told of the host */
	struct layout layout;
	struct pool_layout pool;
	char *part[N_PARTS]; /* device nodes, by role */
	char *state,
		*guests; /* the last two of these, or the mirrors of which they are a half */
	/* The same on the other disk of a RAID1: of it only disk, bios, layout and part are used. Owned;
	 * NULL: there is one disk. */
	struct install *second;
	char *vg;
	char *xen_args; /* beyond the release's own; NULL: none */
	char *kernel_args;
	char *fingerprint; /* of the host's ssh key, once that is there */
	struct pvn_plan steps; /* their context is this struct */

	/* while the steps run */
	int disk_fd; /* the only way to the raw disk, or -1 */
	int slot_fd; /* slot a, until slot b is copied from it, or -1 */
	int source_fd; /* the device with the booted ISO, or -1 */
	uint64_t iso_size;
};

/* Where the new system's file systems are mounted during the install. */
#define MNT_STATE "/run/paravane-install/state"
#define MNT_ESP "/run/paravane-install/esp"
/* The archive of the answers' [restore], once it was checked. */
#define RESTORE_ARCHIVE "/run/paravane-install/config.tgz"

/* plan.c, pure: decide everything, from facts and answers. On return *in must
 * be freed by install_free(). Returns 0, or negative with the reason of
 * the refusal. */
int install_plan(struct install *in, const struct facts *facts,
		 const struct answers *answers, const char *id,
		 const char *slot_dir, struct pvn_err *err);
void install_print(const struct install *in, FILE *f);
void install_free(struct install *in);

/* steps.c: append the steps to in->steps, in their order. */
void install_add_steps(struct install *in);

/* verify.c: read back and compare what the steps have written. */
int install_verify(struct install *in, struct pvn_err *err);

/* release.c: let go of what uses the disk: volume groups and arrays. */
int release_disk(const struct disk *disk, struct pvn_err *err);
/* Pure: LVM's name below /dev of the volume that device-mapper calls @dm_name. Caller frees. */
char *release_volume_path(const char *dm_name);

/* device.c */
/* Does the kernel have the block device @dev ("sda1")? */
bool device_is_there(const char *dev);
/* Was the disk pulled out? What is in sysfs may outlive it for a moment. */
bool device_is_lost(const struct disk *disk);
/* The number in sysfs' @file of the block device @dev ("sda1"); 0: there is none. */
uint64_t device_number(const char *dev, const char *file);
/* Wait, at most 30 s, until @path is partition @p of @disk. */
int device_wait_part(const char *disk, const char *path, const struct part *p,
		     struct pvn_err *err);
/* Open a disk or partition; @alone: fails while anything else uses it, and keeps
 * others (its partitions, too) from being used. Returns the descriptor. */
int device_open(const char *path, bool alone, struct pvn_err *err);
/* Have what is cached written, and wait for it; write_behind_at() says what for. */
int device_write_out(int fd, const char *path, struct pvn_err *err);
/* Write what is cached to the device and forget it, so that reading reads. */
int device_sync(int fd, const char *path, struct pvn_err *err);
/* mount() with a folder made for it, and umount(); it isn't mounted: fine. */
int device_mount(const char *dev, const char *dir, const char *type,
		 unsigned long flags, const char *options, struct pvn_err *err);
int device_unmount(const char *dir, struct pvn_err *err);

/* keep.c: what is done otherwise when guests are kept. The guests' partition is never written to. */
/* Can they be kept? PVN_REFUSED with the reason. At most the state's file system
 * is mended, as each start of a host does. */
int keep_check(struct install *in, struct pvn_err *err);
/* Nothing on the disk starts after this, until the last steps. */
int keep_unboot(const struct install *in, struct pvn_err *err);
/* Instead of state_make(): mount the one that is there, with what is to be replaced taken out. */
int keep_state(struct install *in, struct pvn_err *err);

/* image.c: the install is one into a file (in->iso). */
/* The note on the state partition that there is no pool yet. */
#define GROW_NOTE "grow"
/* Make the file @image, which must not be there, and facts of it alone. */
int image_facts(struct facts *facts, const char *image, const char *iso,
		struct pvn_err *err);
/* The file that holds a partition until the step 'join'. Caller frees. */
char *image_part(const char *image, enum part_role role);
/* Append the steps that make these files, and that put them into the image and remove them. */
void image_add_parts_step(struct install *in);
void image_add_join_step(struct install *in);
/* An empty folder instead of a mounted file system, and the file system made of it. */
int image_folder(const char *dir, struct pvn_err *err);
int image_fill_state(const struct install *in, struct pvn_err *err);
int image_fill_esp(const struct install *in, struct pvn_err *err);
/* What is on the ESP, to MNT_ESP. */
int image_read_esp(const struct install *in, struct pvn_err *err);

/* wipe.c: @fd is the disk (or a file, in tests), @path its name. */
/* Zero the first and the last MiB of [start, start + size), and what libblkid then recognises in it. */
int wipe_range(int fd, const char *path, uint64_t start, uint64_t size,
	       struct pvn_err *err);
/* The same for the disk and for all that its old tables, whole or damaged, call partitions. */
int wipe_old(int fd, const char *path, uint64_t size, unsigned int sector_size,
	     struct pvn_err *err);

/* gpt.c: @fd is the disk (or a file, in tests), @path its name. */
/* A BIOS which starts this disk is told to try the next. */
int gpt_unboot(int fd, const char *path, struct pvn_err *err);
/* Nothing of before boots, and nothing is found: wipe_old(). */
int gpt_wipe_old(int fd, const char *path, uint64_t size,
		 unsigned int sector_size, struct pvn_err *err);
/* Wipe inside the new partitions, write the new GPT, tell the kernel. A BIOS
 * which starts this disk is told to try the next. */
int gpt_write(int fd, const char *path, const struct layout *layout,
	      const char *id, struct pvn_err *err);
/* Make the table reach the end of the disk, and its last partition be @p. The GUIDs stay, and what is in
 * the boot sector. Sectors have 512 bytes. */
int gpt_grow(int fd, const char *path, const struct part *p,
	     struct pvn_err *err);
/* Undo gpt_write(): no table, nothing that boots. */
int gpt_erase(int fd, const char *path, uint64_t size, struct pvn_err *err);
/* The GUID of the partition @role, as text. */
int gpt_part_guid(int fd, const char *path, unsigned int sector_size,
		  enum part_role role, char guid_r[40], struct pvn_err *err);
/* Is the table on the disk the one that gpt_write() makes? */
int gpt_verify(int fd, const char *path, const struct layout *layout,
	       const char *id, struct pvn_err *err);

/* grub.c */
#define BOOT_SECTOR_SIZE 512
#define BOOT_CODE_SIZE 440 /* then come disk signature and partition table */
/* Make the boot sector from boot.img's and the disk's present one. */
int grub_patch_boot(uint8_t sector[BOOT_SECTOR_SIZE], const uint8_t *boot_img,
		    size_t boot_len, uint64_t core_lba, struct pvn_err *err);
/* Set core.img's block list for a core which starts at @core_lba. */
int grub_patch_core(uint8_t *core, size_t len, uint64_t core_lba, uint64_t room,
		    struct pvn_err *err);
/* The sector where the core image is that the boot sector @sector starts, or with @next the other one of
 * the two places in the partition; where it is none of these, the first. */
uint64_t grub_core_place(const uint8_t sector[BOOT_SECTOR_SIZE],
			 uint64_t part_lba, uint64_t part_sectors, bool next);
/* Write core image and boot sector; or only compare with what is there. */
int grub_install_bios(const struct install *in, bool only_verify,
		      struct pvn_err *err);

/* esp.c: make and fill the ESP. esp_make() writes nothing that boots. */
int esp_make(struct install *in, struct pvn_err *err);
int esp_make_bootable(struct install *in, struct pvn_err *err);
int esp_verify(struct install *in, struct pvn_err *err);
/* The block that grubenv gets. */
int esp_env(const struct install *in, char block[], struct pvn_err *err);
/* Of an ESP that is mounted: the installation that grubenv names (caller frees; NULL: none), whether
 * what is started is there at all, and whether it is what we would write. */
char *esp_installation(void);
bool esp_has_files(void);
int esp_compare_files(const struct install *in, struct pvn_err *err);
/* Mount the ESP that is there for writing; grubenv is written anew unless it is this
 * installation's. esp_make_bootable() goes on. */
int esp_mend(struct install *in, struct pvn_err *err);

/* slot.c */
/* Find the device mounted on in->slot_dir; fills source_fd and iso_size in. */
int slot_open_source(struct install *in, struct pvn_err *err);
/* The size of the ISO9660 file system on @fd. */
int slot_iso_size(int fd, const char *name, uint64_t *size_r,
		  struct pvn_err *err);
/* Bytes [start, end); a slot's first SLOT_HEAD make it an ISO to firmware. */
#define SLOT_HEAD ((uint64_t)MIB)
int slot_copy(int from, int to, uint64_t start, uint64_t end, const char *name,
	      struct pvn_err *err);
int slot_compare(int from, int to, uint64_t start, uint64_t end,
		 const char *name, struct pvn_err *err);

/* state.c: all leave it mounted. */
/* What grubenv says for longer than one start, on the state partition; the host keeps it up to date. GRUB reads
 * it where grubenv is lost, and replays no journal: it is there before the first start. */
#define BOOT_NOTES "boot"
int state_make(struct install *in, struct pvn_err *err);
/* Make the folders that it has to have, once it is mounted. */
int state_folders(struct pvn_err *err);
/* Is the file system @dev clean, or mended by what loses nothing? */
bool state_is_clean(const char *dev);
int state_configure(struct install *in, struct pvn_err *err);
int state_verify(const struct install *in, struct pvn_err *err);

/* mirror.c: the arrays over two disks, for the state's file system and the pool. Without a second disk these
 * do nothing. */
/* They are made, or where the guests are kept, started. Only with a second disk. */
void mirror_add_step(struct install *in);
/* Start those that are there already. */
int mirror_start(const struct install *in, struct pvn_err *err);
/* Start the one of @role with @halves, one or two devices, unless it runs. */
int mirror_assemble(enum part_role role, const char *id,
		    const struct strlist *halves, struct pvn_err *err);
int mirror_stop(const struct install *in, struct pvn_err *err);
/* Do both run, on both disks? */
int mirror_verify(const struct install *in, struct pvn_err *err);
/* "/dev/md/pvn-state-0a1b2c3d". Caller frees. */
char *mirror_path(enum part_role role, const char *id);

/* pool.c */
int pool_make(const struct install *in, struct pvn_err *err);
int pool_deactivate(const struct install *in, struct pvn_err *err);
int pool_verify(const struct install *in, struct pvn_err *err);

/* bootargs.c: fill facts->xen_args and kernel_args in, with what the running system was started with
 * beyond what the menu of the ISO on @slot_dir has. What can't be read is not there. */
void bootargs_read(struct facts *facts, const char *slot_dir);
/* Pure: the words of @running that are not in @own and not for one boot alone. Caller frees; NULL:
 * none, or more than an answer file may say. */
char *bootargs_extra(const char *running, const char *own);

/* nvram.c: the step "nvram": put the host first in the order of the firmware's boot entries.
 * What can't be written is a warning: whatever firmware answers, the host starts. */
int nvram_write(void *ctx, struct pvn_err *err);
int nvram_undo(void *ctx, struct pvn_err *err);
#define NVRAM_NAME "Paravane"
#define NVRAM_OPTION_MAX 256
/* Pure: the entry for \EFI\BOOT\BOOTX64.EFI on partition @number, which has this GUID and lies
 * there, in sectors. Returns its length. */
size_t nvram_load_option(uint8_t option[NVRAM_OPTION_MAX], uint64_t start,
			 uint64_t sectors, unsigned int number,
			 const char *guid);
/* Pure: is this entry called as ours is? */
bool nvram_is_ours(const uint8_t *option, size_t len);
/* Pure: @number first, once; @order has room for one more than @n. Returns how many there are. */
size_t nvram_put_first(uint16_t *order, size_t n, uint16_t number);
/* Pure: the order without @number. */
size_t nvram_drop(uint16_t *order, size_t n, uint16_t number);

/* source.c: find the answer file. @file is what --answers gave, or NULL.
 * Returns 0 with the text and what to call it in messages (caller frees), or
 * -ENOENT when there is none anywhere. */
int source_find(const char *file, char **text_r, char **name_r,
		struct pvn_err *err);
/* Mount what somebody has brought on @dev, to be read only, at *dir_r (static), until source_unmount(). */
int source_mount(const char *dev, const char **dir_r, struct pvn_err *err);
void source_unmount(void);

#endif
