/*
 * loop_ctl.c - loop devices: which there are, and what each is made of.
 *
 * Idea:   losetup(8) and mount(8) say by ioctl(2) which file a device is to show, from where to
 *         where. A device that is in use cannot lose its file: to detach it then means that it
 *         loses it with its last user (LO_FLAGS_AUTOCLEAR), who may be a mount.
 *
 *           /dev/loop-control ─GET_FREE→ number ─SET_FD or CONFIGURE→ bound ─CLR_FD→ free again
 *                                                    │                          ↑
 *                                                    └─ the last close, if AUTOCLEAR
 *
 *         A device costs little until it gets its first file: its requests, its worker and its
 *         flusher are made then, and stay.
 * Locks:  loop_ctl_lock (LOCK_LOOP_CTL): the list of devices. lo->lock (LOCK_LOOP): one change of
 *         a device's settings at a time; then loop_chain, kernel/fs/block_dev.c's, lo->io.
 * Above:  kernel/fs/block_dev.c calls loop_ioctl and loop_release.   Below: loop.c, kernel/fs.
 *         In Linux: drivers/block/loop.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/loop.h"
#include "kernel/dev/loop_internal.h"
#include "kernel/fs/block_dev.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/sysfs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/uaccess.h"
#include "mm/filemap.h"
#include "mm/slab.h"

#define LOOP_MAJOR 7			/* Documentation/admin-guide/devices.txt */
#define MISC_MAJOR 10
#define LOOP_CTRL_MINOR 237
#define NR_LOOPS 8			/* Debian's CONFIG_BLK_DEV_LOOP_MIN_COUNT */
#define MAX_LOOPS 1024			/* of the million that minors allow: each takes 2 KiB for ever */
/* What each call may set, and SET_STATUS take away. */
#define CONFIGURE_FLAGS                                                                            \
	(LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN | LO_FLAGS_DIRECT_IO)
#define STATUS_FLAGS (LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN)
#define CLEARABLE_FLAGS LO_FLAGS_AUTOCLEAR

static DEFINE_MUTEX(loop_ctl_lock, LOCK_LOOP_CTL);
static LIST_HEAD(loops);		/* loop_ctl_lock: by number */
/* What is made of what: who follows the files down holds it, and who exchanges one. */
static DEFINE_MUTEX(loop_chain, LOCK_LOOP_CHAIN);

static struct loop_device *disk_loop(struct block_device *bdev)
{
	return bdev->whole->driver;
}

/* --- the file behind it --- */

/* The device that the file is, or lies on; NULL: none. */
static struct block_device *device_below(const struct file *file)
{
	struct inode *inode = file->f_inode;

	if (S_ISBLK(inode->i_mode))
		return blkdev_get_by_dev(inode->i_rdev);
	return inode->i_sb->s_bdev;
}

/*
 * May @file be what @lo is made of? Not if it is made of @lo itself, by however many steps.
 * 0; -EBADF: it is; -EINVAL: neither a file with pages nor a disk. => loop_chain held
 */
static int validate_file(struct loop_device *lo, struct file *file)
{
	struct inode *inode = file->f_inode;
	struct block_device *bdev;

	if (!(S_ISREG(inode->i_mode) || S_ISBLK(inode->i_mode)) || !file->f_mapping ||
	    !file->f_mapping->i_size)
		return -EINVAL;
	for (bdev = device_below(file); bdev; bdev = device_below(file)) {
		if (bdev->whole == &lo->bdev)
			return -EBADF;
		if (bdev->whole->ops != &loop_ops)
			return 0;
		file = disk_loop(bdev)->file;
		if (!file)
			return -EINVAL;	/* a loop device without a file */
	}
	return 0;
}

/* How large the disk is, in sectors. */
static sector_t file_sectors(const struct file *file, loff_t offset, loff_t sizelimit)
{
	loff_t size = READ_ONCE(*file->f_mapping->i_size) - offset;

	if (size < 0)
		return 0;
	if (sizelimit && sizelimit < size)
		size = sizelimit;
	return size >> SECTOR_SHIFT;
}

static void update_size(struct loop_device *lo)
{
	blk_set_capacity(&lo->bdev, file_sectors(lo->file, lo->offset, lo->sizelimit));
}

static int validate_block_size(unsigned int size)
{
	return size < 512 || size > PAGE_SIZE || size & (size - 1) ? -EINVAL : 0;
}

