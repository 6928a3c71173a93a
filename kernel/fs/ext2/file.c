/*
 * file.c - regular files: their pages to and from their blocks.
 *
 * Idea:   a page is 1, 2 or 4 blocks, which may lie apart, or not at all (a
 *         hole reads as zeroes). Reading gathers the blocks of many pages into
 *         one request; writing likewise, and only the blocks that are dirty. Blocks are
 *         given when a page is written to (write(2): write_begin; a mapping: page_mkwrite), so
 *         that a full disk is told to who fills it. A fresh block's page is dirty at once: what
 *         the disk has there is somebody else's past.
 * Locks:  i_rwsem (the VFS) around writes and truncation; the page lock; ei->tree inside.
 * Above:  mm/filemap.c through address_space_operations.   Below: blocks.c, kernel/block/page_io.h.
 * In Linux: fs/ext2/file.c, inode.c, fs/mpage.c, fs/buffer.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/uio.h"
#include "kernel/block/page_io.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/rmap.h"

/* The blocks of one page. */
struct page_blocks {
	unsigned int count;		/* 1, 2, 4 */
	u32 phys[4];			/* 0: a hole */
	unsigned int fresh;		/* bits: what the disk has there is not the file's */
	bool broken;			/* the tree could not be read */
};

static unsigned int blocks_per_page(const struct inode *inode)
{
	return PAGE_SIZE >> EXT2_SB(inode->i_sb)->block_bits;
}

static u64 first_block(const struct inode *inode, const struct page *page)
{
	return (u64)page->index << (PAGE_SHIFT - EXT2_SB(inode->i_sb)->block_bits);
}

static sector_t block_sector(const struct inode *inode, u32 phys)
{
	return (sector_t)phys << (EXT2_SB(inode->i_sb)->block_bits - SECTOR_SHIFT);
}

/* Bits of the page's blocks that bytes [from, to) touch. */
static unsigned int block_mask(const struct inode *inode, unsigned int from, unsigned int to)
{
	unsigned int bits = EXT2_SB(inode->i_sb)->block_bits;

	return from < to ? GENMASK((to - 1) >> bits, from >> bits) : 0;
}

/*
 * Where the page's blocks are; those in @create get one if they have none.
 * => 0, or the first error: -ENOSPC, -EFBIG: those that got none stay holes; otherwise
 *    (blocks->broken) nobody knows what some of them are
 */
static int map_page(struct inode *inode, const struct page *page, unsigned int create,
		    struct page_blocks *blocks)
{
	int error = 0;

	*blocks = (struct page_blocks){ .count = blocks_per_page(inode) };
	for (unsigned int i = 0; i < blocks->count; i++) {
		bool fresh;
		int err = ext2_get_block(inode, first_block(inode, page) + i, &blocks->phys[i],
					 create & BIT(i), &fresh);

		if (fresh)
			blocks->fresh |= BIT(i);
		if (err && err != -ENOSPC && err != -EFBIG)
			blocks->broken = true;
		if (err && !error)
			error = err;
	}
	return error;
}

/* --- reading --- */

/* Reads what lies on the disk, zeroes the rest. => locked; unlocked by the end of the read */
static void read_blocks(struct inode *inode, struct page *page, const struct page_blocks *blocks,
			struct blk_request **open)
{
	unsigned int size = inode->i_sb->s_blocksize;

	page_io_begin(page);
	for (unsigned int i = 0; i < blocks->count; i++) {
		if (blocks->phys[i] && !(blocks->fresh & BIT(i)))
			page_io_add(open, inode->i_sb->s_bdev, BLK_READ, page, i * size, size,
				    block_sector(inode, blocks->phys[i]));
		else
			zero_user_segment(page, i * size, (i + 1) * size);
	}
	page_io_end(page, BLK_READ, 0);
}

static void ext2_read_batch(struct address_space *mapping, struct page *page,
			    struct blk_request **open)
{
	struct inode *inode = mapping->host;
	struct page_blocks blocks;

	if (map_page(inode, page, 0, &blocks)) {
		page_set(page, PG_error);
		unlock_page(page);
		return;
	}
	read_blocks(inode, page, &blocks, open);
}

static int ext2_read_page(struct address_space *mapping, struct page *page)
{
	struct blk_request *open = NULL;

	ext2_read_batch(mapping, page, &open);
	page_io_send(&open);
	return 0;
}

/* --- writing back --- */

