/*
 * swap.c - swapon(2), swapoff(2): from a path to what the area lies on.
 *
 * Idea:   mm/swapfile.c knows areas, this knows paths. A block device is handed
 *         on; a file on a RAM file system cannot be swapped to (there is no disk
 *         under it): EINVAL, as Linux says for a file without bmap.
 * Locks:  none here; do_swapon has its own.
 * Above:  the system call table.   Below: mm/swapfile.h, block/swap_dev.c.   In Linux:
 * mm/swapfile.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/block/block.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/swapfile.h"

#define SWAP_FLAGS_VALID 0x7ffff	/* swapon(2): priority, PREFER, DISCARD* */

static void copy_path(const struct path *path, char *to, size_t size)
{
	char *buf = alloc_name(), *p;

	p = buf ? d_path(path, buf, PATH_MAX) : ERR_PTR(-ENOMEM);
	strscpy(to, IS_ERR(p) ? "?" : p, size);
	putname(buf);
}

static long swapon_path(const struct path *path, int flags)
{
	struct inode *inode = path->dentry->d_inode;
	struct block_device *bdev;
	struct swap_device dev;
	int err;

	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISBLK(inode->i_mode))
		return -EINVAL;
	bdev = blkdev_get_by_dev(inode->i_rdev);
	if (!bdev)
		return -ENXIO;
	if (bdev->read_only)
		return -EACCES;
	err = swap_device_for_bdev(bdev, &dev);
	if (err)
		return err;
	copy_path(path, dev.path, sizeof(dev.path));
	/*
	 * What a program wrote to /dev/vda must be on the disk before its header is read from
	 * there.
	 */
	filemap_write_and_wait(&bdev->mapping);
	return do_swapon(&dev, flags);
}

/* syscalls.h */
long sys_swapon(const char __user *name, int flags)
{
	struct path path;
	long err;

	if (flags & ~SWAP_FLAGS_VALID)
		return -EINVAL;
	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = swapon_path(&path, flags);
	path_put(&path);
	return err;
}

/* syscalls.h */
long sys_swapoff(const char __user *name)
{
	struct path path;
	char text[64];
	long err;

	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	copy_path(&path, text, sizeof(text));
	err = S_ISBLK(path.dentry->d_inode->i_mode) ? do_swapoff(text, path.dentry->d_inode->i_rdev)
						    : -EINVAL;
	path_put(&path);
	return err;
}
