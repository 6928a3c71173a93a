/*
 * block_dev.c - /dev/vda as a file.
 *
 * Idea:   all opens of a device share its page cache (bdev->mapping, whose reads
 *         and writes are kernel/block/bdev_cache.c's). With the last close the
 *         pages are written back and dropped, as Linux does.
 * Locks:  bdev_lock (a mutex) for the count of openers; the node's i_rwsem around writes.
 * Above:  open(2) of a block device's node.   Below: kernel/block.   In Linux: block/fops.c,
 * block/bdev.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/block/block.h"
#include "kernel/fs/block_dev.h"
#include "kernel/fs/direct_io.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/sync.h"
#include "kernel/x86/uaccess.h"
#include "mm/filemap.h"
#include "mm/uio.h"

static DEFINE_MUTEX(bdev_lock, LOCK_BDEV_OPEN);

/* block_dev.h */
int blkdev_get(struct block_device *bdev)
{
	bool there;

	mutex_lock(&bdev_lock);
	there = !bdev->hidden;		/* else: a partition that was deleted just now */
	bdev->openers += there;
	bdev->whole->disk_openers += there;
	mutex_unlock(&bdev_lock);
	return there ? 0 : -ENXIO;
}

/* block_dev.h */
void blkdev_put(struct block_device *bdev)
{
	struct block_device *disk = bdev->whole;
	bool last;

	mutex_lock(&bdev_lock);
	if (--bdev->openers == 0) {
		filemap_write_and_wait(&bdev->mapping);
		truncate_inode_pages(&bdev->mapping, 0);
	}
	last = --disk->disk_openers == 0;
	mutex_unlock(&bdev_lock);
	if (last && disk->ops->release)
		disk->ops->release(disk);
}

/* block_dev.h */
int blkdev_rescan(struct block_device *disk)
{
	int err;

	mutex_lock(&bdev_lock);
	err = rescan_partitions(disk);
	mutex_unlock(&bdev_lock);
	return err;
}

/* block_dev.h */
int blkdev_hide(struct block_device *disk)
{
	bool busy;

	mutex_lock(&bdev_lock);
	busy = disk->disk_openers || disk->holder;
	if (!busy)
		block_set_hidden(disk, true);
	mutex_unlock(&bdev_lock);
	return busy ? -EBUSY : 0;
}

static int blkdev_open(struct inode *inode, struct file *file)
{
	struct block_device *bdev = blkdev_get_by_dev(inode->i_rdev);

	if (!bdev || bdev->gone)
		return -ENXIO;
	file->private_data = bdev;
	file->f_mapping = &bdev->mapping;
	return blkdev_get(bdev);
}

static int blkdev_release(struct inode *inode, struct file *file)
{
	blkdev_put(file->private_data);
	return 0;
}

static int blkdev_fsync(struct file *file, bool data_only)
{
	struct block_device *bdev = file->private_data;
	int err, ret;

	filemap_start_range(&bdev->mapping, 0, ~0UL, true);
	filemap_wait_range(&bdev->mapping, 0, ~0UL);
	err = blk_flush_sync(bdev);
	ret = file_check_wb_err(file);
	return ret ? ret : err;
}

/* block_dev.h */
kssize_t blkdev_room(const struct file *file, loff_t pos, size_t len)
{
	const struct block_device *bdev = file->private_data;
	loff_t size = READ_ONCE(bdev->size);

	if (bdev->read_only)
		return -EPERM;
	if (len && pos >= size)
		return -ENOSPC;
	return len ? MIN((loff_t)len, size - pos) : 0;
}

static kssize_t blkdev_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct block_device *bdev = file->private_data;
	struct inode *inode = file->f_inode;
	const struct iovec one = { (void *)buf, len };
	struct iov_iter from = { &one, 0 };
	kssize_t n = blkdev_room(file, *pos, len);
	int err;

	if (n <= 0)
		return n;
	len = n;
	down_write(&inode->i_rwsem);
	n = file->f_flags & O_DIRECT ? direct_write(file, buf, len, pos)
				     : filemap_write(&bdev->mapping, pos, &from, len);
	up_write(&inode->i_rwsem);
	if (n > 0 && file->f_flags & O_DSYNC) {
		err = blkdev_fsync(file, true);
		if (err)
			return err;
	}
	return n;
}

