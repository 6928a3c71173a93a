/*
 * bdev_cache.c - the pages of a block device: what reading /dev/vda goes through.
 *
 * Idea:   a device's mapping is a page cache whose page n is sectors 8n to
 *         8n+7. Pages are read and written whole, one request a page; the last
 *         one may reach beyond the device: that part is zero and stays here.
 * Locks:  the page lock; writes hold PG_writeback until the device has them.
 * Above:  mm/filemap.c and page-writeback.c call blkdev_aops; fs opens.
 * Below:  blkdev.c.   In Linux: block/fops.c, fs/buffer.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/block.h"
#include "kernel/lib/bug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/page-flags.h"

static struct block_device *mapping_bdev(struct address_space *mapping)
{
	return container_of(mapping, struct block_device, mapping);
}

/* Bytes of @page that lie on the device. */
static unsigned int bytes_on_device(struct block_device *bdev, const struct page *page)
{
	loff_t pos = (loff_t)page->index << PAGE_SHIFT, size = READ_ONCE(bdev->size);

	return size <= pos ? 0 : MIN((loff_t)PAGE_SIZE, size - pos) & ~511u;
}

static void start_io(struct block_device *bdev, struct page *page, unsigned int len, enum blk_op op,
		     void (*end_io)(struct blk_request *))
{
	struct blk_request *req = blk_get_request(bdev);

	req->op = op;
	req->sector = (sector_t)page->index << (PAGE_SHIFT - SECTOR_SHIFT);
	req->private = page;
	req->end_io = end_io;
	blk_add_page(req, page, 0, len);
	blk_submit(req);
	blk_kick(bdev);
}

static void end_page_read(struct blk_request *req)
{
	struct page *page = req->private;

	if (req->error)
		page_set(page, PG_error);
	else
		page_set(page, PG_uptodate);
	unlock_page(page);
}

static int blkdev_read_page(struct address_space *mapping, struct page *page)
{
	struct block_device *bdev = mapping_bdev(mapping);
	unsigned int len = bytes_on_device(bdev, page);

	if (len < PAGE_SIZE)
		zero_user_segment(page, len, PAGE_SIZE);
	if (len == 0) {
		page_set(page, PG_uptodate);
		unlock_page(page);
		return 0;
	}
	start_io(bdev, page, len, BLK_READ, end_page_read);
	return 0;
}

static void end_page_write(struct blk_request *req)
{
	struct page *page = req->private;
	struct address_space *mapping = &req->bdev->mapping;

	if (req->error) {
		page_set(page, PG_error);
		mapping->flags |= AS_EIO;
		mapping->wb_err = req->error;
	}
	end_page_writeback(page);
}

static int blkdev_writepage(struct page *page, struct writeback_control *wbc)
{
	struct block_device *bdev = container_of(page->mapping, struct block_device, mapping);
	unsigned int len = bytes_on_device(bdev, page);

	set_page_writeback(page);
	unlock_page(page);
	if (len)
		start_io(bdev, page, len, BLK_WRITE, end_page_write);
	else
		end_page_writeback(page);
	return 0;
}

/* A write of part of a page needs the rest of it. */
static int blkdev_write_begin(struct address_space *mapping, loff_t pos, unsigned int len,
			      struct page **pagep)
{
	struct page *page = read_mapping_page(mapping, pos >> PAGE_SHIFT);

	if (IS_ERR(page))
		return PTR_ERR(page);
	lock_page(page);
	*pagep = page;
	return 0;
}

/* => locked, and stays so; the data is in it */
static int blkdev_write_end(struct address_space *mapping, loff_t pos, unsigned int len,
			    unsigned int copied, struct page *page)
{
	if (copied)
		set_page_dirty(page);
	return copied;
}

const struct address_space_operations blkdev_aops = {
	.read_page = blkdev_read_page,
	.writepage = blkdev_writepage,
	.write_begin = blkdev_write_begin,
	.write_end = blkdev_write_end,
};
