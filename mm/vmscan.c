/*
 * vmscan.c - reclaim: which pages to take, and how each is made free.
 *
 * Idea:   each node has two families of lists, anonymous (swap) and file (disk),
 *         each with an active and an inactive list. Pages enter at the head and
 *         age toward the tail:
 *
 *            new ──> [ inactive ] ──tail──> shrink_inactive_list: free, write, or keep
 *                       ^    │ used twice: activate
 *                       │    v
 *                    [  active  ] ──tail──> shrink_active_list: back to inactive
 *
 *         get_scan_count() says how much of each family to look at, from vm.swappiness and
 *         from what reclaiming them has cost of late. The priority falls from 12
 *         (1/4096 of each list) to 0 (all of it) until enough was found.
 *
 *         Each memory group has lists of its own: reclaim for a limit goes through the
 *         group and those below it, reclaim for the machine through all of them
 *         (shrink_node_memcgs), leaving alone what memory.min and memory.low protect.
 *
 *         shrink_page_list() works in two passes over at most 32 pages: first all are locked,
 *         given a slot and unmapped, then the TLBs are flushed once, then each is written or
 *         freed. So an IPI is paid for 32 pages, and no write starts while a CPU could still
 *         change the page.
 * Locks:  lru_lock to take pages off and put them back; page locks (trylock only) and rmap's in
 * between.
 * Above:  kswapd.c; page_alloc.c's slow path (try_to_free_pages); madvise.c.
 * Below:  scan_balance.c, rmap.c, swap_state.c, swap.c, shrinker.c, throttle.c.
 *         In Linux: mm/vmscan.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/cpuset.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/rmap.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/trace.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"
#include "mm/workingset.h"

int vm_swappiness = 60;
CTL_SYSCTL_INT("vm.swappiness", vm_swappiness, 0, 200);

/* pages of zones that do not help, stepped over before lru_lock is let go for a moment */
#define SKIP_BREATH 1024

/* --- what there is --- */

/* can_reclaim_anon_pages: is there somewhere to put those of @memcg (NULL: the root's)? */
bool can_reclaim_anon_pages(struct mem_cgroup *memcg)
{
	return mem_cgroup_nr_swap_pages(memcg) > 0;
}

/* zone_reclaimable_pages: what reclaim might get out of @zone. */
unsigned long zone_reclaimable_pages(struct zone *zone)
{
	unsigned long nr = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
			   zone_page_state(zone, NR_ZONE_ACTIVE_FILE);

	if (can_reclaim_anon_pages(NULL))
		nr += zone_page_state(zone, NR_ZONE_INACTIVE_ANON) +
		      zone_page_state(zone, NR_ZONE_ACTIVE_ANON);
	return nr;
}

/* pgdat_all_unreclaimable: kswapd has tried often enough in vain. */
bool pgdat_all_unreclaimable(struct pglist_data *pgdat)
{
	return pgdat->kswapd_failures >= MAX_RECLAIM_RETRIES;
}

/* --- one page on its way out --- */

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
	if (swap)
		swapcache_free(entry);
	else if (mapping->a_ops->free_page)
		mapping->a_ops->free_page(page);
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
 * Frees what can be freed of the isolated pages on @pages; those that cannot are on @pages
 * afterwards.
 * => PF_MEMALLOC is set. How many were freed.
 * => swap_kick_all() once the others are back on their lists: a page whose write ends while it is
 *    off the lists cannot be rotated to the tail, and would be found again only after all others
 */
static unsigned long shrink_page_list(struct list_head *pages, struct scan_control *sc)
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

/* --- taking pages off a list and putting them back --- */

/* One page from the tail for ourselves. => lru_lock held. False: somebody else has it. */
static bool isolate_one(struct page *page)
{
	if (!get_page_unless_zero(page))
		return false;		/* being freed */
	if (!page_test_and_clear(page, PG_lru)) {
		bool last = put_page_testzero(page);

		BUG_ON(last);		/* who isolates it has a reference of his own */
		return false;
	}
	return true;
}

