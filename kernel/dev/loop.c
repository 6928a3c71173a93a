/*
 * loop.c - a file as a disk: the requests of /dev/loop0 … as reads and writes of a file.
 *
 * Idea:   each device has a worker, a thread that takes requests off a queue and does what each
 *         says to the page cache of the file behind it. So a page of a file on the loop's
 *         file system is copied into a page of the file behind it, which in turn goes to a disk:
 *
 *           /mnt/f ─dirty→ flush-7:0 ─request→ loop0 ─copy→ /disk.img ─dirty→ flush-254:0 ─→ vda
 *                                              (worker)
 *
 *         The worker makes pages dirty so that others become clean: who is short of memory
 *         waits for it, so it must never wait for memory that only its own work sets free.
 *         Four things see to that.
 *         1  It is held back (balance_dirty_pages) by what its own disk has dirty, not by what all
 *            have: among those may be the pages that wait for it (PF_LOCAL_THROTTLE).
 *         2  It allocates as reclaim does: below the watermarks, without reclaiming (PF_MEMALLOC).
 *         3  The reserve is not eaten up: while memory is short, what a request left in the
 *            file's cache is written to the disk below and dropped before the next one. And where
 *            even the reserve has nothing, all of the file's pages are. That needs the disk only.
 *         4  kswapd does not write a loop device's pages (blkdev_writepage), and swap does not lie
 *            on one (swap_dev.c): so nobody who frees memory ever waits for the worker.
 *         A file on tmpfs has no disk below: its pages leave by swap, which is reclaim's. So there
 *         2 and 3 do not hold, and the worker reclaims as anybody does; because of 4 it may.
 *
 *         Where the file ends before the disk does (somebody cut it), reads give zeroes, and a
 *         write makes it longer. Whatever goes wrong below, a full file system too, is EIO here.
 * Locks:  lo->io around each request, so that the file can be exchanged between two; inside it
 *         the file's i_rwsem and all below. The queue: bdev->lock.
 * Above:  kernel/block.   Below: mm/filemap.h. Settings: loop_ctl.c.
 *         In Linux: drivers/block/loop.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/loop_internal.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/vmstat.h"

#define NO_MEMORY_PAUSE (4 * NSEC_PER_MSEC)	/* others free some meanwhile; a tick */

/* --- the file --- */

/* 0, -ENOSPC, -EIO, -ENOMEM … */
static int write_bytes(struct file *file, const void *buf, size_t len, loff_t pos)
{
	struct inode *inode = file->f_inode;
	loff_t at = pos;
	kssize_t n;

	down_write(&inode->i_rwsem);
	if (IS_SWAPFILE(inode))
		n = -ETXTBSY;
	else if (S_ISBLK(inode->i_mode) && pos + (loff_t)len > *file->f_mapping->i_size)
		n = -EIO;
	else
		n = filemap_write_kernel(file->f_mapping, &at, buf, len);
	if (n > 0)
		inode_touch(inode);
	up_write(&inode->i_rwsem);
	if (n == (kssize_t)len)
		return 0;
	if (n != -ENOMEM)
		printk_ratelimited(KERN_ERR "loop: Write error at byte offset %llu, length %u.\n",
				   (unsigned long long)pos, (unsigned int)len);
	return n < 0 ? n : -EIO;
}

/* What lies behind the file's end is zeroes. 0, -EIO, -ENOMEM */
static int read_bytes(struct file *file, void *buf, size_t len, loff_t pos)
{
	kssize_t n = filemap_read_kernel(file->f_mapping, pos, buf, len);

	if (n < 0)
		return n;
	memset((char *)buf + n, 0, len - n);
	return 0;
}

static int do_segment(struct file *file, bool write, const struct blk_segment *seg, loff_t pos)
{
	char *at = kmap_local_page(seg->page);
	int err = write ? write_bytes(file, at + seg->offset, seg->len, pos)
			: read_bytes(file, at + seg->offset, seg->len, pos);

	kunmap_local(at);
	return err;
}

/* --- memory: see the top --- */

/* Has the file a disk below, so that its pages can be made clean? */
static bool has_disk(const struct file *file)
{
	return mapping_can_writeback(file->f_mapping);
}

