/*
 * anon_inodes.h - files without a name in any tree: eventfd, epoll, memfd, pipes.
 */
#pragma once

#include "kernel/fs/fs.h"

/*
 * A file on the one shared inode, shown as "anon_inode:@name"; ERR_PTR. @flags: O_RDWR, O_NONBLOCK
 * …
 */
struct file *anon_inode_getfile(const char *name, const struct file_operations *fops, void *private,
				int flags);
/* The same with a descriptor; -errno, and then @private is still the caller's. */
int anon_inode_getfd(const char *name, const struct file_operations *fops, void *private,
		     int flags);
/* A nameless dentry of @mnt for @inode (takes its reference), as a place; 0, -ENOMEM. */
int pseudo_path_init(struct path *path, struct vfsmount *mnt, const char *name,
		     struct inode *inode);
int pseudo_mount(struct super_block *sb, const char *source, const char *data);
void anon_inode_init(void);