/*
 * Moves up to @nr pages from the tail of @lru to @dst, those of zones that help, however far from
 * the tail they are. => lru_lock not held. How many; *scanned: looked at.
 */
static unsigned long isolate_lru_pages(unsigned long nr, struct lruvec *lruvec,
				       struct list_head *dst, unsigned long *scanned,
				       struct scan_control *sc, enum lru_list lru)
{
	struct list_head *src = &lruvec->lists[lru];
	unsigned long taken[MAX_NR_ZONES] = { 0 }, skipped[MAX_NR_ZONES] = { 0 };
	unsigned long total = 0, nr_skipped = 0, flags = spin_lock_irqsave(&lruvec->lru_lock);
	LIST_HEAD(pages_skipped);	/* still on the LRU for all others: lru_lock */

	*scanned = 0;
	while (*scanned < nr && !list_empty(src)) {
		struct page *page = list_last_entry(src, struct page, lru);
		enum zone_type zid = page_zonenum(page);

		if (zid > sc->reclaim_idx) {
			list_move(&page->lru, &pages_skipped);
			skipped[zid]++;
			if (++nr_skipped % SKIP_BREATH == 0) {
				spin_unlock_irqrestore(&lruvec->lru_lock, flags);
				flags = spin_lock_irqsave(&lruvec->lru_lock);
			}
			continue;
		}
		++*scanned;
		if (!isolate_one(page)) {
			list_move(&page->lru, src);
			continue;
		}
		list_move(&page->lru, dst);
		taken[zid]++;
		total++;
	}
	/* To the head: so that the next look at the tail finds other pages. */
	list_splice(&pages_skipped, src);
	for (int zid = 0; zid < MAX_NR_ZONES; zid++) {
		if (skipped[zid])
			count_vm_events((enum vm_event_item)(PGSKIP_DMA + zid), skipped[zid]);
		if (taken[zid])
			update_lru_size(lruvec, lru, (enum zone_type)zid, -(long)taken[zid]);
	}
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	TRACE(mm_vmscan_lru_isolate, .highest_zoneidx = sc->reclaim_idx, .order = sc->order,
	      .nr_requested = nr, .nr_scanned = *scanned, .nr_skipped = nr_skipped,
	      .nr_taken = total, .isolate_mode = sc->may_unmap ? 0 : 2 /* unmapped ones only */,
	      .lru = lru);
	return total;
}

/*
 * Puts isolated pages back on the lists that their flags name and drops our references; those
 * nobody else holds any more are freed. => lru_lock not held
 */
static void move_pages_to_lru(struct lruvec *lruvec, struct list_head *pages)
{
	unsigned long flags = spin_lock_irqsave(&lruvec->lru_lock);
	LIST_HEAD(others);

	while (!list_empty(pages)) {
		struct page *page = list_first_entry(pages, struct page, lru);

		list_del(&page->lru);
		if (unlikely(!page_evictable(page) || page_count(page) == 1)) {
			list_add(&page->lru, &others);
			continue;
		}
		page_set(page, PG_lru);
		add_page_to_lru_list(page, lruvec);
		/* the last other user went just now */
		if (unlikely(put_page_testzero(page))) {
			page_clear(page, PG_lru);
			del_page_from_lru_list(page, lruvec);
			page->_refcount = 1;
			list_add(&page->lru, &others);
		}
	}
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	while (!list_empty(&others)) {
		struct page *page = list_first_entry(&others, struct page, lru);

		list_del(&page->lru);
		putback_lru_page(page);
	}
}

static void mod_isolated(struct pglist_data *pgdat, bool file, long n)
{
	mod_node_page_state(pgdat, file ? NR_ISOLATED_FILE : NR_ISOLATED_ANON, n);
}

/*
 * Do other reclaimers hold so much of the inactive list that joining them would only shuffle
 * what is left? Those who may not do I/O get further, since they cannot wait for it.
 */
