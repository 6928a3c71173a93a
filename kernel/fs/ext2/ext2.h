/*
 * ext2.h - what ext2's files share.
 *
 * Idea: everything that is not a regular file's data goes through the pages of the device
 *       (struct ext2_buf: a page held, and where in it the block is), and is checked each time it
 *       is looked at: the disk may hold anything.
 * Locks:  in this order: a directory's i_rwsem (the VFS) · s_rename · sbi->commit (LOCK_FS_COMMIT) ·
 *         the page lock of a file's page · ei->tree (LOCK_FS_TREE) · sbi->alloc (LOCK_FS_ALLOC) · the device's page locks.
 */
#pragma once

#include "kernel/fs/ext2/ext2_disk.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/mutex.h"

/* One block of metadata in the device's page cache; @data is NULL if it is none. */
struct ext2_buf { struct page *page; u8 *data; };

/* A group: where its things are, checked when it was mounted, so that nobody can move them. */
struct ext2_group {
	u32 block_bitmap, inode_bitmap, inode_table;
};

/* Guards: c set once   a alloc   l lock-free, atomic */
struct ext2_sb_info {
	struct super_block *sb;		/* c */
	struct page *super_page;	/* c: a reference */
	struct ext2_super_block *es;	/* c: points into it; its counts: a */
	struct ext2_buf *descs;		/* c: the descriptors' blocks, held */
	struct ext2_group *groups;	/* c */
	u32 nr_groups, desc_blocks;	/* c */
	u32 blocks_count, first_data_block, blocks_per_group;	/* c */
	u32 inodes_count, inodes_per_group, inode_size, first_ino;	/* c */
	u32 itable_blocks;		/* c: of a group */
	unsigned int block_bits;	/* c: 10, 11, 12 */
	unsigned int ptrs_bits;		/* c: a block holds 1 << this block numbers */
	loff_t max_size;		/* c: of a file */
	struct mutex alloc;		/* LOCK_FS_ALLOC: bitmaps, descriptors, counts */
	u64 free_blocks, free_inodes, dirs;	/* a */
	u32 next_group;			/* a: where the next top-level directory goes */
	u16 mount_state;		/* c: s_state as it was found */
	unsigned int errors;		/* EXT2_ERRORS_*: the mount option, or s_errors */
	bool errors_set;		/* by the option */
	unsigned int wb_err;		/* c: write errors of the device before the mount (errseq.h) */
	bool mounted;			/* c: all was checked: errors are told to the disk */
	u32 overhead;			/* c: blocks that the file system needs itself */
	/* commit.c */
	struct mutex commit;		/* LOCK_FS_COMMIT: one at a time writes all metadata */
	_Atomic u64 age;		/* l: in which we live; a to move on */
	_Atomic u64 committed;		/* l: what was changed in an age up to this is on the disk */
	_Atomic u64 moved_age;		/* l: a directory was moved then */
	_Atomic u64 evicted_age;	/* l: no inode that left memory was changed after it */
	u64 *freed[2];			/* a: filters: freed in this age, and in the one being committed */
};

/* Guards: t tree   i i_rwsem   c set once   l lock-free: compared only */
struct ext2_inode_info {
	struct inode *inode;
	u32 block[EXT2_N_BLOCKS];	/* t; a short link's text: c */
	u64 blocks;			/* t: of 512 bytes */
	u32 flags, generation, file_acl, dir_acl, dtime;
	u32 group;			/* c: its own */
	u32 last_logical, last_block;	/* t: allocated last: the next one goes behind it */
	/* t: looked up last: so many blocks of the file lie in a row on the disk */
	struct ext2_run { u64 logical; u32 phys, count; } run;
	u32 dir_hint;			/* i of the directory: a block with room, or 0 */
	bool fresh;			/* t: the disk has another inode's remains there */
	bool map_changed;		/* l: size, blocks, links, since it was last written */
	bool new_tables;		/* t: it names blocks of metadata that the disk may not have */
	/* t: paths of the tree that changed, to these blocks of the file; first > last: none */
	u32 first_changed, last_changed;
	u32 nr_changes;			/* t: tells whether another path did meanwhile */
	u64 path_age;			/* t: the age (commit.c) in which the last did; 0: none */
	/* commit.c: the age in which … */
	u64 name_age;			/* t: it got its name, in directory @parent */
	unsigned long parent;		/* t: that one's number */
	bool counted;			/* t: in its @unsaved */
	u64 whole_age;			/* l: … it came to hang on more than its own metadata */
	u64 dir_age;			/* l: … its entries changed last */
	u32 unsaved;			/* t: entries, at most, that fsync() has not made safe */
	struct mutex tree;		/* LOCK_FS_TREE */
};

