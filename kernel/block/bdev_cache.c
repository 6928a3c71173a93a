/*
 * bdev_cache.c - the pages of a block device: what reading /dev/vda goes through, and where a file
 *                system keeps its metadata.
 *
 * Idea:   a device's mapping is a page cache whose page n is sectors 8n to
 *         8n+7. Pages are read whole; the last one may reach beyond the device:
 *         that part is zero and stays here. They are written by the sector: beside a block
 *         of metadata there may lie a block of a file, whose newer content is in the
 *         file's own pages. So a page knows which of its sectors are dirty.
 * Locks:  the page lock; the dirty sectors are atomic bits in page->private. A write holds
 *         PG_writeback until the device has it.
 * Above:  mm/filemap.c and page-writeback.c call blkdev_aops; fs opens and mounts.
 * Below:  page_io.c, blkdev.c.   In Linux: block/fops.c, fs/buffer.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/page_io.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/page-flags.h"
#include "mm/page_alloc.h"
#include "mm/vmstat.h"

static struct block_device *mapping_bdev(struct address_space *mapping)
{
	return container_of(mapping, struct block_device, mapping);
}

/* Bytes of page @index that lie on the device. */
static unsigned int bytes_of_page(struct block_device *bdev, unsigned long index)
{
	loff_t pos = (loff_t)index << PAGE_SHIFT, size = READ_ONCE(bdev->size);

	return size <= pos ? 0 : MIN((loff_t)PAGE_SIZE, size - pos) & ~511u;
}

static unsigned int bytes_on_device(struct block_device *bdev, const struct page *page)
{
	return bytes_of_page(bdev, page->index);
}

static sector_t first_sector(const struct page *page)
{
	return (sector_t)page->index << (PAGE_SHIFT - SECTOR_SHIFT);
}

static void blkdev_read_batch(struct address_space *mapping, struct page *page,
			      struct blk_request **open)
{
	struct block_device *bdev = mapping_bdev(mapping);
	unsigned int len = bytes_on_device(bdev, page);

	if (len < PAGE_SIZE)
		zero_user_segment(page, len, PAGE_SIZE);
	page_io_begin(page);
	if (len)
		page_io_add(open, bdev, BLK_READ, page, 0, len, first_sector(page));
	page_io_end(page, BLK_READ, 0);
}

static int blkdev_read_page(struct address_space *mapping, struct page *page)
{
	struct blk_request *open = NULL;

	blkdev_read_batch(mapping, page, &open);
	page_io_send(&open);
	return 0;
}

/* The page, locked, with a reference: there, or made. */
static struct page *grab_page(struct address_space *mapping, unsigned long index)
{
	struct page *page;

	do {
		/* the tree's nodes are not NOFAIL: those cannot be had only for a while */
		page = grab_cache_page(mapping, index, mapping_gfp(mapping) | __GFP_NOFAIL);
		cond_resched();
	} while (!page);
	return page;
}

/* page_io.h */
struct page *bdev_read_page(struct block_device *bdev, unsigned long index)
{
	struct address_space *mapping = &bdev->mapping;
	struct page *page = find_get_page(mapping, index);

	if (page && page_test(page, PG_uptodate))
		return page;
	if (page)
		put_page(page);
	page = grab_page(mapping, index);
	if (!page_test(page, PG_uptodate)) {
		page_clear(page, PG_error);
		blkdev_read_page(mapping, page);	/* unlocks it when it is read */
		wait_on_page_locked(page);
	} else {
		unlock_page(page);
	}
	if (page_test(page, PG_uptodate))
		return page;
	put_page(page);
	return NULL;
}

/* page_io.h */
void bdev_mark_dirty(struct page *page, unsigned int from, unsigned int len)
{
	page_mark_dirty(page, from, len);
	set_page_dirty_nobuffers(page);
}

/* From elsewhere (a mapping of /dev/vda): all of the page. */
static bool blkdev_dirty_page(struct address_space *mapping, struct page *page)
{
	page_mark_dirty(page, 0, PAGE_SIZE);
	return set_page_dirty_nobuffers(page);
}

/* page_io.h */
void bdev_forget(struct block_device *bdev, loff_t pos, unsigned int len)
{
	struct page *page = find_get_page(&bdev->mapping, pos >> PAGE_SHIFT);

	if (!page)
		return;
	page_forget_dirty(page, pos & ~PAGE_MASK, len);
	wait_on_page_writeback(page);
	put_page(page);
}

/* The runs of sectors of @dirty, each a transfer, join *open. => locked, in writeback; unlocks */
static void write_runs(struct block_device *bdev, struct page *page, unsigned long dirty,
		       struct blk_request **open)
{
	unsigned int len = bytes_on_device(bdev, page) >> SECTOR_SHIFT, end;

	page_io_begin(page);
	unlock_page(page);
	for (unsigned int at = 0; at < len; at = end + 1) {
		for (end = at; end < len && dirty & BIT(end); end++)
			;
		if (end > at)
			page_io_add(open, bdev, BLK_WRITE, page, at << SECTOR_SHIFT,
				    (end - at) << SECTOR_SHIFT, first_sector(page) + at);
	}
	page_io_end(page, BLK_WRITE, 0);
}

