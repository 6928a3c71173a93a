/*
 * truncate.c - pages leave a file: for good (truncate), or because they are clean (drop_caches).
 *
 * Idea:   truncation races with faults. The order settles it:
 *
 *           the owner lowers i_size      new faults beyond it get SIGBUS
 *           all PTEs are unmapped        old users fault again, and see that
 *           each page: lock, unmap again if a fault was in between, remove
 *
 *         A fault maps a page while it holds the page lock and has checked
 *         page->mapping, so no page stays mapped after it left its mapping.
 * Locks:  page lock, then i_lock. The owner holds the inode's lock.
 * Above:  kernel/fs, shmem.c.   Below: filemap.c, memory.c.   In Linux: mm/truncate.c,
 * fs/drop_caches.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/memory.h"
#include "mm/page_alloc.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

/* Pages to deal with at once; entries to look at before interrupts may come. */
#define BATCH 16
#define MAX_LOOKS 512

/*
 * Up to BATCH pages from *index to @last, each with a reference; shadows on the way there are
 * erased. *nr: how many, which may be none; *index moves on. False: there is nothing more.
 */
static bool take_batch(struct address_space *mapping, unsigned long *index, unsigned long last,
		       struct page **pages, unsigned int *nr)
{
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	unsigned int looks = 0;
	void *entry = NULL;

	*nr = 0;
	while (*nr < BATCH && looks++ < MAX_LOOKS &&
	       (entry = xa_find(&mapping->i_pages, index, last))) {
		if (xa_is_value(entry)) {
			xa_erase(&mapping->i_pages, *index);
		} else {
			get_page(entry);
			pages[(*nr)++] = entry;
		}
		++*index;
	}
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	return entry != NULL || *nr;
}

/* One page goes. => locked, still in the mapping */
static void truncate_page(struct address_space *mapping, struct page *page)
{
	wait_on_page_writeback(page);
	if (page_mapped(page))
		unmap_mapping_pages(mapping, page->index, 1, false);
	cancel_dirty_page(page);
	delete_from_page_cache(page);
}

/*
 * The page in which the file now ends: what is beyond is zeroes, should it grow again. A page that
 * has a home on a disk is not made dirty by it: its owner has seen to the disk before.
 */
static void zero_tail(struct address_space *mapping, loff_t from)
{
	struct page *page = find_lock_page(mapping, from >> PAGE_SHIFT);

	if (!page)
		return;
	wait_on_page_writeback(page);
	if (page_test(page, PG_uptodate)) {
		zero_user_segment(page, from & ~PAGE_MASK, PAGE_SIZE);
		if (!mapping_can_writeback(mapping))
			set_page_dirty(page);
	}
	unlock_page(page);
	put_page(page);
}

/*
 * truncate_inode_pages: all pages beyond byte @from go; the tail of the page that @from lies in
 * is zeroed.
 *
 * => @from 0: the last use of a mapping before its owner frees it, too
 */
void truncate_inode_pages(struct address_space *mapping, loff_t from)
{
	unsigned long index = DIV_ROUND_UP((unsigned long)from, PAGE_SIZE);
	struct page *pages[BATCH];
	unsigned int n;

	if (mapping->flags & AS_SWAPBACKED) {
		shmem_truncate(mapping, from);
		return;
	}
	if (from & ~PAGE_MASK)
		zero_tail(mapping, from);
	while (!xa_empty(&mapping->i_pages) && take_batch(mapping, &index, ~0UL, pages, &n)) {
		for (unsigned int i = 0; i < n; i++) {
			lock_page(pages[i]);
			if (pages[i]->mapping == mapping)
				truncate_page(mapping, pages[i]);
			unlock_page(pages[i]);
		}
		release_pages(pages, n);
		cond_resched();
	}
	if (from == 0)
		mapping_forget_dirty(mapping);
}

/*
 * truncate_pagecache: the file has @new_size now: mappings beyond it go, then the pages. =>
 * i_size is set already
 */
void truncate_pagecache(struct address_space *mapping, loff_t new_size)
{
	unsigned long first = DIV_ROUND_UP((unsigned long)new_size, PAGE_SIZE);

	unmap_mapping_pages(mapping, first, ~0UL - first, true);
	truncate_inode_pages(mapping, new_size);
	/* A fault that had the page before may have mapped a private copy of it since. */
	unmap_mapping_pages(mapping, first, ~0UL - first, true);
}

