/*
 * page_slowpath.c - an allocation that found every zone below its low mark.
 *
 * Idea:   in this order, until a page is found or it is clear that none will be:
 *
 *            wake kswapd ─> try down to the min mark ─> (a victim, reclaim itself:
 *            use the reserves) ─> reclaim directly ─> again, while that makes
 *            progress ─> kill a process ─> again
 *
 *         A reclaimer that allocates must not reclaim: PF_MEMALLOC, set in one
 *         place below, cuts the loop "allocation needs reclaim needs allocation".
 * Locks:  none held but oom_lock while a victim is chosen.
 * Above:  page_alloc.c.  Below: vmscan.c, oom_kill.c.   In Linux: mm/page_alloc.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/psi.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/irq.h"
#include "mm/cpuset.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc_internal.h"
#include "mm/show_mem.h"
#include "mm/slab.h"
#include "mm/trace.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

/* One attempt's state; inputs first. */
struct slow_attempt {
	gfp_t gfp;			/* in */
	unsigned int order;		/* in */
	struct alloc_context ac;	/* in; its nodemask goes where policies do not count */
	nodemask_t thisnode;		/* __GFP_THISNODE: that one */
	unsigned int alloc_flags;
	int no_progress_loops;
	bool slabs_drained;		/* once, and before anybody is killed */
	unsigned long did_some_progress;	/* out of reclaim and of the OOM killer */
};

static void sleep_one_jiffy(const char *what)
{
	current->__state = TASK_UNINTERRUPTIBLE;
	schedule_timeout_ns(TICK_NSEC, what);
}

static void warn_alloc_show_mem(gfp_t gfp, const nodemask_t *nodemask)
{
	unsigned int filter = 1;

	/* Who could have used the reserves, or cannot wait, wants to see all nodes. */
	if (!(gfp & __GFP_NOMEMALLOC) &&
	    (tsk_is_oom_victim(current) || (current->flags & (PF_MEMALLOC | PF_EXITING))))
		filter = 0;
	if (in_interrupt() || !(gfp & __GFP_DIRECT_RECLAIM))
		filter = 0;
	show_mem(filter, nodemask, gfp);
}

/*
 * "sh: page allocation failure: order:4, mode:0x…(GFP_KERNEL),
 * nodemask=(null),cpuset=/,mems_allowed=0"
 */
static __noinline void warn_alloc(gfp_t gfp, unsigned int order, const nodemask_t *nodemask)
{
	static DEFINE_RATELIMIT_STATE(nopage_rs, 10 * 1000000000ULL, 1);
	char mode[160], mask[32] = "(null)", cpuset[128];

	if ((gfp & __GFP_NOWARN) || !__ratelimit(&nopage_rs))
		return;
	print_gfp_mask(mode, sizeof(mode), gfp);
	if (nodemask)
		scnprintf(mask, sizeof(mask), "%*pbl", nodemask_list(nodemask));
	cpuset_print_current_mems_allowed(cpuset, sizeof(cpuset));
	pr_warn("%s: page allocation failure: order:%u, mode:%#x(%s), nodemask=%s,%s\n",
		current->comm, order, gfp, mode, mask, cpuset);
	dump_stack();
	warn_alloc_show_mem(gfp, nodemask);
}

/* Who may go below the min mark, and how far: an alloc_flags value, 0 for nobody. */
static unsigned int pfmemalloc_flags(gfp_t gfp)
{
	if (unlikely(gfp & __GFP_NOMEMALLOC))
		return 0;
	if (gfp & __GFP_MEMALLOC)
		return ALLOC_NO_WATERMARKS;
	if (in_interrupt())
		return 0;
	if (current->flags & PF_MEMALLOC)
		return ALLOC_NO_WATERMARKS;
	/*
	 * A dying process needs memory to die: half of the reserve, so that reclaim keeps the
	 * rest.
	 */
	if (tsk_is_oom_victim(current) || test_tif(current, TIF_MEMDIE))
		return ALLOC_OOM;
	return 0;
}

bool gfp_pfmemalloc_allowed(gfp_t gfp)
{
	return pfmemalloc_flags(gfp) != 0;
}

static unsigned int gfp_to_alloc_flags(gfp_t gfp)
{
	unsigned int flags = ALLOC_WMARK_MIN | (gfp & (ALLOC_KSWAPD | ALLOC_HIGH));

	BUILD_BUG_ON((int)ALLOC_KSWAPD != (int)__GFP_KSWAPD_RECLAIM ||
		     (int)ALLOC_HIGH != (int)__GFP_HIGH);
	if ((gfp & __GFP_ATOMIC) && !(gfp & __GFP_NOMEMALLOC))
		flags |= ALLOC_HARDER;
	if (cpusets_enabled() && !(gfp & __GFP_ATOMIC))
		flags |= ALLOC_CPUSET;
	return flags;
}

