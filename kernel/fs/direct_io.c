/*
 * direct_io.c - O_DIRECT: between user memory and a disk, past the page cache.
 *
 * Idea:   the user's own pages are held and given to the disk, up to 512 KiB at a time, and the
 *         call waits for them. The page cache knows nothing of it; so that nobody sees two truths,
 *
 *           a read    first lets what is dirty there be written
 *           a write   the same, then drops the pages; and once more at its end, since
 *                     somebody may have read them back meanwhile
 *
 *         Only what the file has already can be written to in that way. What makes it longer,
 *         or fills a hole, goes through the page cache, and is written and dropped before the call
 *         returns: so blocks are given in one place only. The same where a page cannot be dropped.
 *         Places, lengths and addresses are multiples of the disk's block; else it is EINVAL.
 *
 *         A held page stays where it is (reclaim and migration see the reference), and is
 *         marked dirty after the disk has filled it. A process that forks in another thread meanwhile
 *         may find the data in the child's copy; Linux before 5.8 had that, too.
 * Locks:  i_rwsem (shared for reading), so that blocks stay the file's; mmap_lock while pages are
 *         looked up; a page's lock to mark it dirty.
 * Above:  read_write.c, block_dev.c.   Below: mm/gup.h, mm/filemap.h, kernel/block.
 *         In Linux: fs/iomap/direct-io.c, fs/direct-io.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/fs/direct_io.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/errseq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/filemap.h"
#include "mm/gup.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/uio.h"

#define DIO_PAGES (BLK_MAX_BYTES >> PAGE_SHIFT)
#define HOLE (~(sector_t)0)
#define RUN_BLOCKS 4096			/* asked for at once */

/* One call; all u. */
struct dio {
	struct inode *inode;
	struct block_device *bdev;
	struct address_space *mapping;
	enum blk_op op;
	loff_t pos, end;		/* in the file, or on the disk */
	unsigned long addr;		/* user's */
	struct dio_run {		/* the last one looked up: so much of the file … */
		loff_t start, end;
		sector_t sector;	/* … lies there in one piece, or is a HOLE */
	} run;
};

/* The requests of one batch. */
struct dio_batch {
	_Atomic int left;		/* a: requests in flight, and one for the submitter */
	_Atomic int error;		/* a: the last one's */
	struct completion done;
	struct blk_request *open;	/* u: not sent yet */
	sector_t next;			/* u: where it ends */
};

/* direct_io.h */
bool can_direct_io(const struct inode *inode)
{
	if (S_ISREG(inode->i_mode))
		return inode->i_op->bmap && inode->i_sb->s_bdev;
	return S_ISBLK(inode->i_mode) || S_ISFIFO(inode->i_mode);	/* a FIFO ignores it */
}

static struct block_device *file_bdev(const struct file *file)
{
	return S_ISBLK(file->f_inode->i_mode) ? file->private_data : file->f_inode->i_sb->s_bdev;
}

static bool is_aligned(const struct file *file, const void __user *buf, size_t len, loff_t pos)
{
	unsigned long mask = bdev_block_size(file_bdev(file)) - 1;

	return !((len | (unsigned long)pos) & mask) &&
	       !((unsigned long)buf & ((1UL << SECTOR_SHIFT) - 1));
}

/* Makes dio->run one that @pos, before dio->end, lies in. 0, -EIO */
static int find_run(struct dio *dio, loff_t pos)
{
	u32 size = dio->inode->i_sb->s_blocksize, blocks;
	struct dio_run *run = &dio->run;
	u64 phys;
	int err;

	if (pos >= run->start && pos < run->end)
		return 0;
	if (S_ISBLK(dio->inode->i_mode)) {
		*run = (struct dio_run){ pos, dio->end, pos >> SECTOR_SHIFT };
		return 0;
	}
	run->start = pos & -(loff_t)size;
	blocks = MIN(DIV_ROUND_UP(dio->end - run->start, size), RUN_BLOCKS);
	err = dio->inode->i_op->bmap(dio->inode, pos / size, &phys, &blocks);
	run->end = err ? run->start : run->start + (loff_t)blocks * size;
	run->sector = phys ? phys * (size >> SECTOR_SHIFT) : HOLE;
	return err;
}