/* The part of the page that is the file's; what lies behind is zero on the disk. */
static unsigned int bytes_in_file(const struct inode *inode, struct page *page)
{
	loff_t pos = (loff_t)page->index << PAGE_SHIFT, size = READ_ONCE(inode->i_size);

	return size <= pos ? 0 : MIN((loff_t)PAGE_SIZE, size - pos);
}

static void write_blocks(struct inode *inode, struct page *page, const struct page_blocks *blocks,
			 unsigned int which, struct blk_request **open)
{
	unsigned int size = inode->i_sb->s_blocksize;

	for (unsigned int i = 0; i < blocks->count; i++)
		if (which & BIT(i) && blocks->phys[i])
			page_io_add(open, inode->i_sb->s_bdev, BLK_WRITE, page, i * size, size,
				    block_sector(inode, blocks->phys[i]));
}

/* The blocks of the page that are dirty. */
static unsigned int take_dirty(const struct inode *inode, struct page *page)
{
	unsigned int sectors = page_take_dirty(page), which = 0, size = inode->i_sb->s_blocksize;

	for (unsigned int i = 0; i < blocks_per_page(inode); i++)
		if (sectors & page_sector_mask(i * size, size))
			which |= BIT(i);
	return which;
}

/*
 * Not for reclaim: the flusher's order suits the disk, and mapping a block may wait for memory that
 * reclaim is to give. What cannot be written is lost; fsync(2) will tell.
 */
static int ext2_writepage(struct page *page, struct writeback_control *wbc)
{
	struct address_space *mapping = page->mapping;
	struct inode *inode = mapping->host;
	unsigned int len = bytes_in_file(inode, page), which;
	struct page_blocks blocks;
	int err = 0;

	if (wbc->for_reclaim) {
		set_page_dirty_nobuffers(page);		/* its dirty sectors are still marked */
		return AOP_WRITEPAGE_ACTIVATE;
	}
	which = take_dirty(inode, page) & block_mask(inode, 0, len);
	blocks = (struct page_blocks){ .count = 0 };
	if (which) {
		if (len < PAGE_SIZE)
			zero_user_segment(page, len, PAGE_SIZE);
		err = map_page(inode, page, which, &blocks);
		if (err)
			mapping_set_error(mapping, err);
	}
	set_page_writeback(page);
	page_io_begin(page);
	unlock_page(page);
	write_blocks(inode, page, &blocks, which, &wbc->open);
	page_io_end(page, BLK_WRITE, 0);
	if (!wbc->batch)
		page_io_send(&wbc->open);
	return err;
}

/* Written through a mapping: all of it up to the file's end, which page_mkwrite gave blocks. */
static bool ext2_dirty_page(struct address_space *mapping, struct page *page)
{
	unsigned int len = bytes_in_file(mapping->host, page);

	if (len)
		page_mark_dirty(page, 0, len);
	return set_page_dirty_nobuffers(page);
}

/* --- write(2) --- */

/* The page's content, but for what is new. => locked, and again on return. 0, -EIO */
static int fill_page(struct inode *inode, struct page *page, const struct page_blocks *blocks)
{
	struct blk_request *open = NULL;

	page_clear(page, PG_error);
	read_blocks(inode, page, blocks, &open);
	page_io_send(&open);
	lock_page(page);
	return page_test(page, PG_uptodate) ? 0 : -EIO;
}

/* Blocks just given are dirty, with the zeroes that the page has there. => up to date */
static void dirty_fresh(struct inode *inode, struct page *page, unsigned int fresh)
{
	unsigned int size = inode->i_sb->s_blocksize;

	if (!fresh)
		return;
	for (unsigned int i = 0; i < blocks_per_page(inode); i++)
		if (fresh & BIT(i))
			page_mark_dirty(page, i * size, size);
	set_page_dirty_nobuffers(page);
}

/*
 * Blocks just given, and the page cannot be filled: they get their zeroes by themselves, lest the file
 * show what the disk has there. => locked, not up to date
 */
static void zero_fresh(struct inode *inode, struct page *page, const struct page_blocks *blocks)
{
	unsigned int size = inode->i_sb->s_blocksize;
	struct blk_request *open = NULL;

	if (!blocks->fresh)
		return;
	wait_on_page_writeback(page);
	for (unsigned int i = 0; i < blocks->count; i++)
		if (blocks->fresh & BIT(i))
			zero_user_segment(page, i * size, (i + 1) * size);
	set_page_writeback(page);
	page_io_begin(page);
	write_blocks(inode, page, blocks, blocks->fresh, &open);
	page_io_end(page, BLK_WRITE, 0);
	page_io_send(&open);
	wait_on_page_writeback(page);
}

