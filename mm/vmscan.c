/*
 * vmscan.c - reclaim: whose pages to look at, how hard, and when it is enough.
 *
 * Idea:   a run knows what it wants (struct scan_control) and looks at more and more until it has
 *         it: the priority falls from 12 (1/4096 of each list) to 0 (all of it).
 *
 *           try_to_free_pages ─┐                      ┌─ shrink_lruvec: anonymous and file lists in
 *           kswapd ────────────┼─ shrink_node ── each ┤  turn, 32 pages at a time, as far as
 *           a group's limit ───┘   (a node)   group   └─ get_scan_count() said; then the shrinkers
 *
 *         Each memory group has lists of its own: reclaim for a limit goes through the
 *         group and those below it, reclaim for the machine through all of them
 *         (shrink_node_memcgs), leaving alone what memory.min and memory.low protect.
 * Locks:  none; the lists' are taken below.
 * Above:  kswapd.c; page_slowpath.c (try_to_free_pages); memcontrol.c; madvise.c.
 * Below:  scan_balance.c (how much of what), shrink_list.c (a list), pageout.c (a page),
 *         shrinker.c (other caches), throttle.c (waiting).   In Linux: mm/vmscan.c.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/backing-dev.h"
#include "mm/cpuset.h"
#include "mm/memcontrol.h"
#include "mm/numa.h"
#include "mm/page_alloc.h"
#include "mm/scan_control.h"
#include "mm/swap.h"
#include "mm/swap_state.h"
#include "mm/trace.h"
#include "mm/vmstat.h"

/* How often a reclaim waits for the flusher (20 ms or less) before memory.low gives way. */
#define LOW_PATIENCE 250

int vm_swappiness = 60;
CTL_SYSCTL_INT("vm.swappiness", vm_swappiness, 0, 200);

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

/* --- the lists of a group, the groups of a node --- */

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
	/* A direct reclaimer's first, light pass through the machine is done as planned. */
	bool proportional = !sc->kswapd && !sc->target_memcg && sc->priority == DEF_PRIORITY;

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

/*
 * The lists of each group that the reclaim is about, on one node; and what it has in caches of names
 * and inodes, which are not kept by node.
 */
static void shrink_node_memcgs(struct pglist_data *pgdat, struct scan_control *sc)
{
	struct mem_cgroup *memcg = NULL;

	if (likely(!memcg_groups)) {
		shrink_lruvec(&pgdat->lruvec, sc);
		shrink_slab(NULL, sc->priority);
		return;
	}
	while ((memcg = mem_cgroup_iter(sc->target_memcg, memcg))) {
		cond_resched();
		if (scan_protected(memcg, sc))
			continue;
		shrink_lruvec(mem_cgroup_lruvec(memcg, pgdat), sc);
		shrink_slab(memcg, sc->priority);
	}
}

/* Slabs that became empty in this pass count as reclaimed pages. */
static void count_reclaimed_slabs(struct scan_control *sc)
{
	struct reclaim_state *slab = current->reclaim_state;

	if (!slab)
		return;
	sc->nr_reclaimed += slab->reclaimed_slab;
	slab->reclaimed_slab = 0;
}

void shrink_node(struct pglist_data *pgdat, struct scan_control *sc)
{
	unsigned long before = sc->nr_reclaimed;

	memset(&sc->nr, 0, sizeof(sc->nr));
	prepare_scan_count(pgdat, sc);
	shrink_node_memcgs(pgdat, sc);
	/*
	 * Neighbours have joined, and all pages are back on their lists, where the end of a write
	 * finds them. From here on we may sleep.
	 */
	if (sc->nr.pageout)
		swap_kick_all();
	count_reclaimed_slabs(sc);
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
			reclaim_wait_written(pgdat);
		else if (sc->nr.unqueued_dirty && sc->nr.unqueued_dirty == sc->nr.taken)
			reclaim_throttle(pgdat, VMSCAN_THROTTLE_WRITEBACK);	/* the flusher knows */
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
		sc->unwritten |= sc->nr.dirty || sc->nr.writeback;
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
	/* Dirty pages without protection go before clean ones with memory.low: they are waited for. */
	for (int n = 0; n < LOW_PATIENCE && !sc->nr_reclaimed && sc->memcg_low_skipped &&
			sc->unwritten && !fatal_signal_pending(current); n++) {
		wakeup_flusher_threads();
		reclaim_throttle(pgdat, VMSCAN_THROTTLE_WRITEBACK);
		sc->unwritten = false;
		shrink_by_priority(pgdat, sc);
	}
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
