/*
 * page_io.c - pages of a file to and from a block device, many in one request.
 *
 * Idea:   see page_io.h. A page's count starts at one, the caller's own, so that
 *         it does not fall to zero while transfers are still being given out.
 * Locks:  none: the count is atomic.
 * Above:  bdev_cache.c, kernel/fs/ext2.   Below: blkdev.c.   In Linux: fs/mpage.c, fs/buffer.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/page_io.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "mm/filemap.h"
#include "mm/page-flags.h"

#define IO_ONE (1UL << 48)
#define DIRTY_SHIFT 32
#define DIRTY_ALL (0xffUL << DIRTY_SHIFT)

/* page_io.h */
void page_io_begin(struct page *page)
{
	__atomic_fetch_add(&page->private, IO_ONE, __ATOMIC_SEQ_CST);
}

static void note_write_error(struct page *page, int error)
{
	struct address_space *mapping = page->mapping;

	page_set(page, PG_error);
	if (mapping)
		mapping_set_error(mapping, error);
}

/* page_io.h */
void page_io_end(struct page *page, enum blk_op op, int error)
{
	unsigned long left;

	if (error && op == BLK_WRITE)
		note_write_error(page, error);
	else if (error)
		page_set(page, PG_error);
	left = __atomic_sub_fetch(&page->private, IO_ONE, __ATOMIC_SEQ_CST);
	if (left >= IO_ONE)
		return;
	if (op == BLK_WRITE) {
		end_page_writeback(page);
		return;
	}
	if (!page_test(page, PG_error))
		page_set(page, PG_uptodate);
	unlock_page(page);
}

/* Bits of page->private for the sectors that [from, from + len) touches. */
static unsigned long sector_bits(unsigned int from, unsigned int len)
{
	BUG_ON(!len || from + len > PAGE_SIZE);
	return (unsigned long)page_sector_mask(from, len) << DIRTY_SHIFT;
}

/* page_io.h */
void page_mark_dirty(struct page *page, unsigned int from, unsigned int len)
{
	__atomic_fetch_or(&page->private, sector_bits(from, len), __ATOMIC_SEQ_CST);
}

/* page_io.h */
void page_forget_dirty(struct page *page, unsigned int from, unsigned int len)
{
	__atomic_fetch_and(&page->private, ~sector_bits(from, len), __ATOMIC_SEQ_CST);
}

/* page_io.h */
unsigned int page_take_dirty(struct page *page)
{
	unsigned long old = __atomic_fetch_and(&page->private, ~DIRTY_ALL, __ATOMIC_SEQ_CST);

	return (old & DIRTY_ALL) >> DIRTY_SHIFT;
}

/* page_io.h */
unsigned int page_take_dirty_sectors(struct page *page, unsigned int mask)
{
	unsigned long bits = (unsigned long)mask << DIRTY_SHIFT & DIRTY_ALL;
	unsigned long old = __atomic_fetch_and(&page->private, ~bits, __ATOMIC_SEQ_CST);

	return (old & bits) >> DIRTY_SHIFT;
}

/* page_io.h */
unsigned int page_dirty_sectors(const struct page *page)
{
	return (READ_ONCE(page->private) & DIRTY_ALL) >> DIRTY_SHIFT;
}

static void batch_end_io(struct blk_request *req)
{
	for (unsigned int i = 0; i < req->nr_segments; i++)
		page_io_end(req->segments[i].page, req->op, req->error);
}

/* page_io.h */
void page_io_send(struct blk_request **open)
{
	blk_send(open);
}

static bool continues(const struct blk_request *req, const struct block_device *bdev,
		      enum blk_op op, sector_t sector)
{
	return req && req->bdev == bdev && req->op == op &&
	       req->sector + (blk_request_bytes(req) >> SECTOR_SHIFT) == sector;
}

/* page_io.h */
void page_io_add(struct blk_request **open, struct block_device *bdev, enum blk_op op,
		 struct page *page, u32 offset, u32 len, sector_t sector)
{
	struct blk_request *req = *open;

	BUG_ON(!len || offset + len > PAGE_SIZE || (offset | len) & 511);
	if (continues(req, bdev, op, sector)) {
		if (blk_extend_segment(req, page, offset, len))
			return;
		if (blk_add_page(req, page, offset, len)) {
			page_io_begin(page);
			return;
		}
	}
	page_io_send(open);
	req = blk_get_request(bdev);
	req->op = op;
	req->sector = sector;
	req->end_io = batch_end_io;
	page_io_begin(page);
	blk_add_page(req, page, offset, len);
	blk_keep_open(open, req);
}
