/*
 * direct_io.h - O_DIRECT: between user memory and a disk, past the page cache.
 */
#pragma once

#include "kernel/fs/fs.h"

/* May @inode be opened with O_DIRECT? A file on a disk, or a disk. */
bool can_direct_io(const struct inode *inode);
/*
 * What read(2) does with O_DIRECT. *pos moves. Bytes, 0 at the end, -EINVAL (not aligned),
 * -EFAULT, -EIO, -EINTR.
 */
kssize_t direct_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
/* The same for write(2). => i_rwsem held for writing; @len is not beyond a limit, nor a disk's end */
kssize_t direct_write(struct file *file, const char __user *buf, size_t len, loff_t *pos);
