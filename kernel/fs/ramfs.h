/*
 * ramfs.h - files in RAM, and the simple_* operations that other RAM trees share.
 */
#pragma once

#include "kernel/fs/fs.h"

/*
 * An inode of any kind, as ramfs has them; NULL without memory. @dir: for set-group-id, may be
 * NULL.
 */
struct inode *ramfs_get_inode(struct super_block *sb, const struct inode *dir, umode_t mode,
			      kdev_t rdev);
/* => the directories' i_rwsem held for writing. 0 or -errno. */
int simple_unlink(struct inode *dir, struct dentry *dentry);
int simple_rmdir(struct inode *dir, struct dentry *dentry);
int simple_rename(struct inode *odir, struct dentry *o, struct inode *ndir, struct dentry *n,
		  unsigned int flags);
void simple_kill_sb(struct super_block *sb);
extern const struct file_operations ramfs_file_operations;
int ramfs_fill_super(struct super_block *sb, const char *source, const char *data);
void ramfs_init(void);
