/*
 * memcontrol_high.c - memory.high: a group that goes over it is slowed down, never killed.
 *
 * Idea:   who charges pages in a group over its high mark reclaims as much on the way back
 *         to user space. If the group is over it all the same, the process sleeps there: the
 *         longer, the further it is over (with the square of it), at most two seconds a time.
 *
 *            delay = HZ * (overage / high)^2 * 64   jiffies for 64 pages charged
 *
 *         1% over costs 1.6 jiffies per 64 pages, 10% 160. The same for swap over swap.high.
 * Locks:  none held while it sleeps: it is done where user space resumes.
 * Above:  kernel/proc/signal.c (exit_to_user_mode_work); memcontrol.c notes what was charged.
 * Below:  vmscan.c.   In Linux: mm/memcontrol.c (mem_cgroup_handle_over_high).
 */
#include "kernel/lib/bug.h"
#include "kernel/sched/psi.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/irq.h"
#include "mm/memcontrol.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#define JIFFY_NS (NSEC_PER_SEC / HZ)
#define MAX_HIGH_DELAY (2 * HZ)			/* jiffies */
/* How far over: fixed point with 20 bits; its square keeps 40, of which 14 less are dropped. */
#define OVERAGE_SHIFT 20
#define DELAY_SHIFT (OVERAGE_SHIFT + 14)

/* Reclaims for each group from @memcg up that is over its high mark. Pages freed. */
static unsigned long reclaim_high(struct mem_cgroup *memcg, unsigned int nr_pages, gfp_t gfp)
{
	unsigned long reclaimed = 0;
	bool outer;

	for (; memcg; memcg = memcg->up) {
		if (page_counter_read(&memcg->memory) <= READ_ONCE(memcg->memory.high))
			continue;
		memcg_memory_event(memcg, MEMCG_HIGH);
		psi_memstall_enter(&outer);
		reclaimed += try_to_free_mem_cgroup_pages(memcg, nr_pages, gfp,
							  MEMCG_RECLAIM_MAY_SWAP);
		psi_memstall_leave(&outer);
	}
	return reclaimed;
}

/* Charged where nobody returns to user space: the worker reclaims. */
static void high_work_func(struct work_struct *work)
{
	struct mem_cgroup *memcg = container_of(work, struct mem_cgroup, high_work);

	reclaim_high(memcg, MEMCG_CHARGE_BATCH, GFP_KERNEL);
	css_put(&memcg->css);
}

/* mem_cgroup_high_init: a new group. */
void mem_cgroup_high_init(struct mem_cgroup *memcg)
{
	memcg->high_work = (struct work_struct)WORK_INIT(memcg->high_work, high_work_func);
}

static bool over_high(const struct page_counter *counter)
{
	return page_counter_read(counter) > READ_ONCE(counter->high);
}

/*
 * mem_cgroup_note_over_high: @nr_pages have been charged to @memcg: current is to pay for it, if
 * that or a group above is over its high mark.
 *
 * => any context; sleeps only if much has added up and @gfp allows it
 */
void mem_cgroup_note_over_high(struct mem_cgroup *memcg, unsigned int nr_pages, gfp_t gfp)
{
	for (; memcg; memcg = memcg->up) {
		if (likely(!over_high(&memcg->memory) && !over_high(&memcg->swap)))
			continue;
		if (in_interrupt()) {
			if (over_high(&memcg->memory) && css_tryget(&memcg->css) &&
			    !schedule_work(&memcg->high_work))
				css_put(&memcg->css);
			return;
		}
		current->memcg_nr_pages_over_high += nr_pages;
		set_tif(current, TIF_NOTIFY_RESUME);
		break;
	}
	/* A system call that charges on and on need not wait for its end to be slowed down. */
	if (memcg && current->memcg_nr_pages_over_high > MEMCG_CHARGE_BATCH &&
	    !(current->flags & PF_MEMALLOC) && (gfp & __GFP_DIRECT_RECLAIM))
		mem_cgroup_handle_over_high();
}

static u64 overage_of(const struct page_counter *counter)
{
	u64 usage = page_counter_read(counter), high = MAX(READ_ONCE(counter->high), 1UL);

	return usage > high ? ((usage - high) << OVERAGE_SHIFT) / high : 0;
}

/* Jiffies for @nr_pages charged @overage over the mark. */
static u64 high_delay(unsigned int nr_pages, u64 overage)
{
	u64 delay;

	if (!overage)
		return 0;
	/* so that its square fits; it is long enough */
	overage = MIN(overage, 1ULL << (OVERAGE_SHIFT + 7));
	delay = overage * overage * HZ >> DELAY_SHIFT;
	return delay * nr_pages / MEMCG_CHARGE_BATCH;
}

/* How long @nr_pages charged to @memcg are to take, in jiffies. */
static u64 penalty(struct mem_cgroup *memcg, unsigned int nr_pages)
{
	u64 memory = 0, swap = 0;

	for (; memcg; memcg = memcg->up) {
		u64 over = overage_of(&memcg->swap);

		if (over)
			memcg_memory_event(memcg, MEMCG_SWAP_HIGH);
		swap = MAX(swap, over);
		memory = MAX(memory, overage_of(&memcg->memory));
	}
	return MIN(high_delay(nr_pages, memory) + high_delay(nr_pages, swap), (u64)MAX_HIGH_DELAY);
}

/*
 * mem_cgroup_handle_over_high: current pays for what it has charged over a high mark.
 *
 * => no lock held that reclaim takes; sleeps, killable
 */
void mem_cgroup_handle_over_high(void)
{
	unsigned int nr_pages = current->memcg_nr_pages_over_high, goal = nr_pages;
	int retries = MAX_RECLAIM_RETRIES;
	struct mem_cgroup *memcg;
	bool outer;
	u64 delay;

	if (likely(!nr_pages))
		return;
	current->memcg_nr_pages_over_high = 0;
	memcg = get_mem_cgroup_from_task(current);
	if (!memcg)
		return;
	for (;;) {
		unsigned long reclaimed = reclaim_high(memcg, goal, GFP_KERNEL);

		delay = penalty(memcg, nr_pages);
		if (delay <= HZ / 100)		/* not worth a sleep */
			break;
		if (!reclaimed && !retries--) {
			psi_memstall_enter(&outer);
			current->__state = TASK_KILLABLE;
			schedule_timeout_ns(delay * JIFFY_NS, "mem_cgroup_handle_over_high");
			psi_memstall_leave(&outer);
			break;
		}
		goal = SWAP_CLUSTER_MAX;
	}
	css_put(&memcg->css);
}