static bool too_many_isolated(struct pglist_data *pgdat, bool file, struct scan_control *sc)
{
	unsigned long inactive = node_page_state(pgdat, file ? NR_INACTIVE_FILE : NR_INACTIVE_ANON);
	unsigned long isolated = node_page_state(pgdat, file ? NR_ISOLATED_FILE : NR_ISOLATED_ANON);

	if (sc->kswapd)
		return false;
	if ((sc->gfp_mask & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS))
		inactive >>= 3;
	return isolated > inactive;
}

/* A group's own reclaim is not the machine's: /proc/vmstat counts it by family only, as Linux. */
static void count_scan(struct lruvec *lruvec, struct scan_control *sc, bool file,
		       unsigned long scanned)
{
	enum vm_event_item item = sc->kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT;

	if (!sc->target_memcg)
		count_vm_events(item, scanned);
	count_memcg_events(lruvec->memcg, item, scanned);
	count_vm_events(file ? PGSCAN_FILE : PGSCAN_ANON, scanned);
	sc->nr_scanned += scanned;
}

static void count_steal(struct lruvec *lruvec, struct scan_control *sc, bool file,
			unsigned long reclaimed)
{
	enum vm_event_item item = sc->kswapd ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT;

	if (!sc->target_memcg)
		count_vm_events(item, reclaimed);
	count_memcg_events(lruvec->memcg, item, reclaimed);
	count_vm_events(file ? PGSTEAL_FILE : PGSTEAL_ANON, reclaimed);
}

/* Looks at @nr pages of an inactive list. How many were freed. */
static unsigned long shrink_inactive_list(unsigned long nr, struct lruvec *lruvec,
					  struct scan_control *sc, enum lru_list lru)
{
	struct pglist_data *pgdat = lruvec->pgdat;
	unsigned long taken, scanned, reclaimed, pageout_before = sc->nr.pageout;
	bool file = is_file_lru(lru), stalled = false;
	struct reclaim_stat before;
	LIST_HEAD(pages);

	while (unlikely(too_many_isolated(pgdat, file, sc))) {
		if (stalled)
			return 0;
		stalled = true;
		reclaim_throttle(pgdat, VMSCAN_THROTTLE_ISOLATED);
		if (fatal_signal_pending(current))
			/* it is dying: let it allocate from the reserves and go */
			return SWAP_CLUSTER_MAX;
	}
	lru_add_drain();
	taken = isolate_lru_pages(nr, lruvec, &pages, &scanned, sc, lru);
	count_scan(lruvec, sc, file, scanned);
	if (!taken)
		return 0;
	mod_isolated(pgdat, file, taken);
	before = sc->nr;
	reclaimed = shrink_page_list(&pages, sc);
	move_pages_to_lru(lruvec, &pages);
	mod_isolated(pgdat, file, -(long)taken);
	count_steal(lruvec, sc, file, reclaimed);
	if (sc->nr.pageout != pageout_before) {
		swap_kick_all();
		lru_note_cost(lruvec, file, sc->nr.pageout - pageout_before);
	}
	sc->nr.taken += taken;
	if (sc->nr.unqueued_dirty && sc->nr.unqueued_dirty == sc->nr.taken)
		/* nothing but dirty pages, and nobody writes them */
		wakeup_flusher_threads();
	if (trace_enabled(mm_vmscan_lru_shrink_inactive))
		trace_shrink_inactive(pgdat->node_id, scanned, reclaimed, &before, sc,
				      file);
	return reclaimed;
}

/* Moves old pages of an active list to its inactive one. Running programs' text stays. */
static void shrink_active_list(unsigned long nr, struct lruvec *lruvec, struct scan_control *sc,
			       enum lru_list lru)
{
	bool file = is_file_lru(lru);
	unsigned long taken, scanned, deactivated = 0, rotated = 0, vm_flags;
	LIST_HEAD(pages);
	LIST_HEAD(active);
	LIST_HEAD(inactive);

