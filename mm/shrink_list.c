/*
 * shrink_list.c - one LRU list: pages are taken off its tail, judged, and put back.
 *
 * Idea:   each node (and each memory group on it) has two families of lists, anonymous (swap)
 *         and file (disk), each with an active and an inactive list. Pages enter at the head and
 *         age toward the tail:
 *
 *            new ──> [ inactive ] ──tail──> shrink_inactive_list: free, write, or keep
 *                       ^    │ used twice: activate
 *                       │    v
 *                    [  active  ] ──tail──> shrink_active_list: back to inactive
 *
 *         At most 32 pages at a time are isolated: off the list, without PG_lru, with a
 *         reference. So lru_lock is held for moments only, and whoever frees or moves a page
 *         meanwhile sees that it is ours.
 * Locks:  lru_lock to take pages off and to put them back; none in between.
 * Above:  vmscan.c, which says how many of which list.
 * Below:  pageout.c (what becomes of a page), rmap.c, swap.c, throttle.c.
 *         In Linux: mm/vmscan.c.
 */
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/backing-dev.h"
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

/* pages of zones that do not help, stepped over before lru_lock is let go for a moment */
#define SKIP_BREATH 1024

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

/*
 * Looks at @nr pages of an inactive list. How many were freed. Writes that it starts are not sent
 * yet: the next pages are likely to lie beside them (shrink_node).
 */
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
		if (sc->nr.pageout)
			swap_kick_all();
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
	if (sc->nr.pageout != pageout_before)
		lru_note_cost(lruvec, file, sc->nr.pageout - pageout_before);
	sc->nr.taken += taken;
	if (sc->nr.unqueued_dirty && sc->nr.unqueued_dirty == sc->nr.taken)
		/* nothing but dirty pages, and nobody writes them */
		wakeup_flusher_threads();
	if (trace_enabled(mm_vmscan_lru_shrink_inactive))
		trace_shrink_inactive(pgdat->node_id, scanned, reclaimed, &before, sc,
				      file);
	return reclaimed;
}

/*
 * shrink_active_list: looks at @nr pages of an active list and moves them to its inactive one; only
 * running programs' text stays. => no locks held
 */
void shrink_active_list(unsigned long nr, struct lruvec *lruvec, struct scan_control *sc,
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

/*
 * shrink_list: looks at @nr pages of one list; how many were freed.
 *
 * => PF_MEMALLOC is set, no locks held
 */
unsigned long shrink_list(enum lru_list lru, unsigned long nr, struct lruvec *lruvec,
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