/* The dirty runs of the page. wbc->open: pages that follow may join. */
static int blkdev_writepage(struct page *page, struct writeback_control *wbc)
{
	struct block_device *bdev = mapping_bdev(page->mapping);

	/* kswapd must not wait for who may be waiting for kswapd (kernel/dev/loop.c) */
	if (wbc->for_reclaim && bdev->whole->stacked) {
		set_page_dirty_nobuffers(page);		/* its dirty sectors are still marked */
		return AOP_WRITEPAGE_ACTIVATE;
	}
	set_page_writeback(page);
	write_runs(bdev, page, page_take_dirty(page), &wbc->open);
	if (!wbc->batch)
		page_io_send(&wbc->open);
	return 0;
}

/*
 * The page is dirty no more if none of its sectors is. Who marks one at this moment has set its bit
 * first: he finds the page clean, or we find his bit. => locked
 */
static void clean_if_none(struct page *page)
{
	if (page_dirty_sectors(page))
		return;
	clear_page_dirty_for_io(page);
	if (page_dirty_sectors(page))
		set_page_dirty_nobuffers(page);
}

/* page_io.h. Nobody may wait for a page that waits in *open: that goes first. */
void bdev_write_sectors(struct block_device *bdev, unsigned long index, unsigned int mask,
			struct blk_request **open)
{
	struct page *page = find_get_page(&bdev->mapping, index);
	unsigned int dirty;

	if (!page)
		return;
	if (!(page_dirty_sectors(page) & mask)) {
		put_page(page);
		return;
	}
	if (!trylock_page(page)) {
		page_io_send(open);
		lock_page(page);
	}
	if (page_test(page, PG_writeback)) {
		page_io_send(open);
		wait_on_page_writeback(page);
	}
	dirty = page->mapping == &bdev->mapping ? page_take_dirty_sectors(page, mask) : 0;
	if (dirty) {
		clean_if_none(page);
		set_page_writeback(page);
		write_runs(bdev, page, dirty, open);
	} else {
		unlock_page(page);
	}
	put_page(page);
}

/*
 * page_io.h. Who writes the page has it locked from before he takes its sectors' bits until it is in
 * writeback: if the bits are gone, one of these flags is there.
 */
bool bdev_range_clean(struct block_device *bdev, loff_t pos, unsigned int len)
{
	struct page *page = find_get_page(&bdev->mapping, pos >> PAGE_SHIFT);
	bool clean;

	if (!page)
		return true;
	clean = !(page_dirty_sectors(page) & page_sector_mask(pos & ~PAGE_MASK, len)) &&
		!(READ_ONCE(page->flags) & (PG_locked | PG_writeback));
	put_page(page);
	return clean;
}

/* page_io.h */
void bdev_wait_range(struct block_device *bdev, loff_t pos, unsigned int len)
{
	struct page *page = find_get_page(&bdev->mapping, pos >> PAGE_SHIFT);

	BUG_ON((pos & ~PAGE_MASK) + len > PAGE_SIZE);
	if (!page)
		return;
	wait_on_page_writeback(page);
	put_page(page);
}

/* A write of part of a page needs the rest of it; one of all of it does not. */
static int blkdev_write_begin(struct address_space *mapping, loff_t pos, unsigned int len,
			      struct page **pagep)
{
	bool all = !(pos & ~PAGE_MASK) &&
		   len >= bytes_of_page(mapping_bdev(mapping), pos >> PAGE_SHIFT);
	struct page *page;

	for (;;) {
		page = all ? grab_cache_page(mapping, pos >> PAGE_SHIFT, mapping_gfp(mapping))
			   : read_mapping_page(mapping, pos >> PAGE_SHIFT);
		if (!page || IS_ERR(page))
			return page ? PTR_ERR(page) : -ENOMEM;
		if (!all)
			lock_page(page);
		if (page->mapping == mapping)
			break;
		unlock_page(page);	/* the device is gone, or shrank */
		put_page(page);
	}
	*pagep = page;
	return 0;
}

/* => locked since write_begin, and stays so; the data is in it */
static int blkdev_write_end(struct address_space *mapping, loff_t pos, unsigned int len,
			    unsigned int copied, struct page *page)
{
	unsigned int on_device = bytes_on_device(mapping_bdev(mapping), page);

	if (!copied)
		return 0;
	if (!page_test(page, PG_uptodate)) {
		if (copied < on_device)
			return 0;	/* it was to be all of the page, and was not read */
		if (on_device < PAGE_SIZE)
			zero_user_segment(page, on_device, PAGE_SIZE);
		page_clear(page, PG_error);
		page_set(page, PG_uptodate);
	}
	bdev_mark_dirty(page, pos & ~PAGE_MASK, copied);
	return copied;
}

static void add_pages(struct block_device *bdev, void *total)
{
	*(unsigned long *)total += bdev->mapping.nrpages;
}

/* "Buffers" of /proc/meminfo. */
static unsigned long count_buffers(void)
{
	unsigned long pages = 0;

	for_each_block_device(add_pages, &pages);
	return pages;
}

/* block.h */
void bdev_cache_init(void)
{
	nr_blockdev_pages = count_buffers;
}

const struct address_space_operations blkdev_aops = {
	.read_page = blkdev_read_page,
	.read_batch = blkdev_read_batch,
	.send = page_io_send,
	.writepage = blkdev_writepage,
	.dirty_page = blkdev_dirty_page,
	.write_begin = blkdev_write_begin,
	.write_end = blkdev_write_end,
};