	lru_add_drain();
	taken = isolate_lru_pages(nr, lruvec, &pages, &scanned, sc, lru);
	count_vm_events(PGREFILL, scanned);
	count_memcg_events(lruvec->memcg, PGREFILL, scanned);
	if (!taken)
		return;
	mod_isolated(lruvec->pgdat, file, taken);
	while (!list_empty(&pages)) {
		struct page *page = list_last_entry(&pages, struct page, lru);

		cond_resched();
		list_del(&page->lru);
		if (page_evictable(page) && page_referenced(page, false, &vm_flags) &&
		    (vm_flags & VM_EXEC) && file) {
			list_add(&page->lru, &active);
			rotated++;
			continue;
		}
		page_clear(page, PG_active);
		page_set(page, PG_workingset);
		list_add(&page->lru, &inactive);
		deactivated++;
	}
	count_vm_events(PGDEACTIVATE, deactivated);
	count_memcg_events(lruvec->memcg, PGDEACTIVATE, deactivated);
	move_pages_to_lru(lruvec, &active);
	move_pages_to_lru(lruvec, &inactive);
	mod_isolated(lruvec->pgdat, file, -(long)taken);
	TRACE(mm_vmscan_lru_shrink_active, .nid = lruvec->pgdat->node_id, .nr_taken = taken,
	      .nr_active = rotated, .nr_deactivated = deactivated, .nr_referenced = rotated,
	      .priority = sc->priority, .reclaim_flags = trace_reclaim_file(file));
}

/* --- list by list --- */

/* Looks at @nr pages of one list. */
static unsigned long shrink_list(enum lru_list lru, unsigned long nr, struct lruvec *lruvec,
				 struct scan_control *sc)
{
	if (!is_active_lru(lru))
		return shrink_inactive_list(nr, lruvec, sc, lru);
	/* In need, active lists give pages whatever the balance says. */
	if (sc->priority < DEF_PRIORITY - 2 ||
	    (is_file_lru(lru) ? sc->deactivate_file : sc->deactivate_anon))
		shrink_active_list(nr, lruvec, sc, lru);
	return 0;
}

/*
 * Enough was reclaimed: the family of which less was left to scan stops; the other is cut to
 * the same part of its target, so that what was planned as a ratio stays one. False: nothing is
 * left to do.
 */
static bool trim_targets(unsigned long nr[], const unsigned long targets[])
{
	unsigned long anon = nr[LRU_INACTIVE_ANON] + nr[LRU_ACTIVE_ANON];
	unsigned long file = nr[LRU_INACTIVE_FILE] + nr[LRU_ACTIVE_FILE];
	int stop = file > anon ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE,
	    go = file > anon ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON;
	unsigned long left = MIN(anon, file), target = targets[stop] + targets[stop + 1] + 1;

	if (!anon || !file)
		return false;
	nr[stop] = nr[stop + 1] = 0;
	for (int lru = go; lru <= go + 1; lru++) {
		unsigned long scanned = targets[lru] - nr[lru],
			      want = targets[lru] - targets[lru] * left / target;

		nr[lru] = want > scanned ? want - scanned : 0;
	}
	return true;
}

