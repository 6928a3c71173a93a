/*
 * swap.c - swapon(2), swapoff(2): from a path to what the area lies on.
 *
 * Idea:   mm/swapfile.c knows areas, this knows paths. A block device is handed
 *         on. Of a file on a disk file system the places of its blocks are asked once (bmap);
 *         from then on the file is swap's (S_SWAPFILE: nobody writes, cuts or
 *         removes it), and pages go past the file system. A file without bmap, as in RAM, is EINVAL.
 * Locks:  the file's i_rwsem while it is claimed; do_swapon has its own.
 * Above:  the system call table.   Below: mm/swapfile.h, block/swap_dev.c.   In Linux:
 * mm/swapfile.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/block/block.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/filemap.h"
#include "mm/slab.h"
#include "mm/swapfile.h"

#define SWAP_FLAGS_VALID 0x7ffff	/* swapon(2): priority, PREFER, DISCARD* */

/* What /proc/swaps will show. 0, -ENOMEM; "?" only where the path is longer than PATH_MAX */
static int copy_path(const struct path *path, char *to, size_t size)
{
	char *buf = alloc_name(), *p;

	if (!buf)
		return -ENOMEM;
	p = d_path(path, buf, PATH_MAX);
	strscpy(to, IS_ERR(p) ? "?" : p, size);
	putname(buf);
	return 0;
}

/* --- a file --- */

/* A file's runs of pages, as they are found. */
struct extent_list {
	struct swap_extent *list;
	unsigned int n, room;
	unsigned long pages;		/* so far: the next slot's number */
	sector_t lowest, highest;	/* of all pages but the header's */
};