/* One page of invalidate_inode_pages2_range(). => locked. False: it stays */
static bool invalidate_clean(struct address_space *mapping, struct page *page)
{
	if (page->mapping != mapping)
		return true;
	wait_on_page_writeback(page);
	if (page_mapped(page))
		unmap_mapping_pages(mapping, page->index, 1, false);
	if (page_test(page, PG_dirty))
		return false;
	/* A device's page that somebody holds is a file system's metadata, changed in place. */
	if (!mapping->host && page_count(page) > 2)
		return false;
	delete_from_page_cache(page);
	return true;
}

/* filemap.h */
int invalidate_inode_pages2_range(struct address_space *mapping, unsigned long first,
				  unsigned long last)
{
	struct page *pages[BATCH];
	unsigned int n;
	int error = 0;

	VM_BUG_ON(mapping->flags & (AS_SWAPBACKED | AS_UNEVICTABLE));
	while (first <= last && take_batch(mapping, &first, last, pages, &n)) {
		for (unsigned int i = 0; i < n; i++) {
			lock_page(pages[i]);
			if (!invalidate_clean(mapping, pages[i]))
				error = -EBUSY;
			unlock_page(pages[i]);
		}
		release_pages(pages, n);
		cond_resched();
	}
	return error;
}

/* One page, if dropping it costs nothing but a read later. => locked */
static bool invalidate_page(struct address_space *mapping, struct page *page)
{
	if (page->mapping != mapping || page_mapped(page) ||
	    page_test(page, PG_dirty | PG_writeback | PG_unevictable))
		return false;
	return remove_mapping(mapping, page, false);
}

/*
 * invalidate_mapping_range: drops those of pages @first to @last that are clean, not mapped and not
 * in use (the others that are not mapped become inactive), and what is known about pages that were
 * here before. How many pages.
 *
 * => never sleeps: for_each_mapping() may hold a spinlock
 */
unsigned long invalidate_mapping_range(struct address_space *mapping, unsigned long first,
				       unsigned long last)
{
	unsigned long dropped = 0;
	struct page *pages[BATCH];
	unsigned int n;

	if (mapping->flags & (AS_SWAPBACKED | AS_UNEVICTABLE))
		return 0;
	while (take_batch(mapping, &first, last, pages, &n)) {
		for (unsigned int i = 0; i < n; i++) {
			if (!trylock_page(pages[i]))
				continue;
			if (invalidate_page(mapping, pages[i]))
				dropped++;
			else if (pages[i]->mapping == mapping)
				deactivate_file_page(pages[i]);
			unlock_page(pages[i]);
		}
		release_pages(pages, n);
	}
	return dropped;
}

/* invalidate_mapping_pages: all of them. */
unsigned long invalidate_mapping_pages(struct address_space *mapping)
{
	return invalidate_mapping_range(mapping, 0, ~0UL);
}

/* --- vm.drop_caches --- */

static void drop_one(struct address_space *mapping)
{
	invalidate_mapping_pages(mapping);
}

/* filemap_drop_pagecache: every file's clean pages. */
void filemap_drop_pagecache(void)
{
	lru_add_drain_all();		/* pages in a batch have a reference more and would stay */
	if (for_each_mapping)
		for_each_mapping(drop_one);
	count_vm_event(DROP_PAGECACHE);
}

/* 1: page cache, 2: slab, 3: both; 4 (with either): no more lines in the log. */
enum { DROP_CACHES_PAGES = 1, DROP_CACHES_SLAB = 2, DROP_CACHES_QUIET = 4 };
static int drop_caches;

static void drop_caches_written(void)
{
	static bool quiet;

	if (drop_caches & DROP_CACHES_PAGES)
		filemap_drop_pagecache();
	if (drop_caches & DROP_CACHES_SLAB) {
		drop_slab();
		count_vm_event(DROP_SLAB);
	}
	if (!quiet)
		pr_info("%s (%d): drop_caches: %d\n", current->comm, current->pid, drop_caches);
	quiet |= drop_caches & DROP_CACHES_QUIET;
}
CTL_SYSCTL("vm.drop_caches", .mode = 0200, .type = CTL_INT, .data = &drop_caches, .len = 1,
	   .min = 1, .max = 4, .after = drop_caches_written);