static void shrink_lruvec(struct lruvec *lruvec, struct scan_control *sc)
{
	unsigned long nr[NR_LRU_LISTS], targets[NR_LRU_LISTS], reclaimed = 0;
	bool trimmed = false;
	/* A direct reclaimer's first, light pass is done as planned. */
	bool proportional = !sc->kswapd && sc->priority == DEF_PRIORITY;

	get_scan_count(lruvec, sc, nr);
	for (int lru = 0; lru < LRU_UNEVICTABLE; lru++)
		targets[lru] = nr[lru];
	while (nr[LRU_INACTIVE_ANON] || nr[LRU_ACTIVE_FILE] || nr[LRU_INACTIVE_FILE]) {
		for (int lru = 0; lru < LRU_UNEVICTABLE; lru++) {
			unsigned long n = MIN(nr[lru], SWAP_CLUSTER_MAX);

			nr[lru] -= n;
			if (n)
				reclaimed += shrink_list((enum lru_list)lru, n, lruvec, sc);
		}
		cond_resched();
		if (fatal_signal_pending(current) && !sc->kswapd)
			break;
		if (reclaimed < sc->nr_to_reclaim || proportional)
			continue;
		if (trimmed || !trim_targets(nr, targets))
			break;
		trimmed = true;
	}
	sc->nr_reclaimed += reclaimed;
	if (total_swap_pages && inactive_is_low(lruvec, LRU_INACTIVE_ANON))
		shrink_active_list(SWAP_CLUSTER_MAX, lruvec, sc, LRU_ACTIVE_ANON);
}

/*
 * snapshot_refaults: a reclaim run for @target (NULL: the machine) is over: later refaults are
 * compared with how many there are now.
 */
void snapshot_refaults(struct mem_cgroup *target, struct pglist_data *pgdat)
{
	struct lruvec *lruvec = mem_cgroup_lruvec(target, pgdat);

	lruvec->refaults[0] = lruvec_page_state(lruvec, WORKINGSET_ACTIVATE_ANON);
	lruvec->refaults[1] = lruvec_page_state(lruvec, WORKINGSET_ACTIVATE_FILE);
}

/*
 * age_active_anon: anonymous pages trickle to the inactive list even when only file pages are
 * being reclaimed.
 */
void age_active_anon(struct pglist_data *pgdat, struct scan_control *sc)
{
	struct mem_cgroup *memcg = NULL;

	if (!total_swap_pages || !inactive_is_low(&pgdat->lruvec, LRU_INACTIVE_ANON))
		return;
	if (likely(!memcg_groups)) {
		shrink_active_list(SWAP_CLUSTER_MAX, &pgdat->lruvec, sc, LRU_ACTIVE_ANON);
		return;
	}
	while ((memcg = mem_cgroup_iter(NULL, memcg)))
		shrink_active_list(SWAP_CLUSTER_MAX, mem_cgroup_lruvec(memcg, pgdat), sc,
				   LRU_ACTIVE_ANON);
}

/* The lists of each group that the reclaim is about, on one node. */
static void shrink_node_memcgs(struct pglist_data *pgdat, struct scan_control *sc)
{
	struct mem_cgroup *memcg = NULL;

	if (likely(!memcg_groups)) {
		shrink_lruvec(&pgdat->lruvec, sc);
		return;
	}
	while ((memcg = mem_cgroup_iter(sc->target_memcg, memcg))) {
		cond_resched();
		if (!scan_protected(memcg, sc))
			shrink_lruvec(mem_cgroup_lruvec(memcg, pgdat), sc);
	}
}

/*
 * Kernel objects are not kept by group: the machine's caches are shrunk where the machine is short
 * of memory, or where the group has some.
 */
static void shrink_objects(struct pglist_data *pgdat, struct scan_control *sc)
{
	struct reclaim_state *slab = current->reclaim_state;

	if (mem_cgroup_is_root(sc->target_memcg) ||
	    memcg_node_state(sc->target_memcg, pgdat->node_id, NR_SLAB_RECLAIMABLE) >= PAGE_SIZE)
		shrink_slab(sc->priority);
	if (slab) {
		if (!sc->target_memcg)		/* they need not have been the group's */
			sc->nr_reclaimed += slab->reclaimed_slab;
		slab->reclaimed_slab = 0;
	}
}

void shrink_node(struct pglist_data *pgdat, struct scan_control *sc)
{
	unsigned long before = sc->nr_reclaimed;

	memset(&sc->nr, 0, sizeof(sc->nr));
	prepare_scan_count(pgdat, sc);
	shrink_node_memcgs(pgdat, sc);
	shrink_objects(pgdat, sc);
	if (sc->nr_reclaimed > before)
		pgdat->kswapd_failures = 0;	/* there is hope */
	if (sc->kswapd && sc->nr.immediate)
		reclaim_throttle(pgdat, VMSCAN_THROTTLE_WRITEBACK);
}