static inline struct ext2_sb_info *EXT2_SB(const struct super_block *sb) { return sb->s_private; }
static inline struct ext2_inode_info *EXT2_I(const struct inode *inode)
{
	return inode->i_private;
}

/* --- buf.c --- */
/* Block @nr, read. 0; -EIO (logged): outside of the disk, or unreadable; -ENOMEM. */
int ext2_bread(struct super_block *sb, u32 nr, struct ext2_buf *buf);
int ext2_bnew(struct super_block *sb, u32 nr, struct ext2_buf *buf);	/* the same, zeroed and dirty */
void ext2_bdirty(struct super_block *sb, const struct ext2_buf *buf);	/* it was changed */
void ext2_brelse(struct ext2_buf *buf);		/* NULL data is fine */

/* --- super.c --- */
/* "EXT2-fs (vda): error: func: …"; then what errors= says. May not sleep long; any lock. */
void ext2_error(struct super_block *sb, const char *func, const char *fmt, ...) __printf(3, 4);
#define EXT2_ERROR(sb, fmt, ...) ext2_error(sb, __func__, fmt, ##__VA_ARGS__)
void ext2_msg(struct super_block *sb, const char *level, const char *fmt, ...) __printf(3, 4);
extern const struct super_operations ext2_sops;
/* The descriptor of @group, in the device's pages. */
struct ext2_group_desc *ext2_group_desc(struct super_block *sb, u32 group);
void ext2_desc_dirty(struct super_block *sb, u32 group);
void ext2_super_dirty(struct super_block *sb);
int ext2_statfs(struct super_block *sb, struct statfs *st);	/* statfs.c */
u32 ext2_overhead(const struct ext2_sb_info *sbi);
static inline u32 ext2_group_first_block(const struct ext2_sb_info *sbi, u32 group)
{
	return sbi->first_data_block + group * sbi->blocks_per_group;
}
static inline u32 ext2_group_blocks(const struct ext2_sb_info *sbi, u32 group)
{
	u32 left = sbi->blocks_count - ext2_group_first_block(sbi, group);

	return MIN(left, sbi->blocks_per_group);
}
static inline bool ext2_valid_block(const struct ext2_sb_info *sbi, u32 nr)
{
	return nr > sbi->first_data_block && nr < sbi->blocks_count;
}

/* --- balloc.c: blocks. All may sleep; none is called under sbi->alloc --- */
/* A free block near @goal, taken. *err: 0, -ENOSPC, -EIO. */
u32 ext2_new_block(struct inode *inode, u32 goal, int *err);
/* @count blocks from @nr are free again; a wrong one is logged and left. */
void ext2_free_blocks(struct inode *inode, u32 nr, u32 count);
bool ext2_in_system_zone(const struct ext2_sb_info *sbi, u32 nr);
u64 ext2_count_free_blocks(struct super_block *sb, int *err);	/* at mount: by the descriptors */

/* --- ialloc.c: inodes --- */
/* A fresh inode for a name in @dir, I_NEW, i_nlink 1; ERR_PTR(-ENOSPC, -EIO, -ENOMEM). */
struct inode *ext2_new_inode(struct inode *dir, umode_t mode);
void ext2_free_inode(struct inode *inode);	/* its number is free again */

/* --- inode.c: from the disk to struct inode and back; mapping blocks --- */
struct inode *ext2_iget(struct super_block *sb, unsigned long ino);	/* ERR_PTR */
int ext2_write_inode(struct inode *inode);
loff_t ext2_inode_pos(const struct inode *inode);	/* where on the device it is */
void ext2_evict_inode(struct inode *inode);
void ext2_set_ops(struct inode *inode);		/* by its kind */
struct ext2_inode_info *ext2_alloc_info(struct inode *inode);	/* NULL */
void ext2_inode_init(void);
int ext2_setattr(struct dentry *dentry, struct iattr *attr);
int ext2_getattr(struct dentry *dentry, struct kstat *stat);

