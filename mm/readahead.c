/*
 * readahead.c - reading a file before it is asked for.
 *
 * Idea:   a page that is missing right behind one that is there looks like
 *         sequential reading: a window of pages is read at once. One page of the
 *         window carries a mark (PG_readahead, with the window's length and how far
 *         off its end is in page->private); who comes to it starts the next window,
 *         twice as long up to 128 KiB, while the rest of this one is still being used:
 *
 *            |■■■■|□□M□□□□□|.................
 *                    ^ reached: read the next 16
 *
 *         No state is kept for an open file: the pages are the state.
 * Locks:  none but those of filemap.c.
 * Above:  filemap.c.   Below: a_ops->read_page.   In Linux: mm/readahead.c.
 */
#include "kernel/abi/errno.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/page_alloc.h"

#define RA_INITIAL 4UL			/* pages; Linux starts at 16 KiB as well */
#define RA_MAX 32UL			/* 128 KiB, Linux's read_ahead_kb */

/*
 * The mark's word in page->private: the window's pages, and how many of them there are from the
 * marked one on. Only its lower 32 bits: the upper half is the device's (kernel/block/page_io.h).
 */
#define MARK(nr, left) ((nr) | (left) << 16)
#define MARK_NR(word) ((word) & 0xffff)
#define MARK_LEFT(word) ((u32)(word) >> 16)

/* Pages of the file; readahead does not go beyond. */
static unsigned long mapping_pages(struct address_space *mapping)
{
	return mapping->i_size ? DIV_ROUND_UP((unsigned long)READ_ONCE(*mapping->i_size), PAGE_SIZE)
			       : 0;
}

/* Reads @page, alone or with those in *@open. An error is told by the page. => locked; unlocks it */
static void start_read(struct address_space *mapping, struct page *page, struct blk_request **open)
{
	if (mapping->a_ops->read_batch)
		mapping->a_ops->read_batch(mapping, page, open);
	else
		mapping->a_ops->read_page(mapping, page);
}

/* Starts reading one page that is not there. False: no memory, stop. */
static bool read_ahead_page(struct address_space *mapping, unsigned long index, unsigned long mark,
			    struct blk_request **open)
{
	struct page *page = alloc_page(mapping_gfp(mapping) | __GFP_NORETRY | __GFP_NOWARN);
	int error;

	if (!page)
		return false;
	error =
	    add_to_page_cache_lru(page, mapping, index, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (!error) {
		if (mark) {
			page->private = mark;	/* nothing else is there yet */
			page_set(page, PG_readahead);
		}
		start_read(mapping, page, open);
	}
	put_page(page);
	return error != -ENOMEM;
}

/* Reads what is missing of @nr pages from @start; the mark goes to page @start + @mark_at. */
static void read_window(struct address_space *mapping, unsigned long start, unsigned long nr,
			unsigned long mark_at)
{
	unsigned long end = MIN(start + nr, mapping_pages(mapping));
	struct blk_request *open = NULL;

	for (unsigned long index = start; index < end; index++) {
		struct page *page = find_get_page(mapping, index);

		if (page)
			put_page(page);
		else if (!read_ahead_page(mapping, index,
					  index == start + mark_at ? MARK(nr, nr - mark_at) : 0,
					  &open))
			break;
	}
	if (open)
		mapping->a_ops->send(&open);
}

void page_cache_sync_readahead(struct address_space *mapping, unsigned long index)
{
	struct page *before = index ? find_get_page(mapping, index - 1) : NULL;

	if (before)
		put_page(before);
	if (index == 0 || before)
		read_window(mapping, index, RA_INITIAL, 1);
	/* else: out of the blue. The caller reads the one page. */
}

/*
 * A mapped page is missing, and nobody knows which way the program goes from here: half a window
 * before it is read, and half behind.
 */
void page_cache_readaround(struct address_space *mapping, unsigned long index)
{
	read_window(mapping, index - MIN(index, RA_MAX / 2), RA_MAX, RA_MAX - RA_MAX / 4);
}

void page_cache_async_readahead(struct address_space *mapping, struct page *page)
{
	unsigned long word = page->private, nr, next;

	if (!page_test_and_clear(page, PG_readahead))
		return;			/* somebody else came here first */
	nr = MIN(MAX(MARK_NR(word), RA_INITIAL), RA_MAX);
	next = page->index + MARK_LEFT(word);	/* where the window ends */
	read_window(mapping, next, MIN(nr * 2, RA_MAX), MIN(nr * 2, RA_MAX) / 4);
}
