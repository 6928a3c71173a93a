/*
 * inode.h - inodes: making, counting, freeing.
 *
 * Locks: i_count is atomic; the letters are in fs.h.
 */
#pragma once

#include "kernel/fs/fs.h"

enum inode_state {
	I_NEW = 1 /* being filled in: wait */,
	I_FREEING = 2 /* going: wait, then it is not there */,
	I_DIRTY = 4 /* on sb->s_dirty */
};

/*
 * One reference, i_nlink 1, times now, owner fsuid/fsgid, number the next of @sb. NULL without
 * memory.
 */
struct inode *new_inode(struct super_block *sb, umode_t mode);
void ihold(struct inode *inode);
void iput(struct inode *inode);		/* NULL is fine; the last frees the pages too; may sleep */
/* Device nodes and FIFOs: sets i_fop and i_rdev by the mode. */
void init_special_inode(struct inode *inode, kdev_t rdev);
struct timespec current_time(void);
void touch_atime(struct file *file);	/* relatime, as Linux's default */
void inode_touch_ctime(struct inode *inode);
void inode_touch(struct inode *inode);	/* mtime and ctime */
/* The plain setattr: sets the fields. Truncates through the page cache. */
int simple_setattr(struct dentry *dentry, struct iattr *attr);
/*
 * Checks and does a change: who may (ATTR_* by Linux's rules), then i_op->setattr. => i_rwsem held
 * for writing.
 */
int notify_change(struct dentry *dentry, struct iattr *attr, bool check);
void generic_fillattr(struct inode *inode, struct kstat *stat);
int get_write_access(struct inode *inode);	/* 0, -ETXTBSY */
void put_write_access(struct inode *inode);
int deny_write_access(struct inode *inode);
void inode_init(void);

/* --- inode_cache.c: inodes of disk file systems --- */
/*
 * The inode numbered @ino, with a reference. I_NEW in i_state: it is empty, and the caller's to
 * fill in: then unlock_new_inode() or iget_failed(). NULL without memory. May sleep.
 */
struct inode *iget_locked(struct super_block *sb, unsigned long ino);
/* A fresh inode (new_inode, with its number set) becomes findable, I_NEW. 0; -EIO: there is one. */
int insert_inode_locked(struct inode *inode);
void unlock_new_inode(struct inode *inode);
/* what was read made no sense: it is forgotten, and the reference with it */
void iget_failed(struct inode *inode);
/* iput() of those. A reclaimer deletes no file: a worker does it for him. */
void iput_cached(struct inode *inode);
/* => a reference. Its fields are newer than the disk's: they are written within 30 s. Any lock. */
void mark_inode_dirty_cached(struct inode *inode);
static inline void mark_inode_dirty(struct inode *inode)
{
	if (inode->i_sb->s_op)
		mark_inode_dirty_cached(inode);
}
/* Dirty inodes of @sb (of before @older; 0: all) into its device's pages. 0, or the first error. */
int sync_inodes(struct super_block *sb, u64 older);
/* The same for one. => a reference. 0, an error */
int sync_inode(struct inode *inode);
/* The dirty pages of @sb's files, and those on their way: on the disk when it returns. Errors: wb_err */
void sync_inode_pages(struct super_block *sb);
/* umount: every inode of @sb goes; those still in use are named in the log. */
void evict_inodes(struct super_block *sb);
bool has_orphans(struct super_block *sb);	/* any in use that has no name any more? */
/* @fn for every cached inode that has pages. May sleep, @fn does not. */
void for_each_cached_mapping(void (*fn)(struct address_space *mapping));
void inode_free(struct inode *inode);	/* inode.c: the memory alone */
/*
 * The same in two steps, for one whose superblock may go in between: @cache is asked for first.
 */
struct kmem_cache *inode_cache_of(const struct inode *inode);
void inode_free_to(struct kmem_cache *cache, struct inode *inode);
void inode_cache_init(void);
extern const struct file_operations def_chr_fops, def_blk_fops, fifo_fops, no_open_fops,
	simple_dir_fops;
/* ->read of a directory: -EISDIR */
kssize_t generic_read_dir(struct file *file, char __user *buf, size_t len, loff_t *pos);
extern const struct inode_operations special_inode_operations;