/* What SET_STATUS says, but for flags. 0, -EINVAL: encryption; -EOVERFLOW */
static int check_info(const struct loop_info64 *info)
{
	if (info->lo_encrypt_key_size > LO_KEY_SIZE)
		return -EINVAL;
	if (info->lo_encrypt_type) {
		pr_warn("support for cryptoloop has been removed.  Use dm-crypt instead.\n");
		return -EINVAL;
	}
	return (loff_t)info->lo_offset < 0 || (loff_t)info->lo_sizelimit < 0 ? -EOVERFLOW : 0;
}

static void copy_names(struct loop_device *lo, const struct loop_info64 *info)
{
	memcpy(lo->name, info->lo_file_name, LO_NAME_SIZE);
	lo->name[LO_NAME_SIZE - 1] = 0;
	memcpy(lo->crypt_name, info->lo_crypt_name, LO_NAME_SIZE);
	lo->crypt_name[LO_NAME_SIZE - 1] = 0;
}

/* --- /sys/block/loop0/loop --- */

static void flag_show(struct seq_file *m, struct block_device *bdev, u32 flag)
{
	seq_printf(m, "%d\n", (READ_ONCE(disk_loop(bdev)->flags) & flag) != 0);
}
static void autoclear_show(struct seq_file *m, struct block_device *bdev)
{
	flag_show(m, bdev, LO_FLAGS_AUTOCLEAR);
}
static void partscan_show(struct seq_file *m, struct block_device *bdev)
{
	flag_show(m, bdev, LO_FLAGS_PARTSCAN);
}
static void dio_show(struct seq_file *m, struct block_device *bdev)
{
	flag_show(m, bdev, LO_FLAGS_DIRECT_IO);
}
static void offset_show(struct seq_file *m, struct block_device *bdev)
{
	seq_printf(m, "%llu\n", (unsigned long long)disk_loop(bdev)->offset);
}
static void sizelimit_show(struct seq_file *m, struct block_device *bdev)
{
	seq_printf(m, "%llu\n", (unsigned long long)disk_loop(bdev)->sizelimit);
}

/* Under lo->io: a change of the settings waits for this reader before it takes the file away. */
static void backing_file_show(struct seq_file *m, struct block_device *bdev)
{
	struct loop_device *lo = disk_loop(bdev);
	char *buf = kmalloc(PAGE_SIZE, GFP_KERNEL), *path = ERR_PTR(-ENOMEM);
	struct file *file;

	mutex_lock(&lo->io);
	file = lo->file ? get_file(lo->file) : NULL;
	mutex_unlock(&lo->io);
	if (file && buf)
		path = file_path(file, buf, PAGE_SIZE);
	if (!IS_ERR(path))
		seq_printf(m, "%s\n", path);
	if (file)
		fput(file);
	kfree(buf);
}

static const struct bdev_attr loop_attrs[] = {
	{ .name = "autoclear", .show = autoclear_show },
	{ .name = "backing_file", .show = backing_file_show },
	{ .name = "dio", .show = dio_show },
	{ .name = "offset", .show = offset_show },
	{ .name = "partscan", .show = partscan_show },
	{ .name = "sizelimit", .show = sizelimit_show },
};
static const struct bdev_group loop_group = { "loop", loop_attrs, ARRAY_SIZE(loop_attrs) };

/* --- binding --- */

/* Requests, a worker, a flusher: with the first file. 0, -ENOMEM. => lo->lock held */
static int start_threads(struct loop_device *lo)
{
	char name[TASK_COMM_LEN];
	int err;

	if (lo->threads)
		return 0;
	if (!lo->bdev.requests && blk_alloc_pool(&lo->bdev))
		return -ENOMEM;
	snprintf(name, sizeof(name), "flush-%u:%u", LOOP_MAJOR, lo->number);
	if (!lo->has_flusher && start_kernel_thread(flusher_thread, &lo->bdev.bdi, name))
		return -ENOMEM;
	lo->has_flusher = true;
	err = start_kernel_thread(loop_worker, lo, lo->bdev.name);
	lo->threads = !err;
	return err;
}

