/*
 * throttle.c - reclaimers wait for what only others can bring about.
 *
 * Idea:   a reclaimer that finds everything under write-back, or isolated by
 *         others, would spin. It sleeps instead, for a bounded time, and the ends of
 *         writes wake it early. And when the reserves below the min watermark are half used up,
 *         direct reclaimers wait for kswapd altogether: what is left is for those who free memory.
 * Locks:  none; counters are atomic, a wait queue. acct_reclaim_writeback() runs in interrupts.
 * Above:  vmscan.c, shrink_list.c, kswapd.c, page_lock.c.   Below: page_alloc.c's watermarks.
 *         In Linux: mm/vmscan.c.
 */
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "mm/debug.h"
#include "mm/page_alloc.h"
#include "mm/scan_control.h"
#include "mm/swap.h"
#include "mm/trace.h"
#include "mm/vmstat.h"

static DECLARE_WAIT_QUEUE_HEAD(writeback_wait);	/* for ends of writes */
static _Atomic int nr_throttled;		/* reclaimers on it */
static _Atomic unsigned long nr_written;	/* pages since the last wake-up */

/* Ends of writes that wake the sleepers; half of what one reclaimer starts at a time. */
#define WAKE_BATCH (SWAP_CLUSTER_MAX / 2)

/* @timeout: what it meant to sleep, ns; since @began it has slept. */
static void trace_throttled(struct pglist_data *pgdat, s64 timeout, u64 began,
			    enum vmscan_throttle_state reason)
{
	TRACE(mm_vmscan_throttled, .nid = pgdat->node_id, .usec_timeout = timeout / 1000,
	      .usec_delayed = (ktime_get_ns() - began) / 1000, .reason = 1 << reason);
}

/*
 * Until a batch of writes has ended, or the last of all; a disk's time at most. @started: they were
 * begun before, so that none under way means that all have ended.
 */
static void wait_for_writeback(struct pglist_data *pgdat, bool started)
{
	const s64 timeout = 20 * NSEC_PER_MSEC;		/* a disk's batch */
	struct wait_queue_entry wait;
	u64 began = ktime_get_ns();

	init_wait(&wait);
	nr_throttled++;
	prepare_to_wait(&writeback_wait, &wait, TASK_UNINTERRUPTIBLE);
	if (!started || global_node_page_state(NR_WRITEBACK))
		schedule_timeout_ns(timeout, "reclaim: writeback");
	finish_wait(&writeback_wait, &wait);
	nr_throttled--;
	trace_throttled(pgdat, timeout, began, VMSCAN_THROTTLE_WRITEBACK);
}

/*
 * reclaim_wait_written: for a reclaimer that has started to write what it wants.
 *
 * => kernel threads other than kswapd do not wait, as in reclaim_throttle()
 */
void reclaim_wait_written(struct pglist_data *pgdat)
{
	if ((current->flags & PF_KTHREAD) && !(current->flags & PF_KSWAPD))
		cond_resched();
	else
		wait_for_writeback(pgdat, true);
}

/*
 * reclaim_throttle: sleeps because of @reason, at most as long as it is likely to last.
 *
 * => kernel threads other than kswapd only let others run: somebody may wait for them
 */
void reclaim_throttle(struct pglist_data *pgdat, enum vmscan_throttle_state reason)
{
	static const s64 timeout[] = {
		[VMSCAN_THROTTLE_ISOLATED] = 20 * NSEC_PER_MSEC,
		[VMSCAN_THROTTLE_NOPROGRESS] = TICK_NSEC,
	};
	u64 began;

	if ((current->flags & PF_KTHREAD) && !(current->flags & PF_KSWAPD)) {
		cond_resched();
		return;
	}
	if (reason == VMSCAN_THROTTLE_WRITEBACK) {
		wait_for_writeback(pgdat, false);
		return;
	}
	began = ktime_get_ns();
	current->__state = TASK_UNINTERRUPTIBLE;
	schedule_timeout_ns(timeout[reason], reason == VMSCAN_THROTTLE_ISOLATED
						 ? "reclaim: isolated"
						 : "reclaim: no progress");
	trace_throttled(pgdat, timeout[reason], began, reason);
}

void acct_reclaim_writeback(struct page *page)
{
	if (likely(!nr_throttled))
		return;
	/* the last one: a small group's reclaimer starts less than a batch, and no more will end */
	if (++nr_written >= WAKE_BATCH || !global_node_page_state(NR_WRITEBACK)) {
		nr_written = 0;
		wake_up_all(&writeback_wait);
	}
}

/*
 * allow_direct_reclaim: is more than half of the low zones' reserve still there? If not, kswapd
 * is woken.
 */
bool allow_direct_reclaim(struct pglist_data *pgdat)
{
	unsigned long reserve = 0, free = 0;
	bool ok;

	if (pgdat->kswapd_failures >= MAX_RECLAIM_RETRIES)
		return true;		/* waiting for kswapd is no use */
	for (int z = 0; z <= ZONE_NORMAL; z++) {
		struct zone *zone = &pgdat->node_zones[z];

		if (!managed_zone(zone) || !zone_reclaimable_pages(zone))
			continue;
		reserve += min_wmark_pages(zone);
		free += zone_page_state(zone, NR_FREE_PAGES);
	}
	if (!reserve)
		return true;
	ok = free > reserve / 2;
	if (!ok && pgdat->kswapd && waitqueue_active(&pgdat->kswapd_wait)) {
		if (pgdat->kswapd_highest_zoneidx > ZONE_NORMAL)
			pgdat->kswapd_highest_zoneidx = ZONE_NORMAL;
		wake_up_interruptible(&pgdat->kswapd_wait);
	}
	return ok;
}

/*
 * throttle_direct_reclaim: waits until kswapd has refilled the reserves.
 *
 * => true: a fatal signal came meanwhile: do not reclaim, go and die
 * => one who may not enter file systems waits a second at most: kswapd may be waiting for a
 *    lock that it holds
 */
bool throttle_direct_reclaim(struct pglist_data *pgdat, gfp_t gfp)
{
	if ((current->flags & PF_KTHREAD) || fatal_signal_pending(current) || !pgdat->kswapd)
		return false;
	if (allow_direct_reclaim(pgdat))
		return false;
	count_vm_event(PGSCAN_DIRECT_THROTTLE);
	if (gfp & __GFP_FS)
		wait_event_killable(pgdat->pfmemalloc_wait, allow_direct_reclaim(pgdat),
				    "throttle_direct_reclaim");
	else
		wait_event_timeout_state(pgdat->pfmemalloc_wait, allow_direct_reclaim(pgdat),
					 "throttle_direct_reclaim", TASK_KILLABLE, NSEC_PER_SEC);
	return fatal_signal_pending(current);
}