/* --- direct reclaim --- */

/* Would pages of @zone's node serve the request? */
static bool node_helps(const struct zone *zone, const struct scan_control *sc)
{
	if (sc->target_memcg)		/* a group's limit is about all nodes */
		return true;
	if (sc->nodemask && !node_isset(zone->node, *sc->nodemask))
		return false;
	return cpuset_zone_allowed(zone, GFP_KERNEL | __GFP_HARDWALL);
}

/* One pass over the nodes that the request may use, the preferred one first. */
static void shrink_zones(struct pglist_data *pgdat, struct scan_control *sc)
{
	struct pglist_data *last = NULL;

	for (struct zoneref *z = pgdat->zonelist; z->zone; z++) {
		if (z->zone_idx > (int)sc->reclaim_idx || z->zone->zone_pgdat == last ||
		    !node_helps(z->zone, sc))
			continue;
		last = z->zone->zone_pgdat;
		if (!sc->target_memcg && sc->priority != DEF_PRIORITY &&
		    pgdat_all_unreclaimable(last) && last != pgdat)
			continue;
		shrink_node(last, sc);
	}
	/*
	 * What we started to write is not free yet; better to wait for it than to write ever more.
	 */
	if (sc->nr_reclaimed < sc->nr_to_reclaim && !fatal_signal_pending(current)) {
		if (sc->nr.pageout || sc->nr.writeback)
			reclaim_throttle(pgdat, VMSCAN_THROTTLE_WRITEBACK);
		else if (!sc->nr_reclaimed && sc->priority < DEF_PRIORITY - 2 && sc->nr.taken)
			reclaim_throttle(pgdat, VMSCAN_THROTTLE_NOPROGRESS);
	}
}

/* All priorities, as far as needed. */
static void shrink_by_priority(struct pglist_data *pgdat, struct scan_control *sc)
{
	for (sc->priority = DEF_PRIORITY; sc->priority >= 0; sc->priority--) {
		sc->nr_scanned = 0;
		shrink_zones(pgdat, sc);
		if (sc->nr_reclaimed >= sc->nr_to_reclaim)
			break;
		if (fatal_signal_pending(current))
			break;		/* dying: the slow path gives it the reserves or fails */
	}
}

static unsigned long do_try_to_free_pages(struct pglist_data *pgdat, struct scan_control *sc)
{
	int nid;

	if (!sc->target_memcg)
		count_vm_event((enum vm_event_item)(ALLOCSTALL_DMA + sc->reclaim_idx));
	shrink_by_priority(pgdat, sc);
	/* Nothing at all but for what memory.low asks to be left alone, if it can be helped. */
	if (!sc->nr_reclaimed && sc->memcg_low_skipped) {
		sc->memcg_low_reclaim = true;
		sc->memcg_low_skipped = false;
		shrink_by_priority(pgdat, sc);
	}
	for_each_online_node(nid)
		if (sc->target_memcg || NODE_DATA(nid) == pgdat)
			snapshot_refaults(sc->target_memcg, NODE_DATA(nid));
	return sc->nr_reclaimed;
}

/* The nearest node that may serve @sc's request: its kswapd is the one to wait for. */
static struct pglist_data *first_helping_node(struct pglist_data *pgdat, struct scan_control *sc)
{
	for (struct zoneref *z = pgdat->zonelist; z->zone; z++)
		if (z->zone_idx <= (int)sc->reclaim_idx && node_helps(z->zone, sc))
			return z->zone->zone_pgdat;
	return pgdat;
}

