/*
 * inode.h - inodes: making, counting, freeing.
 *
 * Locks: i_count is atomic; the letters are in fs.h.
 */
#pragma once

#include "kernel/fs/fs.h"

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
static inline void inode_touch_ctime(struct inode *inode) { inode->i_ctime = current_time(); }
static inline void inode_touch(struct inode *inode)
{
	inode->i_mtime = inode->i_ctime = current_time();
}
void touch_atime(struct file *file);	/* relatime, as Linux's default */
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
extern const struct file_operations def_chr_fops, def_blk_fops, fifo_fops, no_open_fops,
	simple_dir_fops;
extern const struct inode_operations special_inode_operations;
