/*
 * buf.c - blocks of metadata: parts of pages of the device's page cache.
 *
 * Idea:   those pages lie in low memory and are up to date as a whole, so a block
 *         is a pointer into one, good as long as the page is held. What is
 *         changed is marked by the sector (bdev_mark_dirty), since the rest of the page may belong
 *         to a file's data, which does not come by here.
 * Locks:  none here; who changes a block holds what guards it.
 * Above:  all of ext2.   Below: kernel/block's bdev_cache.c.   In Linux: fs/buffer.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/page_io.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"
#include "mm/swap.h"

static loff_t block_pos(struct super_block *sb, u32 nr)
{
	return (loff_t)nr << EXT2_SB(sb)->block_bits;
}

/* ext2.h */
int ext2_bread(struct super_block *sb, u32 nr, struct ext2_buf *buf)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct page *page;

	*buf = (struct ext2_buf){ NULL, NULL };
	if (nr >= sbi->blocks_count) {
		EXT2_ERROR(sb, "block %u is outside of the file system", nr);
		return -EIO;
	}
	page = bdev_read_page(sb->s_bdev, block_pos(sb, nr) >> PAGE_SHIFT);
	if (!page) {
		EXT2_ERROR(sb, "unable to read block %u", nr);
		return -EIO;
	}
	mark_page_accessed(page);
	buf->page = page;
	buf->data = (u8 *)page_address(page) + (block_pos(sb, nr) & ~PAGE_MASK);
	return 0;
}

/* ext2.h */
int ext2_bnew(struct super_block *sb, u32 nr, struct ext2_buf *buf)
{
	int err = ext2_bread(sb, nr, buf);

	if (err)
		return err;
	memset(buf->data, 0, sb->s_blocksize);
	ext2_bdirty(sb, buf);
	return 0;
}

/* ext2.h */
void ext2_bdirty(struct super_block *sb, const struct ext2_buf *buf)
{
	bdev_mark_dirty(buf->page, (unsigned long)buf->data & ~PAGE_MASK, sb->s_blocksize);
}

/* ext2.h */
void ext2_brelse(struct ext2_buf *buf)
{
	if (buf->page)
		put_page(buf->page);
	*buf = (struct ext2_buf){ NULL, NULL };
}