/* --- requests --- */

static void dio_put(struct dio_batch *batch)
{
	if (--batch->left == 0)
		complete(&batch->done);
}

static void dio_end_io(struct blk_request *req)
{
	struct dio_batch *batch = req->private;

	if (req->error)
		batch->error = req->error;
	dio_put(batch);
}

/* Joins the open request, or begins another. What is open is sent before a sleep for the next. */
static void dio_add(const struct dio *dio, struct dio_batch *batch, struct page *page,
		    unsigned int offset, unsigned int len, sector_t sector)
{
	struct blk_request *req = batch->open;

	if (!req || batch->next != sector ||
	    (!blk_extend_run(req, page, offset, len) && !blk_add_page(req, page, offset, len))) {
		blk_send(&batch->open);
		req = blk_get_request(dio->bdev);
		req->op = dio->op;
		req->sector = sector;
		req->end_io = dio_end_io;
		req->private = batch;
		batch->left++;
		blk_add_page(req, page, offset, len);
		blk_keep_open(&batch->open, req);
	}
	batch->next = sector + (len >> SECTOR_SHIFT);
}

/* @len bytes of held @pages. 0, or what went wrong first while they were given out. */
static int give_out(struct dio *dio, struct dio_batch *batch, struct page **pages, size_t len)
{
	unsigned long offset = dio->addr & ~PAGE_MASK;
	const struct dio_run *run = &dio->run;
	size_t done = 0;

	while (done < len) {
		struct page *page = pages[(offset + done) >> PAGE_SHIFT];
		unsigned int at = (offset + done) & ~PAGE_MASK;
		loff_t pos = dio->pos + done;
		int err = find_run(dio, pos);
		size_t part;

		if (err)
			return err;
		part = MIN(len - done, PAGE_SIZE - at);
		part = MIN(part, (size_t)(run->end - pos));
		if (run->sector != HOLE)
			dio_add(dio, batch, page, at, part,
				run->sector + ((pos - run->start) >> SECTOR_SHIFT));
		else if (dio->op == BLK_READ)
			zero_user_segment(page, at, at + part);
		else
			return -EIO;	/* there was a block when can_overwrite() looked */
		done += part;
	}
	return 0;
}

/*
 * The pages are the user's again. @dirty: the disk has written to them; whoever cleans an anonymous one
 * that is dirty already does so after that. A file's may be dirty in part only.
 */
static void release_user_pages(struct page **pages, unsigned int n, bool dirty)
{
	for (unsigned int i = 0; i < n; i++) {
		if (dirty && !(page_test(pages[i], PG_dirty) && PageAnon(pages[i]))) {
			lock_page(pages[i]);
			set_page_dirty(pages[i]);
			unlock_page(pages[i]);
		}
		put_page(pages[i]);
	}
}

/* As much as fits a batch, at most @len. Bytes; -EFAULT, -EIO, -EINTR */
static kssize_t do_batch(struct dio *dio, size_t len)
{
	unsigned long offset = dio->addr & ~PAGE_MASK;
	struct dio_batch batch = { .left = 1 };
	struct page *pages[DIO_PAGES];
	unsigned int n;
	int got, err;

	len = MIN(len, DIO_PAGES * PAGE_SIZE - offset);
	n = DIV_ROUND_UP(offset + len, PAGE_SIZE);
	got = pin_user_pages(current->mm, dio->addr - offset, n, dio->op == BLK_READ, pages);
	if (got < (int)n) {
		release_user_pages(pages, got, false);
		return fatal_signal_pending(current) ? -EINTR : -EFAULT;
	}
	init_completion(&batch.done);
	err = give_out(dio, &batch, pages, len);
	blk_send(&batch.open);
	dio_put(&batch);
	current->in_iowait = true;
	wait_for_completion(&batch.done, "direct_io");
	current->in_iowait = false;
	release_user_pages(pages, n, dio->op == BLK_READ);
	err = err ? err : batch.error;
	return err ? err : (kssize_t)len;
}