/* A write that failed leaves nothing beyond the end. => i_rwsem held for writing */
static void write_failed(struct inode *inode)
{
	truncate_pagecache(&inode->i_data, inode->i_size);
	ext2_truncate_blocks(inode, inode->i_size);
}

/*
 * The file is about to grow. The page it ends in may have been written to behind the end, by a
 * mapping: those bytes are not the file's, and must not become it. Nor may the mapping go
 * on writing there unnoticed: the page's next block, within the file from now on, may be a hole.
 * => i_rwsem held for writing. The page, locked, with a reference, until i_size has grown; NULL:
 *    there is none
 */
static struct page *seal_end(struct inode *inode)
{
	unsigned int tail = inode->i_size & ~PAGE_MASK;
	struct page *page;

	if (!tail)
		return NULL;
	page = find_lock_page(&inode->i_data, inode->i_size >> PAGE_SHIFT);
	if (!page || !page_test(page, PG_uptodate))
		return page;
	if (page_mkclean(page))
		set_page_dirty(page);
	zero_user_segment(page, tail, PAGE_SIZE);
	return page;
}

static void unseal_end(struct page *page)
{
	if (!page)
		return;
	unlock_page(page);
	put_page(page);
}

/*
 * All of the page is replaced: what is there need not be read, nor, if all of it is fresh, be zeroed.
 * If the copy falls short, settle() has what is left to do.
 */
static bool overwrites(const struct page_blocks *blocks, unsigned int len)
{
	return len == PAGE_SIZE && !blocks->broken &&
	       (!blocks->fresh || blocks->fresh == GENMASK(blocks->count - 1, 0));
}

/*
 * The page was not read, since all of it was to be replaced, and the first @copied bytes were. How
 * many of them count: none where the rest is on the disk. Else (the blocks are fresh: dirty already)
 * the rest is zeroes, and the page is up to date.
 */
static unsigned int settle(struct page *page, unsigned int copied)
{
	if (copied < PAGE_SIZE && !page_dirty_sectors(page))
		return 0;
	if (copied < PAGE_SIZE)
		zero_user_segment(page, copied, PAGE_SIZE);
	page_clear(page, PG_error);
	page_set(page, PG_uptodate);
	return copied;
}

static int ext2_write_begin(struct address_space *mapping, loff_t pos, unsigned int len,
			    struct page **pagep)
{
	struct inode *inode = mapping->host;
	unsigned int from = pos & ~PAGE_MASK;
	struct page_blocks blocks;
	struct page *page;
	int err, fill;

	if (pos > inode->i_size)
		unseal_end(seal_end(inode));
	page = grab_cache_page(mapping, pos >> PAGE_SHIFT, mapping_gfp(mapping));
	if (!page)
		return -ENOMEM;
	err = map_page(inode, page, block_mask(inode, from, from + len), &blocks);
	/* Also on a full disk: some blocks may be the file's already. */
	if (page_test(page, PG_uptodate) || (!err && overwrites(&blocks, len)))
		fill = 0;
	else
		fill = blocks.broken ? -EIO : fill_page(inode, page, &blocks);
	if (!fill)
		dirty_fresh(inode, page, blocks.fresh);
	else
		zero_fresh(inode, page, &blocks);
	if (err || fill) {
		unlock_page(page);
		put_page(page);
		if (pos + len > inode->i_size)
			write_failed(inode);
		return err ? err : fill;
	}
	*pagep = page;
	return 0;
}

/* The size first: write-back looks at it. => locked since write_begin */
static int ext2_write_end(struct address_space *mapping, loff_t pos, unsigned int len,
			  unsigned int copied, struct page *page)
{
	struct inode *inode = mapping->host;

	if (!page_test(page, PG_uptodate))
		copied = settle(page, copied);
	if (!copied)
		return 0;
	if (pos + copied > inode->i_size) {
		WRITE_ONCE(inode->i_size, pos + copied);
		WRITE_ONCE(EXT2_I(inode)->map_changed, true);
		mark_inode_dirty(inode);
	}
	page_mark_dirty(page, pos & ~PAGE_MASK, copied);
	set_page_dirty_nobuffers(page);
	return copied;
}