/* All the checks of a new binding. => lo->lock and loop_chain held */
static int check_config(struct loop_device *lo, struct file *file, const struct loop_config *c)
{
	int err;

	if (lo->file)
		return -EBUSY;
	err = validate_file(lo, file);
	if (!err && c->info.lo_flags & ~(u32)CONFIGURE_FLAGS)
		err = -EINVAL;
	if (!err && c->block_size)
		err = validate_block_size(c->block_size);
	if (!err)
		err = check_info(&c->info);
	return err;
}

/*
 * The checks, and what the device needs for its first file. That is made without loop_chain: the worker
 * that makes threads may be at the end of a lazy umount, and waiting for it (loop_release).
 * => lo->lock and loop_chain held, which is dropped meanwhile
 */
static int prepare_config(struct loop_device *lo, struct file *file, const struct loop_config *c)
{
	int err = check_config(lo, file, c);

	if (err || lo->threads)
		return err;
	mutex_unlock(&loop_chain);
	err = start_threads(lo);
	mutex_lock(&loop_chain);
	return err ? err : check_config(lo, file, c);
}

/* => lo->lock and loop_chain held, checked. Takes @file over. Cannot fail. */
static void bind(struct loop_device *lo, struct file *file, const struct loop_config *c, bool write)
{
	struct block_device *bdev = &lo->bdev, *below = device_below(file);
	u32 flags = c->info.lo_flags & ~(u32)LO_FLAGS_DIRECT_IO;

	if (!write || !(file->f_mode & FMODE_WRITE))
		flags |= LO_FLAGS_READ_ONLY;
	WRITE_ONCE(lo->flags, flags);
	lo->sizelimit = c->info.lo_sizelimit;
	copy_names(lo, &c->info);
	bdev->read_only = flags & LO_FLAGS_READ_ONLY;
	bdev->write_cache = !bdev->read_only;
	bdev->solid_state = !below || below->whole->solid_state;
	bdev->no_partscan = !(flags & LO_FLAGS_PARTSCAN);
	WRITE_ONCE(bdev->block_size, c->block_size);
	loop_set_file(lo, file, c->info.lo_offset);
}

/* The disk appears. => lo->lock held, bound */
static void show_disk(struct loop_device *lo)
{
	sysfs_add_bdev_group(&lo->bdev);
	update_size(lo);
	if (lo->flags & LO_FLAGS_PARTSCAN)
		blkdev_rescan(&lo->bdev);	/* an error is in the log; the disk itself may do */
}

static long loop_configure(struct loop_device *lo, bool write, const struct loop_config *c)
{
	struct file *file = fget(c->fd);
	long err;

	if (!file)
		return -EBADF;
	mutex_lock(&lo->lock);
	mutex_lock(&loop_chain);
	err = prepare_config(lo, file, c);
	if (!err)
		bind(lo, file, c, write);
	mutex_unlock(&loop_chain);
	if (!err)
		show_disk(lo);
	mutex_unlock(&lo->lock);
	if (err)
		fput(file);
	return err;
}

/*
 * It loses its file. => lo->lock held, bound. The file, the caller's to fput() without a lock: that
 * may be the end of a mount.
 */
static struct file *unbind(struct loop_device *lo)
{
	struct block_device *bdev = &lo->bdev;
	struct file *file;

	filemap_write_and_wait(&bdev->mapping);
	sysfs_remove_bdev_group(bdev);
	WRITE_ONCE(bdev->capacity, 0);
	WRITE_ONCE(bdev->size, 0);
	if (blkdev_rescan(bdev))	/* its partitions go; a capacity of 0 has none */
		pr_warn("%s: partition scan of %s failed\n", bdev->name, lo->name);
	mutex_lock(&loop_chain);
	file = loop_set_file(lo, NULL, 0);
	mutex_unlock(&loop_chain);
	truncate_inode_pages(&bdev->mapping, 0);
	bdev->read_only = bdev->write_cache = false;
	lo->sizelimit = 0;
	WRITE_ONCE(lo->flags, 0);
	WRITE_ONCE(bdev->block_size, 0);
	memset(lo->name, 0, sizeof(lo->name));
	memset(lo->crypt_name, 0, sizeof(lo->crypt_name));
	return file;
}

/* The caller has it open; if anybody else has, it goes with the last. */
static long loop_clr_fd(struct loop_device *lo)
{
	struct file *file = NULL;
	long err = 0;

	mutex_lock(&lo->lock);
	if (!lo->file)
		err = -ENXIO;
	else if (READ_ONCE(lo->bdev.disk_openers) > 1)
		WRITE_ONCE(lo->flags, lo->flags | LO_FLAGS_AUTOCLEAR);
	else
		file = unbind(lo);
	mutex_unlock(&lo->lock);
	if (file)
		fput(file);
	return err;
}