/* Is @z a zone whose free pages, or whose reclaim, would serve the request? */
static bool zone_may_help(const struct slow_attempt *at, const struct zoneref *z)
{
	const struct alloc_context *ac = &at->ac;

	if (z->zone_idx > (int)ac->highest_zoneidx)
		return false;
	if ((at->gfp & __GFP_THISNODE) && z->zone->zone_pgdat != ac->pgdat)
		return false;
	if (ac->nodemask && !node_isset(z->zone->node, *ac->nodemask))
		return false;
	return !(at->alloc_flags & ALLOC_CPUSET) || cpuset_zone_allowed(z->zone, at->gfp);
}

static void wake_all_kswapds(const struct slow_attempt *at)
{
	struct pglist_data *last = NULL;

	for (struct zoneref *z = at->ac.pgdat->zonelist; z->zone; z++) {
		/* one a node: its first zone stands for it */
		if (!zone_may_help(at, z) || z->zone->zone_pgdat == last)
			continue;
		wakeup_kswapd(z->zone, at->gfp, at->order, at->ac.highest_zoneidx);
		last = z->zone->zone_pgdat;
	}
}

static struct page *try_freelist(const struct slow_attempt *at)
{
	return get_page_from_freelist(at->gfp, at->order, at->alloc_flags, &at->ac);
}

/* Reclaims, then tries; once more after emptying the CPUs' stocks, where what was freed may be. */
static struct page *__alloc_pages_direct_reclaim(struct slow_attempt *at)
{
	struct task_struct *task = current;
	struct page *page = NULL;
	bool outer;

	cond_resched();
	psi_memstall_enter(&outer);
	task->flags |= PF_MEMALLOC;		/* the one cut in the loop: see the top */
	at->did_some_progress =
		try_to_free_pages(at->ac.pgdat, at->order, at->gfp, at->ac.nodemask);
	task->flags &= ~PF_MEMALLOC;
	cond_resched();
	if (at->did_some_progress) {
		page = try_freelist(at);
		if (!page) {
			drain_all_pages();
			page = try_freelist(at);
		}
	}
	psi_memstall_leave(&outer);
	return page;
}

/*
 * Is it worth reclaiming again? While it makes progress; or, for some rounds,
 * while free and reclaimable pages together would do.
 */
static bool should_reclaim_retry(struct slow_attempt *at)
{
	bool possible = false;

	if (at->did_some_progress && at->order <= PAGE_ALLOC_COSTLY_ORDER)
		at->no_progress_loops = 0;
	else
		at->no_progress_loops++;
	if (at->no_progress_loops > MAX_RECLAIM_RETRIES)
		return false;
	for (struct zoneref *z = at->ac.pgdat->zonelist; z->zone && !possible; z++) {
		long available, reclaimable;

		if (!zone_may_help(at, z))
			continue;
		reclaimable = zone_reclaimable_pages(z->zone);
		available = reclaimable + zone_page_state(z->zone, NR_FREE_PAGES);
		possible =
			zone_watermark_ok_free(z->zone, at->order, min_wmark_pages(z->zone),
					       at->ac.highest_zoneidx, at->alloc_flags, available);
		TRACE(reclaim_retry_zone, .node = z->zone->node, .zone_idx = z->zone_idx,
		      .order = at->order, .reclaimable = reclaimable, .available = available,
		      .min_wmark = min_wmark_pages(z->zone),
		      .no_progress_loops = at->no_progress_loops, .wmark_check = possible);
	}
	/* A worker must sleep really: what frees memory may be queued behind it. */
	if (current->flags & PF_WQ_WORKER)
		sleep_one_jiffy("page allocation");
	else
		cond_resched();
	return possible;
}

/* May a process be killed for this request at all? */
static bool may_oom(const struct slow_attempt *at)
{
	if (current->flags & PF_DUMPCORE)
		return false;
	if (at->order > PAGE_ALLOC_COSTLY_ORDER)
		return false;		/* nobody's memory makes a large block likely */
	if (at->gfp & (__GFP_RETRY_MAYFAIL | __GFP_THISNODE))
		return false;
	/* nobody owns 16 MiB that only DMA may use */
	return at->ac.highest_zoneidx >= ZONE_NORMAL;
}

/*
 * Nobody need be killed for what lies about: some hundred kB, kept from being whole free pages by
 * one free object each in a CPU's stock. True: one more round, also if there was nothing, since all
 * CPUs had to answer, and what reclaim found before that is old.
 */
static bool drain_slabs_once(struct slow_attempt *at)
{
	if (at->slabs_drained)
		return false;
	at->slabs_drained = true;
	slab_drain_stocks();
	return true;
}

static struct page *__alloc_pages_may_oom(struct slow_attempt *at)
{
	struct oom_control oc = {
		.zonelist = at->ac.pgdat->zonelist,
		.nodemask = at->ac.nodemask,
		.highest_zoneidx = at->ac.highest_zoneidx,
		.gfp_mask = at->gfp,
		.order = at->order,
	};
	struct page *page;

