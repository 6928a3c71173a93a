/*
 * swap_state.h - the swap cache, and swap-in with readahead. And page_io.c's two functions.
 */
#pragma once

#include "mm/swapfile.h"

void swap_cache_init(void);			/* before the first swapon */
/* => locked, anonymous: gets a slot and joins the cache; false: none free */
bool add_to_swap(struct page *page);
int add_to_swap_cache(struct page *page, swp_entry_t entry, gfp_t gfp);	/* 0, -ENOMEM, -EEXIST */
void delete_from_swap_cache(struct page *page);	/* => locked, not under writeback */
/*
 * reclaim's form of it. => i_lock of the cache held, references frozen. The slot's claim is the
 * caller's to drop.
 */
void remove_from_swap_cache_locked(struct page *page, void *shadow);
void clear_shadow_from_swap_cache(swp_entry_t entry);	/* the slot becomes free */
struct page *lookup_swap_cache(swp_entry_t entry);	/* a reference, or NULL */
/*
 * The page of @entry, read in the background (or there already), with its neighbours:
 * page-cluster. NULL without memory. May sleep. Not locked.
 */
struct page *swapin_readahead(swp_entry_t entry, gfp_t gfp, struct vm_fault *vmf);
struct page *read_swap_cache_async(swp_entry_t entry, gfp_t gfp, struct vm_area_struct *vma,
				   unsigned long addr);
unsigned long total_swapcache_pages(void);
/*
 * release_pages() for pages that leave page tables: those only the swap cache needs leave it as
 * well.
 */
void free_pages_and_swap_cache(struct page **pages, int nr);
extern int page_cluster;			/* vm.page-cluster */

/* page_io.c: starts the write, unlocks */
int swap_writepage(struct page *page, struct writeback_control *wbc);
/* page_io.c: => locked; unlocked when read */
int swap_readpage(struct page *page, bool synchronous);
