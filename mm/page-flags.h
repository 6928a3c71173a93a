/*
 * page-flags.h - the bits of page->flags.
 *
 * Idea: Linux's names. The top bits hold the node and the zone, set once.
 * Locks:  all atomic; PG_locked is a sleeping lock (lock_page(), mm/filemap.c; rank LOCK_PAGE).
 */
#pragma once

#include <stdatomic.h>

#include "mm/mm_types.h"

enum pageflags {
	PG_locked = 1 << 0,
	PG_referenced = 1 << 1,
	PG_uptodate = 1 << 2,
	PG_dirty = 1 << 3,
	PG_lru = 1 << 4,		/* on an LRU list; whoever clears it owns the lru field */
	PG_active = 1 << 5,
	PG_workingset = 1 << 6,
	PG_waiters = 1 << 7,		/* somebody sleeps on the page lock or writeback */
	PG_error = 1 << 8,
	PG_slab = 1 << 9,
	PG_reserved = 1 << 10,
	PG_writeback = 1 << 11,
	/* first page of a higher-order block: order in page[1].private */
	PG_head = 1 << 12,
	/* to be reclaimed when its write ends; with readahead: the mark */
	PG_reclaim = 1 << 13,
	PG_swapbacked = 1 << 14,	/* anonymous or shmem: goes to swap */
	PG_swapcache = 1 << 15,		/* private is its swap entry */
	PG_unevictable = 1 << 16,
	PG_mlocked = 1 << 17,
	PG_buddy = 1 << 18,		/* first page of a free block, zone->lock */
	PG_table = 1 << 19,		/* a page table */
	PG_readahead = 1 << 20,
	PG_migrating = 1 << 21,		/* being moved to another frame (migrate.c): p */
	PG_anon_exclusive = 1 << 22,	/* only one process maps it: no copy needed at a write */
	PG_poisoned = 1 << 23,		/* CHECKS: a free page, filled with 0xaa */
};
#define PG_ZONE_SHIFT 60
#define PG_NODE_SHIFT 56
#define PG_SECTION_MASK (0xffUL << PG_NODE_SHIFT)

/* None of these may be set when a page is freed. */
#define PAGE_FLAGS_CHECK_AT_FREE (PG_lru | PG_locked | PG_slab | PG_writeback | PG_active | PG_unevictable | \
	PG_mlocked | PG_swapcache | PG_reserved | PG_buddy | PG_migrating)

static inline bool page_test(const struct page *page, unsigned long bits)
{
	return page->flags & bits;
}
static inline void page_set(struct page *page, unsigned long bits) { page->flags |= bits; }
static inline void page_clear(struct page *page, unsigned long bits) { page->flags &= ~bits; }
/* One bit; returns whether it was set before. */
static inline bool page_test_and_set(struct page *page, unsigned long bit)
{
	return atomic_fetch_or_explicit(&page->flags, bit, memory_order_seq_cst) & bit;
}
static inline bool page_test_and_clear(struct page *page, unsigned long bit)
{
	return atomic_fetch_and_explicit(&page->flags, ~bit, memory_order_seq_cst) & bit;
}
static inline int page_to_nid(const struct page *page)
{
	return page->flags >> PG_NODE_SHIFT & 0xf;
}
static inline enum zone_type page_zonenum(const struct page *page)
{
	return (enum zone_type)(page->flags >> PG_ZONE_SHIFT & 0xf);
}
static inline struct pglist_data *page_pgdat(const struct page *page)
{
	return NODE_DATA(page_to_nid(page));
}
static inline struct zone *page_zone(const struct page *page)
{
	return &page_pgdat(page)->node_zones[page_zonenum(page)];
}
static inline bool page_is_highmem(const struct page *page)
{
	return page_zonenum(page) == ZONE_HIGHMEM;
}

/* mapping's low bit tells anonymous pages. */
#define PAGE_MAPPING_ANON 1UL
static inline bool PageAnon(const struct page *page)
{
	return (unsigned long)page->mapping & PAGE_MAPPING_ANON;
}
static inline bool PageSwapCache(const struct page *page) { return page->flags & PG_swapcache; }
static inline int page_count(const struct page *page) { return page->_refcount; }
static inline int page_mapcount(const struct page *page) { return page->_mapcount + 1; }
static inline bool page_mapped(const struct page *page) { return page->_mapcount >= 0; }
/*
 * NULL for anonymous pages outside the swap cache; the swap cache's for those in it.
 * (swap_state.c)
 */
struct address_space *page_mapping(const struct page *page);
