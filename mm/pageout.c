/*
 * pageout.c - what becomes of a page that reclaim took: freed, written, or kept.
 *
 * Idea:   shrink_page_list() works in two passes over at most 32 pages:
 *
 *           prepare_page   lock it; referenced? keep it. Else give it a slot, unmap it
 *                 │        (swap entries replace its PTEs; not a TLB is flushed yet)
 *           one flush      of all that CPUs may remember of the 32
 *                 │
 *           finish_page    dirty? start its write (pageout). Clean? out of its cache, freed
 *
 *         So an IPI is paid for 32 pages, and no write starts while a CPU could still change
 *         the page. What is kept goes back to the caller, marked active if it was used.
 * Locks:  page locks (trylock only), rmap's and i_lock in between. No lru_lock: the pages are off
 *         their lists, the caller's alone.
 * Above:  shrink_list.c; vmscan.c (reclaim_pages); truncate.c (remove_mapping).
 * Below:  rmap.c, swap_state.c, workingset.c, the mapping's writepage.
 *         In Linux: mm/vmscan.c.
 */
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/rmap.h"
#include "mm/scan_control.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/trace.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

/* A page's references that an unused page has: the cache's and ours, who isolated it. */
static bool is_page_cache_freeable(const struct page *page)
{
	return page_count(page) == 2;
}

/*
 * Takes the page out of its cache if we alone know it: its count is @expected and it is clean.
 * Leaves a shadow if @reclaimed, for @target's sake.
 * => locked. True: the count is 1, the caller's, and no one can
 * find it any more.
 */
static bool remove_frozen(struct address_space *mapping, struct page *page, bool reclaimed,
			  struct mem_cgroup *target)
{
	void (*free_page)(struct page *page) = mapping->a_ops ? mapping->a_ops->free_page : NULL;
	swp_entry_t entry = { page->private };
	int expected = 2;
	unsigned long flags = spin_lock_irqsave(&mapping->i_lock);
	bool swap = PageSwapCache(page);
	void *shadow = NULL;

	/*
	 * Freezing at 0 shuts out look-ups; a dirty bit set by the last one to let go is seen
	 * after it.
	 */
	if (!atomic_compare_exchange_strong(&page->_refcount, &expected, 0)) {
		spin_unlock_irqrestore(&mapping->i_lock, flags);
		return false;
	}
	if (page_test(page, PG_dirty)) {
		page->_refcount = 2;
		spin_unlock_irqrestore(&mapping->i_lock, flags);
		return false;
	}
	if (reclaimed && (swap || mapping->a_ops->read_page))
		shadow = workingset_eviction(page, target);
	if (swap)
		remove_from_swap_cache_locked(page, shadow);
	else
		remove_from_page_cache_locked(page, shadow);
	page->_refcount = 1;
	spin_unlock_irqrestore(&mapping->i_lock, flags);
	/* It was perhaps the last page: the mapping's owner may have freed it. */
	if (swap)
		swapcache_free(entry);
	else if (free_page)
		free_page(page);
	return true;
}

/*
 * remove_mapping: the page leaves its cache, if nobody but the caller and the cache holds it,
 * and it is clean.
 *
 * => locked, not under writeback. True: the caller's reference is the last.
 */
bool remove_mapping(struct address_space *mapping, struct page *page, bool reclaimed)
{
	VM_BUG_ON_PAGE(!page_test(page, PG_locked) || page_mapping(page) != mapping, page);
	return remove_frozen(mapping, page, reclaimed, NULL);
}

enum page_references { PAGEREF_RECLAIM, PAGEREF_RECLAIM_CLEAN, PAGEREF_KEEP, PAGEREF_ACTIVATE };

/* Has the page been used since we saw it last? => locked */
static enum page_references page_check_references(struct page *page)
{
	unsigned long vm_flags = 0;
	int ptes = page_referenced(page, true, &vm_flags);
	bool referenced = page_test_and_clear(page, PG_referenced);

	if (vm_flags & VM_LOCKED)
		return PAGEREF_ACTIVATE;	/* mlocked: it will be found unevictable */
	if (ptes) {
		/*
		 * One more round on the list for a page used once; a page used twice, or by
		 * two, is active.
		 */
		page_set(page, PG_referenced);
		if (referenced || ptes > 1)
			return PAGEREF_ACTIVATE;
		if ((vm_flags & VM_EXEC) && page_is_file_lru(page))
			return PAGEREF_ACTIVATE;
		return PAGEREF_KEEP;
	}
	return referenced && page_is_file_lru(page) ? PAGEREF_RECLAIM_CLEAN : PAGEREF_RECLAIM;
}

enum pageout_result { PAGE_KEEP, PAGE_ACTIVATE, PAGE_SUCCESS, PAGE_CLEAN };

