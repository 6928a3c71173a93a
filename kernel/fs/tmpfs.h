/*
 * tmpfs.h - files whose pages can be swapped: mount -t tmpfs, memfd, and the rootfs.
 */
#pragma once

#include "kernel/fs/fs.h"

void tmpfs_init(void);
/* mount's text; also for types that are a tmpfs underneath (rootfs). 0 or -errno */
int tmpfs_fill_super(struct super_block *sb, const char *source, const char *data);
/*
 * A regular file without a name, for memfd_create(2): one reference, i_nlink 0, no limit on its
 * size. NULL without memory. *mnt: where it lives.
 */
struct inode *tmpfs_unnamed_file(umode_t mode, struct vfsmount **mnt);
extern const struct file_operations tmpfs_file_operations;
/* fcntl's F_ADD_SEALS and F_GET_SEALS: 0 or the seals, -EINVAL (not a tmpfs file), -EPERM, -EBUSY */
long tmpfs_fcntl_seals(struct file *file, unsigned int cmd, unsigned long arg);