/* block.h's ops->release. Somebody may have opened it again: then it is his close that counts. */
void loop_release(struct block_device *disk)
{
	struct loop_device *lo = disk->driver;
	struct file *file = NULL;

	mutex_lock(&lo->lock);
	if (lo->file && lo->flags & LO_FLAGS_AUTOCLEAR && !READ_ONCE(disk->disk_openers))
		file = unbind(lo);
	mutex_unlock(&lo->lock);
	if (file)
		fput(file);
}

/*
 * Another file of the same size for a read-only disk: that of an installer that is copied away.
 * *old: the one to be given up, of the two
 */
static long change_fd(struct loop_device *lo, unsigned int fd, struct file **old)
{
	struct file *file;
	long err;

	if (!(lo->flags & LO_FLAGS_READ_ONLY))
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	mutex_lock(&loop_chain);
	err = validate_file(lo, file);
	if (!err && file_sectors(file, lo->offset, lo->sizelimit) !=
			    file_sectors(lo->file, lo->offset, lo->sizelimit))
		err = -EINVAL;
	*old = err ? file : loop_set_file(lo, file, lo->offset);
	mutex_unlock(&loop_chain);
	if (!err && lo->flags & LO_FLAGS_PARTSCAN)
		blkdev_rescan(&lo->bdev);
	return err;
}

/* --- status --- */

/* The disk's own pages are written and gone: they hold what was at another place. 0, -EAGAIN */
static long drop_pages(struct loop_device *lo)
{
	struct block_device *bdev = &lo->bdev;

	filemap_write_and_wait(&bdev->mapping);
	invalidate_mapping_pages(&bdev->mapping);
	if (!READ_ONCE(bdev->mapping.nrpages))
		return 0;
	pr_warn("%s: %s (%s) has still dirty pages (nrpages=%lu)\n", __func__, bdev->name, lo->name,
		bdev->mapping.nrpages);
	return -EAGAIN;
}

/* => lo->lock held, bound */
static long set_status(struct loop_device *lo, const struct loop_info64 *info)
{
	bool moved = lo->offset != (loff_t)info->lo_offset ||
		     lo->sizelimit != (loff_t)info->lo_sizelimit;
	u32 old = lo->flags, flags;
	long err = moved ? drop_pages(lo) : 0;

	if (!err)
		err = check_info(info);
	if (err)
		return err;
	flags = (info->lo_flags & STATUS_FLAGS) | (old & ~(u32)STATUS_FLAGS) |
		(old & ~(u32)CLEARABLE_FLAGS);
	WRITE_ONCE(lo->flags, flags);
	copy_names(lo, info);
	lo->sizelimit = info->lo_sizelimit;
	if (moved) {
		loop_set_file(lo, lo->file, info->lo_offset);
		update_size(lo);
	}
	if (flags & ~old & LO_FLAGS_PARTSCAN) {
		lo->bdev.no_partscan = false;
		blkdev_rescan(&lo->bdev);
	}
	return 0;
}

/* stat(2)'s numbers, as ioctl has them: Linux's huge_encode_dev */
static u64 encode_dev(kdev_t dev)
{
	return (MINOR(dev) & 0xff) | MAJOR(dev) << 8 | (u64)(MINOR(dev) & ~0xffu) << 12;
}

static long get_status(struct loop_device *lo, struct loop_info64 *info)
{
	struct kstat stat;
	int err = vfs_getattr(&lo->file->f_path, &stat);

	if (err)
		return err;
	*info = (struct loop_info64){
		.lo_device = encode_dev(stat.dev), .lo_inode = stat.ino,
		.lo_rdevice = encode_dev(stat.rdev), .lo_offset = lo->offset,
		.lo_sizelimit = lo->sizelimit, .lo_number = lo->number, .lo_flags = lo->flags,
	};
	memcpy(info->lo_file_name, lo->name, LO_NAME_SIZE);
	memcpy(info->lo_crypt_name, lo->crypt_name, LO_NAME_SIZE);
	return 0;
}