/* Runs @sc as a reclaimer, that is with PF_MEMALLOC. Pages freed. */
static unsigned long reclaim_as(struct pglist_data *pgdat, struct scan_control *sc)
{
	struct reclaim_state slab = { 0 }, *outer = current->reclaim_state;
	unsigned int memalloc = current->flags & PF_MEMALLOC;
	unsigned long reclaimed;

	current->reclaim_state = &slab;
	current->flags |= PF_MEMALLOC;
	reclaimed = do_try_to_free_pages(pgdat, sc);
	current->flags = (current->flags & ~PF_MEMALLOC) | memalloc;
	current->reclaim_state = outer;
	return reclaimed;
}

/* memcontrol.h. */
unsigned long try_to_free_mem_cgroup_pages(struct mem_cgroup *memcg, unsigned long nr_pages,
					   gfp_t gfp, unsigned int options)
{
	struct scan_control sc = {
	    .nr_to_reclaim = MAX(nr_pages, SWAP_CLUSTER_MAX),
	    .gfp_mask = (gfp & __GFP_RECLAIM_MASK) | (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM_MASK),
	    .reclaim_idx = MAX_NR_ZONES - 1,
	    .target_memcg = memcg,
	    .may_writepage = true,
	    .may_unmap = true,
	    .may_swap = options & MEMCG_RECLAIM_MAY_SWAP,
	};
	unsigned long reclaimed;

	TRACE(mm_vmscan_memcg_reclaim_begin, .order = 0, .gfp_flags = sc.gfp_mask);
	reclaimed = reclaim_as(NODE_DATA(0), &sc);
	TRACE(mm_vmscan_memcg_reclaim_end, .nr_reclaimed = reclaimed);
	return reclaimed;
}

/*
 * try_to_free_pages: direct reclaim on behalf of an allocation that found nothing.
 *
 * => may sleep. Pages freed (1 if a fatal signal ended it: worth another try); 0: nothing could be
 */
unsigned long try_to_free_pages(struct pglist_data *pgdat, int order, gfp_t gfp,
				const nodemask_t *nodemask)
{
	struct scan_control sc = {
	    .nr_to_reclaim = SWAP_CLUSTER_MAX,
	    .gfp_mask = gfp,
	    .order = order,
	    .nodemask = nodemask,
	    .reclaim_idx = gfp_zone(gfp),
	    .may_writepage = true,
	    .may_unmap = true,
	    .may_swap = true,
	};
	unsigned long reclaimed;

	if (throttle_direct_reclaim(first_helping_node(pgdat, &sc), gfp))
		return 1;
	TRACE(mm_vmscan_direct_reclaim_begin, .order = order, .gfp_flags = gfp);
	reclaimed = reclaim_as(pgdat, &sc);
	TRACE(mm_vmscan_direct_reclaim_end, .nr_reclaimed = reclaimed);
	return reclaimed;
}

/*
 * reclaim_pages: MADV_PAGEOUT: the isolated pages on @pages, whatever their age. The list is
 * empty afterwards. How many went.
 */
unsigned long reclaim_pages(struct list_head *pages)
{
	unsigned int memalloc = current->flags & PF_MEMALLOC;
	struct scan_control sc = {
	    .gfp_mask = GFP_KERNEL,
	    .priority = DEF_PRIORITY,
	    .reclaim_idx = MAX_NR_ZONES - 1,
	    .may_writepage = true,
	    .may_unmap = true,
	    .may_swap = true,
	    .ignore_references = true,
	};
	unsigned long reclaimed;
	struct page *page;

	list_for_each_entry(page, pages, lru)
		page_clear(page, PG_active | PG_referenced);
	current->flags |= PF_MEMALLOC;
	reclaimed = shrink_page_list(pages, &sc);
	current->flags = (current->flags & ~PF_MEMALLOC) | memalloc;
	while (!list_empty(pages)) {
		page = list_first_entry(pages, struct page, lru);
		list_del(&page->lru);
		putback_lru_page(page);
	}
	swap_kick_all();
	return reclaimed;
}