static int add_page(struct extent_list *e, sector_t sector)
{
	struct swap_extent *last = e->n ? &e->list[e->n - 1] : NULL, *more;

	if (e->pages) {
		e->lowest = MIN(e->lowest, sector);
		e->highest = MAX(e->highest, sector);
	}
	if (last && last->sector + last->pages * (PAGE_SIZE >> SECTOR_SHIFT) == sector) {
		last->pages++;
		e->pages++;
		return 0;
	}
	if (e->n == e->room) {
		e->room = e->room ? e->room * 2 : 16;
		more = kvmalloc(e->room * sizeof(*more), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (e->n)
			memcpy(more, e->list, e->n * sizeof(*more));
		kvfree(e->list);
		e->list = more;
	}
	e->list[e->n++] = (struct swap_extent){ .first = e->pages++, .pages = 1, .sector = sector };
	return 0;
}

/*
 * The block's place; *run: how many of the @want that begin with it follow each other there.
 * 0, -EINVAL (a hole, logged), -EIO
 */
static int map_run(struct inode *inode, const char *name, u64 block, u32 want, u64 *phys, u32 *run)
{
	u32 more;

	for (*run = 0; *run < want; *run += more) {
		u64 at;
		int err;

		more = want - *run;
		err = inode->i_op->bmap(inode, block + *run, &at, &more);
		if (err)
			return err;
		if (!at) {
			pr_err("swapon: file %s has unallocated extents\n", name);
			return -EINVAL;
		}
		if (!*run)
			*phys = at;
		else if (at != *phys + *run)
			break;
	}
	return 0;
}

/* A slot is a page's worth of blocks that follow each other; others are left out. */
static int find_extents(struct inode *inode, const char *name, struct extent_list *e)
{
	u32 size = inode->i_sb->s_blocksize, per_page = PAGE_SIZE / size, run;
	u64 blocks = (u64)inode->i_size / PAGE_SIZE * per_page, phys = 0, block = 0;
	int err = 0;

	e->lowest = ~0UL;
	while (!err && block + per_page <= blocks) {
		if (signal_pending(current))
			return -EINTR;
		err = map_run(inode, name, block, per_page, &phys, &run);
		if (!err && run == per_page)
			err = add_page(e, phys * (size >> SECTOR_SHIFT));
		block += run;
		cond_resched();
	}
	return err;
}

/* What keeps the file, and its mount, while it is swapped to. */
struct swap_file { struct path path; };

/* swapoff, or swapon failed: the file is a file again. */
static void release_swap_file(void *arg)
{
	struct swap_file *sf = arg;
	struct inode *inode = sf->path.dentry->d_inode;

	inode->i_flags &= ~S_SWAPFILE;
	put_write_access(inode);
	mnt_drop_write(sf->path.mnt);
	path_put(&sf->path);
	kfree(sf);
}

/* The file is swap's from now on, all of it on the disk. *sf keeps it. 0, -EBUSY, -ETXTBSY, -EIO */
static int claim_file(const struct path *path, struct swap_file **sf)
{
	struct inode *inode = path->dentry->d_inode;
	int err = get_write_access(inode);

	if (err)
		return err;
	*sf = kzalloc(sizeof(**sf), GFP_KERNEL);
	if (!*sf) {
		put_write_access(inode);
		return -ENOMEM;
	}
	down_write(&inode->i_rwsem);
	err = IS_SWAPFILE(inode) ? -EBUSY : filemap_write_and_wait(&inode->i_data);
	if (!err)
		inode->i_flags |= S_SWAPFILE;
	up_write(&inode->i_rwsem);
	if (err) {
		put_write_access(inode);
		kfree(*sf);
		return err;
	}
	(*sf)->path = *path;
	path_get(path);
	return 0;
}

/* => the file is claimed: *sf is taken over. @header: a page for the file's first */
static long swapon_claimed(struct swap_file *sf, void *header, int flags)
{
	struct inode *inode = sf->path.dentry->d_inode;
	struct swap_device dev = { .is_file = true, .size = inode->i_size, .key = inode };
	struct extent_list e = { .n = 0 };
	kssize_t n = filemap_read_kernel(&inode->i_data, 0, header, PAGE_SIZE);
	int err = n < 0 ? n : n < (kssize_t)PAGE_SIZE ? -EINVAL : 0;

	if (!err)
		err = copy_path(&sf->path, dev.path, sizeof(dev.path));
	if (!err)
		err = find_extents(inode, dev.path, &e);
	if (!err && e.pages < 2) {
		pr_warn("Empty swap-file\n");
		err = -EINVAL;
	}
	if (!err)
		err = swap_device_for_extents(inode->i_sb->s_bdev, e.list, e.n, release_swap_file,
					      sf, &dev);
	if (err) {
		kvfree(e.list);
		release_swap_file(sf);
		return err;
	}
	dev.header = header;
	dev.mapped = e.pages;
	dev.span = 1 + (e.highest - e.lowest) / (PAGE_SIZE >> SECTOR_SHIFT);
	invalidate_mapping_pages(&inode->i_data);
	return do_swapon(&dev, flags);
}

static long swapon_file(const struct path *path, int flags)
{
	struct inode *inode = path->dentry->d_inode;
	struct swap_file *sf;
	void *header;
	long err;

	if (!S_ISREG(inode->i_mode) || !inode->i_op->bmap || !inode->i_sb->s_bdev)
		return -EINVAL;
	header = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!header)
		return -ENOMEM;
	err = mnt_want_write(path->mnt);	/* until swapoff */
	if (!err) {
		err = claim_file(path, &sf);
		if (err)
			mnt_drop_write(path->mnt);
	}
	if (!err)
		err = swapon_claimed(sf, header, flags);
	kfree(header);
	return err;
}

/* --- the calls --- */

static long swapon_path(const struct path *path, int flags)
{
	struct inode *inode = path->dentry->d_inode;
	struct block_device *bdev;
	struct swap_device dev;
	int err;

	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISBLK(inode->i_mode))
		return swapon_file(path, flags);
	bdev = blkdev_get_by_dev(inode->i_rdev);
	if (!bdev)
		return -ENXIO;
	if (bdev->read_only)
		return -EACCES;
	err = swap_device_for_bdev(bdev, &dev);
	if (err)
		return err;
	copy_path(path, dev.path, sizeof(dev.path));	/* without memory: "/dev/vda" is there already */
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
	struct inode *inode;
	long err;

	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	inode = path.dentry->d_inode;
	if (S_ISDIR(inode->i_mode))
		err = -EISDIR;
	else
		err = do_swapoff(S_ISBLK(inode->i_mode) ?
				 (const void *)blkdev_get_by_dev(inode->i_rdev) : inode);
	path_put(&path);
	return err;
}