static loff_t blkdev_llseek(struct file *file, loff_t off, int whence)
{
	struct block_device *bdev = file->private_data;

	return fixed_size_llseek(file, off, whence, READ_ONCE(bdev->size));
}

static long flush_buffers(struct block_device *bdev)
{
	if (!fs_capable(CAP_SYS_ADMIN))
		return -EACCES;
	filemap_write_and_wait(&bdev->mapping);
	invalidate_mapping_pages(&bdev->mapping);
	return 0;
}

/* Reads the partition table again. */
static long reread_partitions(struct block_device *bdev)
{
	if (!fs_capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (bdev->no_partscan)
		return -EINVAL;
	filemap_write_and_wait(&bdev->mapping);
	return blkdev_rescan(bdev);
}

/* Partitions by hand: addpart(8), delpart(8), resizepart(8). */
static long ioctl_blkpg(struct block_device *bdev, struct blkpg_ioctl_arg __user *uarg)
{
	struct blkpg_ioctl_arg arg;
	struct blkpg_partition p;
	long err = -EINVAL;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (!fs_capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (copy_from_user(&p, (void __user *)arg.data, sizeof(p)))
		return -EFAULT;
	if (p.pno <= 0)
		return -EINVAL;
	mutex_lock(&bdev_lock);
	if (arg.op == BLKPG_DEL_PARTITION)
		err = bdev_del_partition(bdev, p.pno);
	else if (p.start < 0 || p.length <= 0)
		err = -EINVAL;
	else if (arg.op == BLKPG_ADD_PARTITION)
		err = bdev_add_partition(bdev, p.pno, p.start, p.length);
	else if (arg.op == BLKPG_RESIZE_PARTITION)
		err = bdev_resize_partition(bdev, p.pno, p.start, p.length);
	mutex_unlock(&bdev_lock);
	return err;
}

static long blkdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct block_device *bdev = file->private_data;

	switch (cmd) {
	case BLKGETSIZE64:
		return put_user((u64)bdev->size, (u64 __user *)arg);
	case BLKGETSIZE:
		return put_user((unsigned long)bdev->capacity, (unsigned long __user *)arg);
	case BLKSSZGET:
		return put_user((int)bdev_block_size(bdev), (int __user *)arg);
	case BLKPBSZGET:
	case BLKIOMIN:
		return put_user(bdev_block_size(bdev), (unsigned int __user *)arg);
	case BLKIOOPT:
		return put_user(0U, (unsigned int __user *)arg);
	case BLKALIGNOFF:
		return put_user(0, (int __user *)arg);
	case BLKBSZGET:
		return put_user((int)PAGE_SIZE, (int __user *)arg);
	case BLKROGET:
		return put_user((int)bdev->read_only, (int __user *)arg);
	case BLKDISCARDZEROES:
		return put_user(0U, (unsigned int __user *)arg);
	case BLKROTATIONAL:
		return put_user((unsigned short)!bdev->whole->solid_state,
				(unsigned short __user *)arg);
	case BLKFLSBUF:
		return flush_buffers(bdev);
	case BLKRRPART:
		return reread_partitions(bdev);
	case BLKPG:
		return ioctl_blkpg(bdev, (struct blkpg_ioctl_arg __user *)arg);
	default:
		return bdev->ops->ioctl ? bdev->ops->ioctl(bdev, file->f_mode & FMODE_WRITE, cmd, arg)
					: -ENOTTY;
	}
}

const struct file_operations def_blk_fops = {
	.open = blkdev_open, .release = blkdev_release, .read = generic_file_read,
	.write = blkdev_write, .llseek = blkdev_llseek, .fsync = blkdev_fsync,
	.ioctl = blkdev_ioctl, .mmap = generic_file_mmap,
};