/* Starts the write of a dirty page. => locked; unlocked if PAGE_SUCCESS */
static enum pageout_result pageout(struct page *page)
{
	struct address_space *mapping = page_mapping(page);
	struct writeback_control wbc = { .nr_to_write = SWAP_CLUSTER_MAX, .for_reclaim = true };
	int ret;

	if (!is_page_cache_freeable(page) || !mapping)
		return PAGE_KEEP;
	if (!mapping->a_ops || !mapping->a_ops->writepage)
		return PAGE_ACTIVATE;
	if (!clear_page_dirty_for_io(page))
		return PAGE_CLEAN;
	page_set(page, PG_reclaim);
	ret = mapping->a_ops->writepage(page, &wbc);
	if (ret == AOP_WRITEPAGE_ACTIVATE) {
		page_clear(page, PG_reclaim);
		return PAGE_ACTIVATE;
	}
	if (!page_test(page, PG_writeback))
		page_clear(page, PG_reclaim);	/* it ended already, or failed */
	TRACE(mm_vmscan_write_folio, .pfn = page_to_pfn(page),
	      .reclaim_flags = trace_reclaim_file(page_is_file_lru(page)));
	mod_page_state(page, NR_VMSCAN_WRITE, 1);
	return PAGE_SUCCESS;
}

/* Where shrink_page_list() has its pages. */
struct shrink_lists {
	struct list_head ready;		/* locked, unmapped: pass two */
	struct list_head keep;		/* to go back to the LRU lists */
	struct tlb_batch tlb;		/* what CPUs may remember of those unmapped */
	struct page *freed[SWAP_CLUSTER_MAX];	/* count 1, ours */
	unsigned int nr_freed;
	unsigned long reclaimed;
};

static void release_freed(struct shrink_lists *lists)
{
	release_pages(lists->freed, lists->nr_freed);
	lists->nr_freed = 0;
}

/* => locked, and nobody else's */
static void free_page_of_list(struct page *page, struct shrink_lists *lists)
{
	unlock_page(page);
	lists->reclaimed++;
	lists->freed[lists->nr_freed++] = page;
	if (lists->nr_freed == SWAP_CLUSTER_MAX)
		release_freed(lists);
}

static void keep_locked(struct page *page, struct shrink_lists *lists)
{
	unlock_page(page);
	list_add(&page->lru, &lists->keep);
}

static void activate_locked(struct page *page, struct shrink_lists *lists, struct scan_control *sc)
{
	/* It stays for a while: where slots are short, it had better not hold one. */
	if (PageSwapCache(page) && (mem_cgroup_swap_full(page) || !page_evictable(page)))
		try_to_free_swap(page);
	if (page_evictable(page)) {
		page_set(page, PG_active);
		sc->nr.activated[page_is_file_lru(page)]++;
		count_vm_event(PGACTIVATE);
		count_memcg_events(page->memcg, PGACTIVATE, 1);
	}
	keep_locked(page, lists);
}

/*
 * A page that is being written. We met it before (PG_reclaim): the scan goes round faster than the
 * disk, and kswapd is told to wait. Otherwise its end will bring it to the tail. Either way it
 * is out of the way on the active list meanwhile.
 */
static void note_writeback(struct page *page, struct scan_control *sc)
{
	if (sc->kswapd && page_test(page, PG_reclaim)) {
		sc->nr.immediate++;
		return;
	}
	page_set(page, PG_reclaim);
	sc->nr.writeback++;
}

/*
 * Pass one for one page: locked, judged, given a slot, unmapped. It ends on lists->ready (still
 * locked) or ->keep.
 */
static void prepare_page(struct page *page, struct shrink_lists *lists, struct scan_control *sc)
{
	enum page_references references = PAGEREF_RECLAIM;

	if (!trylock_page(page)) {
		list_add(&page->lru, &lists->keep);
		return;
	}
	VM_BUG_ON_PAGE(page_test(page, PG_active), page);
	if (!page_evictable(page) || (!sc->may_unmap && page_mapped(page)))
		goto keep;
	if (page_is_file_lru(page) && page_test(page, PG_dirty)) {
		sc->nr.dirty++;
		sc->nr.unqueued_dirty += !page_test(page, PG_writeback);
	}
	if (page_test(page, PG_writeback)) {
		note_writeback(page, sc);
		goto activate;
	}
	if (!sc->ignore_references)
		references = page_check_references(page);
	if (references == PAGEREF_ACTIVATE)
		goto activate;
	if (references == PAGEREF_KEEP) {
		sc->nr.ref_keep++;
		goto keep;
	}
	if (PageAnon(page) && page_test(page, PG_swapbacked) && !PageSwapCache(page)) {
		if (!(sc->gfp_mask & __GFP_IO) || !sc->may_swap)
			goto keep;
		if (!add_to_swap(page))
			goto activate;		/* no slot left */
	}
	if (page_mapped(page) && !try_to_unmap(page, &lists->tlb)) {
		tlb_batch_flush(&lists->tlb);	/* of the PTEs that did go */
		sc->nr.unmap_fail++;
		goto activate;			/* mlocked, or it has no way out */
	}
	if (references == PAGEREF_RECLAIM_CLEAN && page_test(page, PG_dirty)) {
		tlb_batch_flush(&lists->tlb);
		goto keep;
	}
	list_add_tail(&page->lru, &lists->ready);
	return;
activate:
	activate_locked(page, lists, sc);
	return;
keep:
	keep_locked(page, lists);
}