/* A mapped page is about to be written to: it needs blocks up to the file's end. => locked */
static int ext2_page_mkwrite(struct address_space *mapping, struct page *page)
{
	struct inode *inode = mapping->host;
	unsigned int len = bytes_in_file(inode, page);
	struct page_blocks blocks;
	int err;

	if (!len)
		return -EINVAL;		/* truncate was first */
	err = map_page(inode, page, block_mask(inode, 0, len), &blocks);
	dirty_fresh(inode, page, blocks.fresh);
	if (!err)
		inode_touch(inode);
	return err;
}

const struct address_space_operations ext2_aops = {
	.read_page = ext2_read_page,
	.read_batch = ext2_read_batch,
	.send = page_io_send,
	.writepage = ext2_writepage,
	.dirty_page = ext2_dirty_page,
	.write_begin = ext2_write_begin,
	.write_end = ext2_write_end,
	.page_mkwrite = ext2_page_mkwrite,
};

/*
 * A short copy leaves blocks behind the end, and maybe a page with them that nothing was copied into:
 * both are given back. @n of @len were written.
 */
static kssize_t after_write(struct file *file, kssize_t n, size_t len)
{
	struct inode *inode = file->f_inode;

	if (n != (kssize_t)len) {
		down_write(&inode->i_rwsem);
		if (!IS_SWAPFILE(inode))
			write_failed(inode);
		up_write(&inode->i_rwsem);
	}
	return n;
}

static kssize_t ext2_file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return after_write(file, generic_file_write(file, buf, len, pos), len);
}

static kssize_t ext2_file_vector(struct file *file, const struct iovec *vec, size_t n, loff_t *pos,
				 bool write)
{
	kssize_t done = generic_file_vector(file, vec, n, pos, write);

	return write ? after_write(file, done, iovec_bytes(vec, n)) : done;
}

/* --- truncate, attributes --- */

/*
 * The rest of the block in which the file will end is zeroes from now on, on the disk, too: the
 * page is dirty, so reclaim cannot forget it.
 */
static int zero_block_tail(struct inode *inode, loff_t size)
{
	unsigned int block = inode->i_sb->s_blocksize, from = size & ~PAGE_MASK;
	unsigned int to = (from + block) & ~(block - 1);
	struct page *page;
	u32 phys;
	int err;

	if (!(size & (block - 1)))
		return 0;
	err = ext2_get_block(inode, size >> EXT2_SB(inode->i_sb)->block_bits, &phys, false, NULL);
	if (err || !phys)
		return err;	/* what is in the cache is zeroed by truncate_pagecache() */
	page = read_mapping_page(&inode->i_data, size >> PAGE_SHIFT);
	if (IS_ERR(page))
		return PTR_ERR(page);
	/* It is in the file until we cut it off: i_rwsem; and reclaim sees our reference. */
	lock_page(page);
	BUG_ON(page->mapping != &inode->i_data);
	wait_on_page_writeback(page);
	zero_user_segment(page, from, to);
	page_mark_dirty(page, from, to - from);
	set_page_dirty_nobuffers(page);
	unlock_page(page);
	put_page(page);
	return 0;
}

static int set_size(struct inode *inode, loff_t size)
{
	struct page *end;
	int err;

	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	if (size > EXT2_SB(inode->i_sb)->max_size)
		return -EFBIG;
	if (size >= inode->i_size) {
		end = size > inode->i_size ? seal_end(inode) : NULL;
		WRITE_ONCE(inode->i_size, size);
		WRITE_ONCE(EXT2_I(inode)->map_changed, true);
		mark_inode_dirty(inode);
		unseal_end(end);
		return 0;
	}
	err = zero_block_tail(inode, size);
	if (err)
		return err;
	WRITE_ONCE(inode->i_size, size);
	truncate_pagecache(&inode->i_data, size);
	ext2_truncate_blocks(inode, size);
	/* Who began to read ahead before may have read blocks that were the file's until now. */
	truncate_inode_pages(&inode->i_data, size);
	return 0;
}

/* ext2.h */
int ext2_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct iattr rest = *attr;
	int err = attr->valid & ATTR_SIZE ? set_size(dentry->d_inode, attr->size) : 0;

	if (err)
		return err;
	rest.valid &= ~ATTR_SIZE;
	return simple_setattr(dentry, &rest);
}

const struct inode_operations ext2_file_inode_operations = {
	.setattr = ext2_setattr, .getattr = ext2_getattr, .bmap = ext2_bmap,
};
const struct file_operations ext2_file_operations = {
	.read = generic_file_read, .write = ext2_file_write,
	.read_write_vector = ext2_file_vector, .mmap = generic_file_mmap,
	.fsync = ext2_fsync,
};