static long set_status_old(struct loop_device *lo, const void __user *arg)
{
	struct loop_info info;
	struct loop_info64 info64;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	info64 = (struct loop_info64){
		.lo_offset = info.lo_offset, .lo_encrypt_type = info.lo_encrypt_type,
		.lo_encrypt_key_size = info.lo_encrypt_key_size, .lo_flags = info.lo_flags,
	};
	memcpy(info64.lo_file_name, info.lo_name, LO_NAME_SIZE);
	return set_status(lo, &info64);
}

static long get_status_old(struct loop_device *lo, void __user *arg)
{
	struct loop_info64 info64;
	struct loop_info info;
	long err = get_status(lo, &info64);

	if (err)
		return err;
	info = (struct loop_info){
		.lo_number = info64.lo_number, .lo_device = info64.lo_device,
		.lo_inode = info64.lo_inode, .lo_rdevice = info64.lo_rdevice,
		.lo_offset = info64.lo_offset, .lo_flags = info64.lo_flags,
	};
	memcpy(info.lo_name, info64.lo_file_name, LO_NAME_SIZE);
	if ((u64)info.lo_offset != info64.lo_offset)
		return -EOVERFLOW;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_status64(struct loop_device *lo, const void __user *arg)
{
	struct loop_info64 info;

	return copy_from_user(&info, arg, sizeof(info)) ? -EFAULT : set_status(lo, &info);
}

static long get_status64(struct loop_device *lo, void __user *arg)
{
	struct loop_info64 info;
	long err = get_status(lo, &info);

	return err ? err : copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_block_size(struct loop_device *lo, unsigned long size)
{
	long err = size > PAGE_SIZE ? -EINVAL : validate_block_size(size);

	if (err || size == bdev_block_size(&lo->bdev))
		return err;
	err = drop_pages(lo);
	if (!err)
		WRITE_ONCE(lo->bdev.block_size, size);
	return err;
}

/* Going round the page cache of the file below is not done. */
static long set_direct_io(struct loop_device *lo, unsigned long on)
{
	return on ? -EINVAL : 0;
}

/* A command for a bound device. => lo->lock held. @old: a file to fput() afterwards */
static long bound_ioctl(struct loop_device *lo, unsigned int cmd, unsigned long arg,
			struct file **old)
{
	switch (cmd) {
	case LOOP_CHANGE_FD:
		return change_fd(lo, arg, old);
	case LOOP_SET_STATUS:
		return set_status_old(lo, (const void __user *)arg);
	case LOOP_GET_STATUS:
		return get_status_old(lo, (void __user *)arg);
	case LOOP_SET_STATUS64:
		return set_status64(lo, (const void __user *)arg);
	case LOOP_GET_STATUS64:
		return get_status64(lo, (void __user *)arg);
	case LOOP_SET_CAPACITY:
		update_size(lo);
		return 0;
	case LOOP_SET_DIRECT_IO:
		return set_direct_io(lo, arg);
	default:
		return set_block_size(lo, arg);
	}
}

/* Who may not write to it may only look, unless he is the administrator. */
static bool needs_write(unsigned int cmd)
{
	return cmd == LOOP_SET_STATUS || cmd == LOOP_SET_STATUS64 || cmd == LOOP_SET_CAPACITY ||
	       cmd == LOOP_SET_DIRECT_IO || cmd == LOOP_SET_BLOCK_SIZE;
}

/* block.h's ops->ioctl; loop_internal.h */
long loop_ioctl(struct block_device *bdev, bool write, unsigned int cmd, unsigned long arg)
{
	struct loop_device *lo = disk_loop(bdev);
	struct loop_config config = { .fd = arg };
	struct file *old = NULL;
	long err;

	switch (cmd) {
	case LOOP_SET_FD:
		return loop_configure(lo, write, &config);
	case LOOP_CONFIGURE:
		if (copy_from_user(&config, (const void __user *)arg, sizeof(config)))
			return -EFAULT;
		return loop_configure(lo, write, &config);
	case LOOP_CLR_FD:
		return loop_clr_fd(lo);
	}
	if (cmd < LOOP_SET_FD || cmd > LOOP_CONFIGURE)
		return -EINVAL;
	if (needs_write(cmd) && !write && !fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	mutex_lock(&lo->lock);
	err = lo->file ? bound_ioctl(lo, cmd, arg, &old) : -ENXIO;
	mutex_unlock(&lo->lock);
	if (old)
		fput(old);
	return err;
}

/* --- which there are: /dev/loop-control --- */

/* => loop_ctl_lock held */
static struct loop_device *find_loop(unsigned int number)
{
	struct loop_device *lo;

	list_for_each_entry(lo, &loops, link)
		if (lo->number == number)
			return lo;
	return NULL;
}

/* A new one, numbered @number. => loop_ctl_lock held. 0, -ENOMEM */
static int add_loop(unsigned int number)
{
	struct loop_device *lo = kzalloc(sizeof(*lo), GFP_KERNEL), *next;
	struct list_head *at = &loops;
	int err;

	if (!lo)
		return -ENOMEM;
	lo->number = number;
	mutex_init(&lo->lock, LOCK_LOOP);
	mutex_init(&lo->io, LOCK_LOOP_IO);
	INIT_LIST_HEAD(&lo->queue);
	init_waitqueue_head(&lo->wait);
	lo->bdev.ops = &loop_ops;
	lo->bdev.driver = lo;
	lo->bdev.dev = MKDEV(LOOP_MAJOR, number);
	lo->bdev.minors = 1;
	lo->bdev.on_demand = lo->bdev.stacked = lo->bdev.solid_state = true;
	lo->bdev.no_partscan = true;
	lo->bdev.group = &loop_group;
	snprintf(lo->bdev.name, sizeof(lo->bdev.name), "loop%u", number);
	err = register_block_device(&lo->bdev);
	if (err) {
		kfree(lo);
		return err;
	}
	list_for_each_entry(next, &loops, link)
		if (next->number > number) {
			at = &next->link;
			break;
		}
	list_add_tail(&lo->link, at);
	return 0;
}

/* One that was removed is there again, or a new one. => loop_ctl_lock held. Its number, -errno */
static long ctl_add(long number)
{
	struct loop_device *lo;
	int err;

	if (number < 0)
		for (number = 0; find_loop(number) && !find_loop(number)->bdev.hidden; number++)
			;
	if (number >= MAX_LOOPS)
		return -ENOSPC;
	lo = find_loop(number);
	if (lo && !lo->bdev.hidden)
		return -EEXIST;
	if (!lo) {
		err = add_loop(number);
		return err ? err : number;
	}
	block_set_hidden(&lo->bdev, false);
	block_device_added(&lo->bdev);
	return number;
}

/* => loop_ctl_lock held. 0, -EINVAL, -ENODEV, -EBUSY */
static long ctl_remove(long number)
{
	struct loop_device *lo;
	long err;

	if (number < 0) {
		pr_warn_once("deleting an unspecified loop device is not supported.\n");
		return -EINVAL;
	}
	lo = find_loop(number);
	if (!lo || lo->bdev.hidden)
		return -ENODEV;
	mutex_lock(&lo->lock);
	err = lo->file ? -EBUSY : blkdev_hide(&lo->bdev);
	mutex_unlock(&lo->lock);
	if (!err)
		block_device_removed(&lo->bdev);
	return err;
}

/* The first that has no file. => loop_ctl_lock held */
static long ctl_get_free(void)
{
	struct loop_device *lo;

	list_for_each_entry(lo, &loops, link)
		if (!lo->bdev.hidden && !READ_ONCE(lo->file))
			return lo->number;
	return ctl_add(-1);
}

static long loop_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret = -ENOSYS;

	mutex_lock(&loop_ctl_lock);
	if (cmd == LOOP_CTL_ADD)
		ret = ctl_add((int)arg);
	else if (cmd == LOOP_CTL_REMOVE)
		ret = ctl_remove((int)arg);
	else if (cmd == LOOP_CTL_GET_FREE)
		ret = ctl_get_free();
	mutex_unlock(&loop_ctl_lock);
	return ret;
}

static const struct file_operations loop_control_fops = { .ioctl = loop_control_ioctl,
							  .llseek = noop_llseek };

/* loop.h */
void loop_init(void)
{
	register_chrdev(MISC_MAJOR, LOOP_CTRL_MINOR, "loop-control", 0600, &loop_control_fops, NULL);
	mutex_lock(&loop_ctl_lock);
	for (unsigned int i = 0; i < NR_LOOPS; i++)
		if (add_loop(i))
			pr_err("loop%u: no memory\n", i);
	mutex_unlock(&loop_ctl_lock);
	pr_info("loop: module loaded\n");
}
