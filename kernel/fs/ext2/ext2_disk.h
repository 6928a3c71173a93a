/*
 * ext2_disk.h - ext2 as it lies on the disk: the Linux ext2 layout, revisions 0 and 1.
 *
 * Idea: a disk is cut into block groups of equal size. Each has a bitmap of its blocks, one of
 *       its inodes, and its part of the inode table:
 *
 *         | boot | super | descriptors | bitmaps | inode table | data … | bitmaps | inode table | …
 *         0      1 KiB                                         group 0    group 1
 *
 *       Numbers are little-endian, as this machine's. The layout is described in
 *       Documentation/filesystems/ext2.rst and in e2fsprogs' manual.
 */
#pragma once

#include "kernel/lib/types.h"

#define EXT2_SUPER_MAGIC 0xEF53
#define EXT2_SUPER_OFFSET 1024		/* bytes from the start of the disk */
#define EXT2_GOOD_OLD_REV 0
#define EXT2_DYNAMIC_REV 1
#define EXT2_GOOD_OLD_FIRST_INO 11
#define EXT2_GOOD_OLD_INODE_SIZE 128
#define EXT2_ROOT_INO 2
#define EXT2_LINK_MAX 32000
#define EXT2_NAME_LEN 255

enum ext2_state { EXT2_VALID_FS = 1, EXT2_ERROR_FS = 2 };
enum ext2_errors { EXT2_ERRORS_CONTINUE = 1, EXT2_ERRORS_RO = 2, EXT2_ERRORS_PANIC = 3 };

/* s_feature_compat: who does not know them may use the file system all the same. */
enum { EXT2_COMPAT_DIR_PREALLOC = 0x1, EXT2_COMPAT_HAS_JOURNAL = 0x4, EXT2_COMPAT_EXT_ATTR = 0x8,
       EXT2_COMPAT_RESIZE_INODE = 0x10, EXT2_COMPAT_DIR_INDEX = 0x20 };
/* s_feature_ro_compat: may read. */
enum { EXT2_RO_COMPAT_SPARSE_SUPER = 0x1, EXT2_RO_COMPAT_LARGE_FILE = 0x2,
       EXT2_RO_COMPAT_BTREE_DIR = 0x4 };
#define EXT2_RO_COMPAT_SUPP (EXT2_RO_COMPAT_SPARSE_SUPER | EXT2_RO_COMPAT_LARGE_FILE | \
			     EXT2_RO_COMPAT_BTREE_DIR)
/* s_feature_incompat: may not mount. */
enum { EXT2_INCOMPAT_COMPRESSION = 0x1, EXT2_INCOMPAT_FILETYPE = 0x2, EXT2_INCOMPAT_RECOVER = 0x4,
       EXT2_INCOMPAT_JOURNAL_DEV = 0x8, EXT2_INCOMPAT_META_BG = 0x10 };
#define EXT2_INCOMPAT_SUPP EXT2_INCOMPAT_FILETYPE

struct ext2_super_block {
	u32 s_inodes_count, s_blocks_count, s_r_blocks_count;
	u32 s_free_blocks_count, s_free_inodes_count;
	u32 s_first_data_block;		/* 1 with blocks of 1 KiB, else 0 */
	u32 s_log_block_size;		/* 1024 << this */
	u32 s_log_frag_size;
	u32 s_blocks_per_group, s_frags_per_group, s_inodes_per_group;
	u32 s_mtime, s_wtime;
	u16 s_mnt_count;
	s16 s_max_mnt_count;
	u16 s_magic, s_state, s_errors, s_minor_rev_level;
	u32 s_lastcheck, s_checkinterval, s_creator_os, s_rev_level;
	u16 s_def_resuid, s_def_resgid;
	/* from here on: revision 1 */
	u32 s_first_ino;
	u16 s_inode_size, s_block_group_nr;
	u32 s_feature_compat, s_feature_incompat, s_feature_ro_compat;
	u8 s_uuid[16];
	char s_volume_name[16], s_last_mounted[64];
	u32 s_algorithm_usage_bitmap;
	u8 s_prealloc_blocks, s_prealloc_dir_blocks;
	u16 s_reserved_gdt_blocks;
	u8 s_journal_uuid[16];
	u32 s_journal_inum, s_journal_dev, s_last_orphan;
	u32 s_hash_seed[4];
	u8 s_def_hash_version, s_jnl_backup_type;
	u16 s_desc_size;
	u32 s_default_mount_opts, s_first_meta_bg;
	u32 s_reserved[190];
};
_Static_assert(sizeof(struct ext2_super_block) == 1024, "the superblock is 1 KiB");

struct ext2_group_desc {
	u32 bg_block_bitmap, bg_inode_bitmap, bg_inode_table;
	u16 bg_free_blocks_count, bg_free_inodes_count, bg_used_dirs_count, bg_flags;
	u32 bg_reserved[3];
};
_Static_assert(sizeof(struct ext2_group_desc) == 32, "32 bytes a group");

#define EXT2_NDIR_BLOCKS 12
enum { EXT2_IND_BLOCK = 12, EXT2_DIND_BLOCK, EXT2_TIND_BLOCK, EXT2_N_BLOCKS };

struct ext2_inode {
	u16 i_mode, i_uid;
	u32 i_size, i_atime, i_ctime, i_mtime, i_dtime;
	u16 i_gid, i_links_count;
	u32 i_blocks;			/* of 512 bytes, those of the tree included */
	u32 i_flags, i_osd1;
	u32 i_block[EXT2_N_BLOCKS];	/* or a short symbolic link's text */
	u32 i_generation, i_file_acl;
	u32 i_size_high;		/* of a directory: its ACL's block */
	u32 i_faddr;
	u16 i_reserved, i_pad, i_uid_high, i_gid_high;
	u32 i_reserved2;
};
_Static_assert(sizeof(struct ext2_inode) == 128, "the first 128 bytes are revision 0's");

/* i_flags */
enum { EXT2_SYNC_FL = 0x8, EXT2_IMMUTABLE_FL = 0x10, EXT2_APPEND_FL = 0x20, EXT2_NOATIME_FL = 0x80,
       EXT2_INDEX_FL = 0x1000, EXT4_EXTENTS_FL = 0x80000 };

/* One name; rec_len leads to the next one, and never across a block's end. */
struct ext2_dir_entry {
	u32 inode;			/* 0: free */
	u16 rec_len;
	u8 name_len, file_type;		/* file_type: with EXT2_INCOMPAT_FILETYPE */
	char name[];
};
#define EXT2_DIR_HEAD 8U
static inline unsigned int ext2_rec_len(unsigned int name_len)
{
	return (name_len + EXT2_DIR_HEAD + 3) & ~3U;
}
