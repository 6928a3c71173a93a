/*
 * page_io.h - pages of a file to and from a block device, many in one request.
 *
 * Idea: a page's blocks may lie in several places, and neighbouring pages in one. So a page counts
 *       the transfers that are still in flight for it, in page->private, and a request that
 *       ends counts them down; the last one ends the page's read or write. Callers keep
 *       a request open while pages join it.
 *
 *         page->private:  63..48 transfers in flight · 39..32 sectors that are dirty (a device's own
 *                         pages: bdev_cache.c) · 31..0 readahead's mark (mm/readahead.c)
 * Locks:  the fields are changed by atomic operations only.
 */
#pragma once

#include "kernel/block/block.h"
#include "kernel/lib/bitops.h"

/*
 * A page's transfers are about to be given out. => locked (read), or under writeback (write).
 * Until page_io_end() it is not complete, whatever ends meanwhile.
 */
void page_io_begin(struct page *page);
/*
 * @len bytes at @offset of @page, at @sector. Joins *@open if it continues there; else what was
 * open is sent and a new request takes its place. May sleep.
 */
void page_io_add(struct blk_request **open, struct block_device *bdev, enum blk_op op,
		 struct page *page, u32 offset, u32 len, sector_t sector);
/*
 * One transfer (or the caller's page_io_begin) is over. With the last one a read page is up to
 * date (if none failed) and unlocked; a written page's writeback ends, an error is noted in its
 * mapping. Any context.
 */
void page_io_end(struct page *page, enum blk_op op, int error);
void page_io_send(struct blk_request **open);	/* what is open goes; *open is NULL then */

/*
 * Which sectors of a page are dirty: bytes [from, from + len) are, from now on. PG_dirty is the
 * caller's to set, afterwards.
 */
void page_mark_dirty(struct page *page, unsigned int from, unsigned int len);
/* The same are not. */
void page_forget_dirty(struct page *page, unsigned int from, unsigned int len);
unsigned int page_take_dirty(struct page *page);	/* a bit a sector; none is dirty then */
unsigned int page_take_dirty_sectors(struct page *page, unsigned int mask);	/* those of @mask */
unsigned int page_dirty_sectors(const struct page *page);	/* which are, at this moment */
static inline unsigned int page_sector_mask(unsigned int from, unsigned int len)
{
	return GENMASK((from + len - 1) >> SECTOR_SHIFT, from >> SECTOR_SHIFT);
}

/* --- bdev_cache.c: a device's pages --- */
/*
 * Page @index of the device, up to date, with a reference, in low memory; NULL: it cannot be read
 * (logged by the block layer). Never gives up for want of memory or for a signal. May sleep.
 */
struct page *bdev_read_page(struct block_device *bdev, unsigned long index);
/* Marks bytes [from, from + len) of @page, a device's, dirty. => up to date */
void bdev_mark_dirty(struct page *page, unsigned int from, unsigned int len);
/*
 * Those sectors of page @index that are dirty and in @mask (page_sector_mask()) go to the device, and
 * nothing else that is dirty beside them: they join *open, for the caller to send. May sleep.
 */
void bdev_write_sectors(struct block_device *bdev, unsigned long index, unsigned int mask,
			struct blk_request **open);
static inline void bdev_write_range(struct block_device *bdev, loff_t pos, unsigned int len,
				    struct blk_request **open)
{
	bdev_write_sectors(bdev, pos >> PAGE_SHIFT, page_sector_mask(pos & ~PAGE_MASK, len), open);
}
/*
 * Is none of them dirty or on its way, as far as the device's pages know? True is the truth about what
 * was changed before the call.
 */
bool bdev_range_clean(struct block_device *bdev, loff_t pos, unsigned int len);
/* No write of them is under way when it returns. => nothing open that has them */
void bdev_wait_range(struct block_device *bdev, loff_t pos, unsigned int len);
/*
 * The bytes there hold something else from now on, that does not go through the device's pages:
 * they are not dirty any more, and no write of them is under way. May sleep.
 */
void bdev_forget(struct block_device *bdev, loff_t pos, unsigned int len);
