/*
 * swap.h - the LRU lists: pages go in through small per-CPU batches, and come off here.
 */
#pragma once

#include "mm/mm_types.h"
#include "mm/page-flags.h"

#define SWAP_CLUSTER_MAX 32UL		/* pages that reclaim takes at a time */
/* pages a CPU gathers before it takes lru_lock; Linux's PAGEVEC_SIZE */
#define LRU_BATCH 15

/* a new page; a reference is held by the batch */
void lru_cache_add(struct page *page);
void lru_cache_add_inactive_or_unevictable(struct page *page, struct vm_area_struct *vma);
void mark_page_accessed(struct page *page);
void activate_page(struct page *page);
void deactivate_page(struct page *page);		/* MADV_COLD */
void deactivate_file_page(struct page *page);
void mark_page_lazyfree(struct page *page);		/* MADV_FREE */
void rotate_reclaimable_page(struct page *page);	/* its write ended: to the tail */
void lru_add_drain(void);				/* this CPU's batches */
void lru_add_drain_all(void);				/* every CPU's; may sleep */
/* true: it was on a list, is off it now, with a reference */
bool isolate_lru_page(struct page *page);
void putback_lru_page(struct page *page);
enum lru_list page_lru(const struct page *page);
/* => lru_lock held. */
void add_page_to_lru_list(struct page *page, struct lruvec *lruvec);
void add_page_to_lru_list_tail(struct page *page, struct lruvec *lruvec);
void del_page_from_lru_list(struct page *page, struct lruvec *lruvec);
void update_lru_size(struct lruvec *lruvec, enum lru_list lru, enum zone_type zid, long pages);
/* takes lru_lock itself */
void lru_note_cost(struct lruvec *lruvec, bool file, unsigned long pages);
void lru_note_cost_page(struct page *page);
void release_pages(struct page **pages, int nr);	/* put_page for many */

/*
 * The list family a page belongs to: file pages leave by being dropped or written back,
 * anonymous ones by swap.
 */
static inline bool page_is_file_lru(const struct page *page)
{
	return !(page->flags & PG_swapbacked);
}
static inline bool page_evictable(const struct page *page)
{
	return !(page->flags & (PG_unevictable | PG_mlocked));
}
static inline bool is_file_lru(enum lru_list lru)
{
	return lru == LRU_INACTIVE_FILE || lru == LRU_ACTIVE_FILE;
}
static inline bool is_active_lru(enum lru_list lru)
{
	return lru == LRU_ACTIVE_ANON || lru == LRU_ACTIVE_FILE;
}