	at->did_some_progress = 0;
	if (!mutex_trylock(&oom_lock)) {
		/* Somebody else is at it: that is progress. */
		at->did_some_progress = 1;
		sleep_one_jiffy("oom_lock");
		return NULL;
	}
	/*
	 * The last killing may have helped meanwhile: up to the HIGH mark, so that it is not too
	 * easily passed.
	 */
	page = get_page_from_freelist((at->gfp | __GFP_HARDWALL) & ~__GFP_DIRECT_RECLAIM, at->order,
				      ALLOC_WMARK_HIGH | (at->alloc_flags & ALLOC_CPUSET), &at->ac);
	if (!page && may_oom(at) && (out_of_memory(&oc) || WARN_ON_ONCE(at->gfp & __GFP_NOFAIL))) {
		at->did_some_progress = 1;
		if (at->gfp & __GFP_NOFAIL)	/* … and from any node */
			page = get_page_from_freelist(at->gfp, at->order, ALLOC_NO_WATERMARKS,
						      &at->ac);
	}
	mutex_unlock(&oom_lock);
	return page;
}

/* What one round yields. */
enum slow_result { SLOW_GOT, SLOW_RETRY, SLOW_NOPAGE };

/* One round of reclaim and, if it comes to that, the OOM killer. */
static enum slow_result slow_round(struct slow_attempt *at, struct page **pagep)
{
	unsigned int reserve;

	if (at->alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(at);		/* it may have gone to sleep meanwhile */
	reserve = pfmemalloc_flags(at->gfp);
	if (reserve)
		at->alloc_flags = reserve | (at->alloc_flags & ALLOC_KSWAPD);
	/* Who must have memory now takes it wherever it is: policies and cpusets are the users'. */
	if (unlikely(reserve || (at->gfp & __GFP_ATOMIC)))
		at->ac.nodemask = NULL;
	*pagep = try_freelist(at);
	if (*pagep)
		return SLOW_GOT;
	if (!(at->gfp & __GFP_DIRECT_RECLAIM) || (current->flags & PF_MEMALLOC))
		return SLOW_NOPAGE;
	*pagep = __alloc_pages_direct_reclaim(at);
	if (*pagep)
		return SLOW_GOT;
	if (at->gfp & __GFP_NORETRY)
		return SLOW_NOPAGE;
	if (at->order > PAGE_ALLOC_COSTLY_ORDER && !(at->gfp & __GFP_RETRY_MAYFAIL))
		return SLOW_NOPAGE;
	if (should_reclaim_retry(at) || drain_slabs_once(at))
		return SLOW_RETRY;
	*pagep = __alloc_pages_may_oom(at);
	if (*pagep)
		return SLOW_GOT;
	/*
	 * A victim that got nothing even from the reserves gives up: its memory goes by other
	 * hands.
	 */
	if (tsk_is_oom_victim(current) &&
	    ((at->alloc_flags & ALLOC_OOM) || (at->gfp & __GFP_NOMEMALLOC)))
		return SLOW_NOPAGE;
	if (at->did_some_progress) {
		at->no_progress_loops = 0;
		return SLOW_RETRY;
	}
	return SLOW_NOPAGE;
}

/*
 * __alloc_pages_slowpath: everything that may be done for a request, in turn.
 *
 * => may sleep if @gfp has __GFP_DIRECT_RECLAIM
 * => NULL: nothing could be found (logged unless __GFP_NOWARN); never with __GFP_NOFAIL
 */
__noinline struct page *__alloc_pages_slowpath(gfp_t gfp, unsigned int order,
					       const struct alloc_context *ac)
{
	struct slow_attempt at = { .gfp = gfp, .order = order, .ac = *ac };
	struct page *page;

	if (!in_interrupt() && (current->flags & PF_MEMALLOC_NOIO))
		at.gfp &= ~(__GFP_IO | __GFP_FS);
	if (gfp & __GFP_THISNODE) {
		at.thisnode = nodemask_of(ac->pgdat->node_id);
		at.ac.nodemask = &at.thisnode;
	}
	at.alloc_flags = gfp_to_alloc_flags(at.gfp);
	if (at.alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(&at);
	page = try_freelist(&at);
	if (page)
		return page;
	for (;;) {
		switch (slow_round(&at, &page)) {
		case SLOW_GOT:
			return page;
		case SLOW_RETRY:
			continue;
		case SLOW_NOPAGE:
			break;
		}
		if (!(at.gfp & __GFP_NOFAIL) || WARN_ON_ONCE(!(at.gfp & __GFP_DIRECT_RECLAIM)))
			break;
		/* NOFAIL: dip into the reserves a little, then go round again. */
		page = get_page_from_freelist(at.gfp, order, ALLOC_HARDER, &at.ac);
		if (page)
			return page;
		cond_resched();
	}
	warn_alloc(at.gfp, order, ac->nodemask);
	return NULL;
}