/*
 * May this dirty page be written by us, now? File pages are the flusher's, whose order suits
 * the disk; kswapd helps in need.
 */
static bool may_write_page(struct page *page, struct scan_control *sc)
{
	if (page_is_file_lru(page) && !(sc->kswapd && sc->priority < DEF_PRIORITY - 2))
		return false;
	if (!(sc->gfp_mask & __GFP_FS) && !(PageSwapCache(page) && (sc->gfp_mask & __GFP_IO)))
		return false;
	return sc->may_writepage;
}

/*
 * The dirty page is written. True: it is locked and clean again already (so quick was the
 * disk), go on freeing it.
 */
static bool write_page(struct page *page, struct shrink_lists *lists, struct scan_control *sc)
{
	switch (pageout(page)) {
	case PAGE_KEEP:
		keep_locked(page, lists);
		return false;
	case PAGE_ACTIVATE:
		activate_locked(page, lists, sc);
		return false;
	case PAGE_CLEAN:
		return true;
	case PAGE_SUCCESS:
		break;
	}
	sc->nr.pageout++;
	if (page_test(page, PG_writeback | PG_dirty) || !trylock_page(page)) {
		list_add(&page->lru, &lists->keep);
		return false;
	}
	if (page_test(page, PG_writeback | PG_dirty)) {
		keep_locked(page, lists);
		return false;
	}
	return true;
}

/*
 * MADV_FREE's pages are in no cache: nobody maps it any more, so ours must be the only reference.
 */
static bool free_lazyfree(struct page *page)
{
	if (page_count(page) != 1 || page_test(page, PG_dirty))
		return false;
	count_vm_event(PGLAZYFREED);
	count_memcg_events(page->memcg, PGLAZYFREED, 1);
	return true;
}

/*
 * Pass two for one page: locked, no PTE left, no CPU remembers one. Ends freed, or on lists->keep.
 */
static void finish_page(struct page *page, struct shrink_lists *lists, struct scan_control *sc)
{
	struct address_space *mapping;

	if (page_test(page, PG_dirty) && !(PageAnon(page) && !PageSwapCache(page))) {
		if (page_is_file_lru(page) && !may_write_page(page, sc)) {
			page_set(page, PG_reclaim);
			mod_page_state(page, NR_VMSCAN_IMMEDIATE, 1);
			activate_locked(page, lists, sc);
			return;
		}
		if (!may_write_page(page, sc)) {
			keep_locked(page, lists);
			return;
		}
		if (!write_page(page, lists, sc))
			return;
	}
	mapping = page_mapping(page);
	if (mapping ? remove_frozen(mapping, page, true, sc->target_memcg)
		    : PageAnon(page) && free_lazyfree(page))
		free_page_of_list(page, lists);
	else
		keep_locked(page, lists);
}

/*
 * shrink_page_list: frees what can be freed of the isolated pages on @pages; those that cannot are on @pages
 * afterwards.
 * => PF_MEMALLOC is set. How many were freed.
 * => swap_kick_all() once the others are back on their lists: a page whose write ends while it is
 *    off the lists cannot be rotated to the tail, and would be found again only after all others
 */
unsigned long shrink_page_list(struct list_head *pages, struct scan_control *sc)
{
	struct shrink_lists lists = { .tlb = { 0 }, .nr_freed = 0, .reclaimed = 0 };

	INIT_LIST_HEAD(&lists.ready);
	INIT_LIST_HEAD(&lists.keep);
	while (!list_empty(pages)) {
		for (unsigned int n = 0; n < SWAP_CLUSTER_MAX && !list_empty(pages); n++) {
			struct page *page = list_last_entry(pages, struct page, lru);

			list_del(&page->lru);
			prepare_page(page, &lists, sc);
			cond_resched();
		}
		tlb_batch_flush(&lists.tlb);
		while (!list_empty(&lists.ready)) {
			struct page *page = list_first_entry(&lists.ready, struct page, lru);

			list_del(&page->lru);
			finish_page(page, &lists, sc);
			cond_resched();
		}
	}
	release_freed(&lists);
	list_splice(&lists.keep, pages);
	return lists.reclaimed;
}
