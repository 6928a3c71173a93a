/*
 * kswapd.c - one thread a node keeps some memory free, so that allocations seldom wait.
 *
 * Idea:   an allocation that finds a zone below its low watermark wakes kswapd
 *         and goes on; kswapd reclaims until a zone that could serve the request is above high:
 *
 *           free pages  ─────────┐
 *                 high - - - - - -\- - - - - - - /- kswapd sleeps again
 *                                  \           /
 *                 low  - - - - - - -\- - - - / - -  kswapd is woken
 *                                    \     /
 *                 min  - - - - - - - -\- / - - - -  below: direct reclaim; only reserves left
 *
 *         A run that got nothing counts as a failure; after 16 in a row the node is hopeless
 *         ("all_unreclaimable? yes"), kswapd stays asleep, and allocations reclaim, or kill,
 *         for themselves.
 * Locks:  none of its own; kswapd_order and kswapd_highest_zoneidx are atomic.
 * Above:  page_alloc.c wakes it; main.c starts it.   Below: vmscan.c.   In Linux: mm/vmscan.c.
 */
#include "kernel/sched/psi.h"
#include "kernel/sched/sched.h"
#include "mm/cpuset.h"
#include "mm/debug.h"
#include "mm/numa.h"
#include "mm/page_alloc.h"
#include "mm/scan_control.h"
#include "mm/swap.h"
#include "mm/trace.h"
#include "mm/vmstat.h"

/* kswapd_init: no node has been asked for anything yet. => after mm_init_zones() */
void kswapd_init(void)
{
	int nid;

	for_each_online_node(nid)
		NODE_DATA(nid)->kswapd_highest_zoneidx = MAX_NR_ZONES;
}

/* kswapd_bind: near to the pages that it looks at. A node without CPUs: anywhere. => process 1 */
void kswapd_bind(void)
{
	int nid;

	if (nr_online_nodes == 1)
		return;
	for_each_online_node(nid) {
		struct task_struct *task = NODE_DATA(nid)->kswapd;

		if (task && node_cpumask(nid))
			sched_setaffinity_mask(task, node_cpumask(nid));
	}
}

/*
 * Can a request of @order for zones up to @highest be served above the high watermark? One good
 * zone is enough.
 */
static bool pgdat_balanced(struct pglist_data *pgdat, int order, int highest)
{
	bool any = false;

	for (int z = 0; z <= highest; z++) {
		struct zone *zone = &pgdat->node_zones[z];

		if (!managed_zone(zone))
			continue;
		any = true;
		if (zone_watermark_ok(zone, order, high_wmark_pages(zone), highest, 0))
			return true;
	}
	return !any;
}

static unsigned long boosted_pages(struct pglist_data *pgdat, int highest, unsigned long boosts[])
{
	unsigned long total = 0;

	for (int z = 0; z <= highest; z++) {
		boosts[z] = READ_ONCE(pgdat->node_zones[z].watermark_boost);
		total += boosts[z];
	}
	return total;
}