/* All of it, batch by batch. Bytes (fewer if it is killed), or the error that ended it. */
static kssize_t transfer(struct dio *dio, size_t len)
{
	size_t done = 0;

	while (done < len) {
		kssize_t n = fatal_signal_pending(current) ? -EINTR : do_batch(dio, len - done);

		if (n < 0)
			return n == -EINTR && done ? (kssize_t)done : n;
		dio->pos += n;
		dio->addr += n;
		done += n;
		cond_resched();
	}
	return done;
}

/* --- read --- */

/* => i_rwsem held, or a disk */
static kssize_t read_around_cache(struct dio *dio, size_t len)
{
	loff_t size = READ_ONCE(*dio->mapping->i_size), pos = dio->pos;
	kssize_t n;

	if (pos >= size)
		return 0;
	len = MIN((loff_t)len, (loff_t)ALIGN_UP((u64)(size - pos), 1UL << SECTOR_SHIFT));
	dio->end = pos + len;
	n = filemap_write_range(dio->mapping, pos >> PAGE_SHIFT, (dio->end - 1) >> PAGE_SHIFT);
	if (!n)
		n = transfer(dio, len);
	return n > 0 ? (kssize_t)MIN((loff_t)n, size - pos) : n;
}

/* direct_io.h */
kssize_t direct_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct inode *inode = file->f_inode;
	struct dio dio = { .inode = inode, .bdev = file_bdev(file), .mapping = file->f_mapping,
			   .op = BLK_READ, .pos = *pos, .addr = (unsigned long)buf };
	kssize_t n;

	if (!len || *pos >= READ_ONCE(*dio.mapping->i_size))
		return 0;
	if (!is_aligned(file, buf, len, *pos))
		return -EINVAL;
	if (S_ISREG(inode->i_mode))
		down_read(&inode->i_rwsem);
	n = read_around_cache(&dio, len);
	if (S_ISREG(inode->i_mode))
		up_read(&inode->i_rwsem);
	if (n > 0)
		*pos += n;
	return n;
}

/* --- write --- */

/* Does all of it lie within the file, and has each byte a place? => i_rwsem held */
static bool can_overwrite(struct dio *dio)
{
	if (dio->end > *dio->mapping->i_size)
		return false;
	for (loff_t pos = dio->pos; pos < dio->end; pos = dio->run.end) {
		if (find_run(dio, pos) || dio->run.sector == HOLE)
			return false;
		cond_resched();
	}
	return true;
}

/* Through the page cache, to the disk, and out of the cache. Bytes, -errno */
static kssize_t write_through(struct dio *dio, const char __user *buf, size_t len)
{
	unsigned int since = errseq_sample(&dio->mapping->wb_err);
	loff_t start = dio->pos;
	unsigned long first = start >> PAGE_SHIFT, last;
	const struct iovec one = { (void *)buf, len };
	struct iov_iter from = { &one, 0 };
	kssize_t n = filemap_write(dio->mapping, &dio->pos, &from, len);
	int err;

	if (n <= 0)
		return n;
	last = (start + n - 1) >> PAGE_SHIFT;
	err = filemap_write_range(dio->mapping, first, last);
	if (!err)
		err = errseq_check_and_advance(&dio->mapping->wb_err, &since);
	invalidate_inode_pages2_range(dio->mapping, first, last);
	return err ? err : n;
}

/* direct_io.h */
kssize_t direct_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct dio dio = { .inode = file->f_inode, .bdev = file_bdev(file),
			   .mapping = file->f_mapping, .op = BLK_WRITE, .pos = *pos,
			   .end = *pos + len, .addr = (unsigned long)buf };
	unsigned long first = *pos >> PAGE_SHIFT, last = (*pos + len - 1) >> PAGE_SHIFT;
	kssize_t n;

	if (!len)
		return 0;
	if (!is_aligned(file, buf, len, *pos))
		return -EINVAL;
	n = filemap_write_range(dio.mapping, first, last);
	if (n)
		return n;
	if (!invalidate_inode_pages2_range(dio.mapping, first, last) && can_overwrite(&dio)) {
		n = transfer(&dio, len);
		invalidate_inode_pages2_range(dio.mapping, first, last);
		if (n > 0)
			current->io.write_bytes += n;
	} else {
		n = write_through(&dio, buf, len);
	}
	*pos = dio.pos;
	return n;
}