/* Is little left, of all memory or of what the kernel itself can use? */
static bool memory_is_short(void)
{
	unsigned long free = 0, low = 0, free_kernel = 0, low_kernel = 0;
	struct zone *zone;

	for_each_populated_zone(zone) {
		unsigned long pages = zone_page_state(zone, NR_FREE_PAGES);

		free += pages;
		low += low_wmark_pages(zone);
		if (is_highmem(zone))
			continue;
		free_kernel += pages;
		low_kernel += low_wmark_pages(zone);
	}
	return free <= low || free_kernel <= low_kernel;
}

/* The pages of the file at [pos, pos + len) go to the disk and out of memory. */
static void give_back(struct file *file, loff_t pos, size_t len)
{
	unsigned long first = pos >> PAGE_SHIFT, last = (pos + len - 1) >> PAGE_SHIFT;

	filemap_write_range(file->f_mapping, first, last);
	invalidate_inode_pages2_range(file->f_mapping, first, last);
}

/* Not even the reserve has a page: everything of the file goes, and others get a chance. */
static void wait_for_memory(struct file *file)
{
	if (has_disk(file)) {
		filemap_write_range(file->f_mapping, 0, ~0UL);
		invalidate_mapping_pages(file->f_mapping);
	}
	current->__state = TASK_UNINTERRUPTIBLE;
	schedule_timeout_ns(NO_MEMORY_PAUSE, "loop: memory");
}

/* --- requests --- */

static int do_transfer(struct loop_device *lo, const struct blk_request *req)
{
	loff_t start = lo->offset + ((loff_t)req->sector << SECTOR_SHIFT), pos = start;
	int err = 0;

	for (unsigned int i = 0; i < req->nr_segments && !err; i++) {
		while ((err = do_segment(lo->file, req->op == BLK_WRITE, &req->segments[i], pos)) ==
		       -ENOMEM)
			wait_for_memory(lo->file);
		pos += req->segments[i].len;
	}
	if (has_disk(lo->file) && memory_is_short())
		give_back(lo->file, start, pos - start);
	return err ? -EIO : 0;
}

/* The file is on its disk. 0, -EIO */
static int do_flush(struct loop_device *lo)
{
	const struct file_operations *op = lo->file->f_op;

	return op->fsync && op->fsync(lo->file, false) ? -EIO : 0;
}

/* => lo->io held */
static int do_request(struct loop_device *lo, const struct blk_request *req)
{
	unsigned int memalloc = current->flags & PF_MEMALLOC;
	int err;

	if (!lo->file)
		return -EIO;		/* unbound meanwhile */
	if (has_disk(lo->file))
		current->flags |= PF_MEMALLOC;
	err = req->op == BLK_FLUSH ? do_flush(lo) : do_transfer(lo, req);
	current->flags = (current->flags & ~PF_MEMALLOC) | memalloc;
	return err;
}

static struct blk_request *next_request(struct loop_device *lo)
{
	unsigned long flags = spin_lock_irqsave(&lo->bdev.lock);
	struct blk_request *req = NULL;

	if (!list_empty(&lo->queue)) {
		req = list_first_entry(&lo->queue, struct blk_request, link);
		list_del_init(&req->link);
	}
	spin_unlock_irqrestore(&lo->bdev.lock, flags);
	return req;
}

/* loop_internal.h */
int loop_worker(void *arg)
{
	struct loop_device *lo = arg;

	current->flags |= PF_LOCAL_THROTTLE;
	for (;;) {
		struct blk_request *req;
		int err;

		wait_event_interruptible(lo->wait, !list_empty(&lo->queue), "loop_worker");
		while ((req = next_request(lo))) {
			mutex_lock(&lo->io);
			err = do_request(lo, req);
			mutex_unlock(&lo->io);
			blk_end_request(req, err);
			cond_resched();
		}
	}
}

/* loop_internal.h */
struct file *loop_set_file(struct loop_device *lo, struct file *file, loff_t offset)
{
	struct file *old;

	mutex_lock(&lo->io);
	old = lo->file;
	lo->file = file;
	lo->offset = offset;
	mutex_unlock(&lo->io);
	return old;
}

/* ops->submit. => bdev->lock held */
static bool loop_submit(struct block_device *bdev, struct blk_request *req)
{
	struct loop_device *lo = bdev->driver;

	list_add_tail(&req->link, &lo->queue);
	return true;
}

static void loop_kick(struct block_device *bdev)
{
	struct loop_device *lo = bdev->driver;

	wake_up(&lo->wait);
}

const struct block_device_operations loop_ops = {
	.submit = loop_submit, .kick = loop_kick, .ioctl = loop_ioctl, .release = loop_release,
};