/* --- blocks.c: the tree of a file's blocks --- */
/*
 * Block @logical of the file: *phys, 0: a hole. @create: a hole gets a block, and *fresh says so:
 * its content on the disk is not the file's. 0, -EIO, -ENOSPC, -EFBIG, -ENOMEM. May sleep.
 */
int ext2_get_block(struct inode *inode, u64 logical, u32 *phys, bool create, bool *fresh);
/* Blocks that lie wholly beyond @size go. => i_size is set; nobody else maps there meanwhile */
void ext2_truncate_blocks(struct inode *inode, loff_t size);
/* The same, and how many of *@run blocks lie there in a row: inode_operations' bmap */
int ext2_bmap(struct inode *inode, u64 logical, u64 *phys, u32 *run);

/* The way to block @logical has changed. */
void ext2_path_changed(struct inode *inode, u32 logical);
/*
 * What of the changed paths is dirty goes into *open, and on its way to the disk; @wait: is waited
 * for, nothing is sent. => tree held (not for @wait). 0, -EIO
 */
int ext2_write_paths(struct inode *inode, struct blk_request **open, bool wait);

/* --- commit.c: what of the metadata is on the disk --- */
int ext2_ages_init(struct ext2_sb_info *sbi);	/* mount: 0, -ENOMEM */
void ext2_ages_free(struct ext2_sb_info *sbi);
/* All metadata that was changed up to now: on the disk. 0, the first error. May sleep. */
int ext2_commit(struct super_block *sb);
static inline bool ext2_committed(const struct ext2_sb_info *sbi, u64 age)
{
	return age <= sbi->committed;
}
/* @inode cannot be made safe but with everything else that was changed up to now. */
static inline void ext2_needs_all(struct inode *inode)
{
	EXT2_I(inode)->whole_age = EXT2_SB(inode->i_sb)->age;
}
/* @inode has a name in @dir, from now on; an entry of @dir changed. */
void ext2_named(struct inode *inode, struct inode *dir);
void ext2_dir_changed(struct inode *dir);
/* A block, or EXT2_FREED_INODE + an inode, is free again. => alloc held; the inode that had it is dirty */
void ext2_note_freed(struct ext2_sb_info *sbi, u64 what);
/* May the disk still say that somebody else has it? => alloc held */
bool ext2_was_freed(const struct ext2_sb_info *sbi, u64 what);
#define EXT2_FREED_INODE (1ULL << 32)

/* --- fsync.c --- */
int ext2_fsync(struct file *file, bool data_only);

/* --- dir.c: names in directories. => the directory's i_rwsem --- */
/* The inode number behind @name; 0 and -ENOENT, -EIO in *err. */
u32 ext2_inode_by_name(struct inode *dir, const char *name, unsigned int len, int *err);
int ext2_add_link(struct inode *dir, const char *name, unsigned int len, struct inode *inode);
int ext2_delete_entry(struct inode *dir, const char *name, unsigned int len);
/* An entry, and the block that it is in: it stays there until it is deleted. */
struct ext2_entry {
	struct ext2_buf buf;
	u32 block;			/* number within the directory */
	struct ext2_dir_entry *entry;
};
/* 0: pos->buf is to be released. -ENOENT, -EIO, -EINTR (killed). */
int ext2_find_entry(struct inode *dir, const char *name, unsigned int len, struct ext2_entry *pos);
/* It goes; it stands for @inode from now on. Neither can fail. */
void ext2_delete_found(struct inode *dir, struct ext2_entry *pos);
void ext2_set_found(struct inode *dir, struct ext2_entry *pos, struct inode *inode);
int ext2_make_empty(struct inode *dir, struct inode *parent);	/* "." and ".." */
int ext2_empty_dir(struct inode *dir);		/* 1: it is, 0, -EIO */
int ext2_readdir(struct file *file, struct dir_context *ctx);

extern const struct inode_operations ext2_dir_inode_operations, ext2_file_inode_operations,
	ext2_fast_symlink_inode_operations, ext2_symlink_inode_operations,
	ext2_special_inode_operations;
extern const struct file_operations ext2_file_operations, ext2_dir_operations;
extern const struct address_space_operations ext2_aops;