/* The boost was for this run. */
static void drop_boosts(struct pglist_data *pgdat, int highest, const unsigned long boosts[])
{
	for (int z = 0; z <= highest; z++) {
		struct zone *zone = &pgdat->node_zones[z];
		unsigned long flags;

		if (!boosts[z])
			continue;
		flags = spin_lock_irqsave(&zone->lock);
		zone->watermark_boost -= MIN(zone->watermark_boost, boosts[z]);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

/* One pass. True: it scanned as much as it set out to, so the priority need not rise. */
static bool kswapd_shrink_node(struct pglist_data *pgdat, struct scan_control *sc)
{
	sc->nr_to_reclaim = 0;
	for (int z = 0; z <= (int)sc->reclaim_idx; z++) {
		struct zone *zone = &pgdat->node_zones[z];

		if (managed_zone(zone))
			sc->nr_to_reclaim += MAX(high_wmark_pages(zone), SWAP_CLUSTER_MAX);
	}
	shrink_node(pgdat, sc);
	/* A large block may never come together; single pages are what most wait for. */
	if (sc->order && sc->nr_reclaimed >= 2UL << sc->order)
		sc->order = 0;
	return sc->nr_scanned >= sc->nr_to_reclaim;
}

/*
 * Reclaims until the node is balanced for a request of @order up to zone @highest, or has been
 * through all priorities. The order that it managed.
 */
static int balance_pgdat(struct pglist_data *pgdat, int order, int highest)
{
	struct scan_control sc = {
	    .gfp_mask = GFP_KERNEL,
	    .order = order,
	    .priority = DEF_PRIORITY,
	    .reclaim_idx = (enum zone_type)highest,
	    .may_unmap = true,
	    .kswapd = true,
	};
	unsigned long boosts[MAX_NR_ZONES], boost = boosted_pages(pgdat, highest, boosts);
	bool boosted = boost != 0, balanced = false;

	count_vm_event(PAGEOUTRUN);
	while (sc.priority >= 1) {
		unsigned long before = sc.nr_reclaimed;
		bool raise = true;

		balanced = pgdat_balanced(pgdat, sc.order, highest);
		if (!balanced)
			boost = 0;	/* real shortage: swap and write, too */
		if (balanced && !boost)
			break;
		if (boost && sc.priority == DEF_PRIORITY - 2)
			raise = false;
		sc.may_writepage = sc.may_swap = !boost;
		sc.nr_scanned = 0;
		age_active_anon(pgdat, &sc);
		if (kswapd_shrink_node(pgdat, &sc))
			raise = false;
		if (waitqueue_active(&pgdat->pfmemalloc_wait) && allow_direct_reclaim(pgdat))
			wake_up_all(&pgdat->pfmemalloc_wait);
		before = sc.nr_reclaimed - before;
		boost -= MIN(boost, before);
		if (boosted && !before && balanced)
			break;		/* not worth more effort */
		if (raise || !before)
			sc.priority--;
		cond_resched();
	}
	if (!balanced && !sc.nr_reclaimed)
		pgdat->kswapd_failures++;
	if (boosted)
		drop_boosts(pgdat, highest, boosts);
	snapshot_refaults(NULL, pgdat);
	return sc.order;
}

/*
 * Balanced, and no zone asks for more after page types were mixed in it (watermark_boost_factor).
 */
static bool has_nothing_to_do(struct pglist_data *pgdat, int order, int highest)
{
	unsigned long boosts[MAX_NR_ZONES];

	highest = MIN(highest, MAX_NR_ZONES - 1);
	return pgdat_balanced(pgdat, order, highest) && !boosted_pages(pgdat, highest, boosts);
}

/*
 * May it sleep? Those whom throttle_direct_reclaim() holds go first, in any case: they would
 * wait for ever.
 */
static bool prepare_kswapd_sleep(struct pglist_data *pgdat, int order, int highest)
{
	if (waitqueue_active(&pgdat->pfmemalloc_wait))
		wake_up_all(&pgdat->pfmemalloc_wait);
	return pgdat->kswapd_failures >= MAX_RECLAIM_RETRIES ||
	       has_nothing_to_do(pgdat, order, highest);
}

/* What it was asked for since; MAX_NR_ZONES: nothing. */
static int take_highest_zoneidx(struct pglist_data *pgdat)
{
	return atomic_exchange(&pgdat->kswapd_highest_zoneidx, MAX_NR_ZONES);
}

/*
 * Sleeps until woken. First a nap of 100 ms: memory that runs short again at once is a reason
 * not to go to sleep.
 */
static void kswapd_try_to_sleep(struct pglist_data *pgdat, int order, int highest)
{
	struct wait_queue_entry wait;
	s64 left = 0;

	init_wait(&wait);
	prepare_to_wait(&pgdat->kswapd_wait, &wait, TASK_INTERRUPTIBLE);
	if (prepare_kswapd_sleep(pgdat, order, highest)) {
		left = schedule_timeout_ns(NSEC_PER_SEC / 10, "kswapd");
		finish_wait(&pgdat->kswapd_wait, &wait);
		init_wait(&wait);
		prepare_to_wait(&pgdat->kswapd_wait, &wait, TASK_INTERRUPTIBLE);
	}
	if (!left && prepare_kswapd_sleep(pgdat, order, highest)) {
		TRACE(mm_vmscan_kswapd_sleep, .nid = pgdat->node_id);
		schedule_waiting("kswapd");
	} else {
		count_vm_event(left ? KSWAPD_LOW_WMARK_HIT_QUICKLY : KSWAPD_HIGH_WMARK_HIT_QUICKLY);
	}
	finish_wait(&pgdat->kswapd_wait, &wait);
}

/*
 * kswapd: the thread of node @arg. It allocates below the watermarks (PF_MEMALLOC), since that
 * frees more than it takes. Never returns.
 */
int kswapd(void *arg)
{
	struct pglist_data *pgdat = arg;
	struct reclaim_state slab = { 0 };
	int order = 0, highest = MAX_NR_ZONES - 1;

	current->reclaim_state = &slab;
	current->flags |= PF_MEMALLOC | PF_KSWAPD;
	pgdat->kswapd = current;		/* from now on it can be woken */
	for (;;) {
		int asked;
		bool outer;

		kswapd_try_to_sleep(pgdat, order, highest);
		order = atomic_exchange(&pgdat->kswapd_order, 0);
		asked = take_highest_zoneidx(pgdat);
		if (asked < MAX_NR_ZONES)
			highest = asked;
		TRACE(mm_vmscan_kswapd_wake, .nid = pgdat->node_id, .zid = highest, .order = order);
		psi_memstall_enter(&outer);
		order = balance_pgdat(pgdat, order, highest);
		psi_memstall_leave(&outer);
		cond_resched();
	}
}

/*
 * wakeup_kswapd: @zone is below its low watermark; a request of @order may use zones up to
 * @highest_zoneidx.
 *
 * => any context
 */
void wakeup_kswapd(struct zone *zone, gfp_t gfp, int order, enum zone_type highest_zoneidx)
{
	struct pglist_data *pgdat = zone->zone_pgdat;
	int asked = pgdat->kswapd_highest_zoneidx;

	if (!managed_zone(zone) || !pgdat->kswapd || !cpuset_zone_allowed(zone, gfp))
		return;
	if (asked == MAX_NR_ZONES || asked < (int)highest_zoneidx)
		pgdat->kswapd_highest_zoneidx = highest_zoneidx;
	if (pgdat->kswapd_order < order)
		pgdat->kswapd_order = order;
	if (!waitqueue_active(&pgdat->kswapd_wait))
		return;
	if (pgdat->kswapd_failures >= MAX_RECLAIM_RETRIES ||
	    has_nothing_to_do(pgdat, order, highest_zoneidx))
		return;
	TRACE(mm_vmscan_wakeup_kswapd, .nid = pgdat->node_id, .zid = highest_zoneidx, .order = order,
	      .gfp_flags = gfp);
	wake_up_interruptible(&pgdat->kswapd_wait);
}
