/*
 * fail_page_alloc.c - allocations, of pages and of slab objects, that fail on purpose, so that
 *                     every error path is run by some test.
 *
 * Idea:   fail_page_alloc=<interval>[,<seed>[,<min-order>]]: of the requests a
 *         user process makes that may sleep, or that are tried once only (those whose failure
 *         somebody must handle), one in <interval> fails, chosen by a stream of numbers from
 *         the seed: the same seed and load give the same failures.
 *         vm.fail_page_alloc_interval changes the interval of a running system.
 *         failslab=<interval>[,<seed>] and vm.failslab_interval: the same for objects.
 * Locks:  none; two CPUs may draw the same number.
 * Above:  page_alloc.c, slab.c.   In Linux: mm/fail_page_alloc.c, mm/failslab.c,
 * lib/fault-inject.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/x86/irq.h"
#include "mm/page_alloc_internal.h"

int fail_page_alloc_interval;
CTL_SYSCTL_INT("vm.fail_page_alloc_interval", fail_page_alloc_interval, 0, 1 << 30);
static unsigned int min_order;
static struct rnd_state draw = { .s = 1 };

int failslab_interval;
CTL_SYSCTL_INT("vm.failslab_interval", failslab_interval, 0, 1 << 30);
static struct rnd_state slab_draw = { .s = 1 };

/*
 * Does somebody have to handle the failure of a request with @gfp, and is he one of a test's? Who
 * does not want it tried again (__GFP_NORETRY) has something else to do.
 */
static bool may_fail(gfp_t gfp)
{
	if ((gfp & __GFP_NOFAIL) || !(gfp & (__GFP_DIRECT_RECLAIM | __GFP_NORETRY)) ||
	    in_interrupt())
		return false;
	return current->mm && !(current->flags & (PF_KTHREAD | PF_MEMALLOC | PF_EXITING)) &&
	       current->pid != 1;
}

bool should_fail_alloc_page(gfp_t gfp, unsigned int order)
{
	return order >= min_order && may_fail(gfp) &&
	       prandom_u64_state(&draw) % MAX(READ_ONCE(fail_page_alloc_interval), 1) == 0;
}

bool should_failslab(gfp_t gfp)
{
	return may_fail(gfp) &&
	       prandom_u64_state(&slab_draw) % MAX(READ_ONCE(failslab_interval), 1) == 0;
}

static int parse_failslab(const char *value)
{
	char *end;

	failslab_interval = simple_strtoul(value, &end, 0);
	if (*end == ',')
		prandom_seed_state(&slab_draw, simple_strtoul(end + 1, &end, 0));
	return *end ? -EINVAL : 0;
}
CTL_PARAM("failslab", parse_failslab);

static int parse_fail_page_alloc(const char *value)
{
	char *end;

	fail_page_alloc_interval = simple_strtoul(value, &end, 0);
	if (*end == ',')
		prandom_seed_state(&draw, simple_strtoul(end + 1, &end, 0));
	if (*end == ',')
		min_order = simple_strtoul(end + 1, &end, 0);
	return *end ? -EINVAL : 0;
}
CTL_PARAM("fail_page_alloc", parse_fail_page_alloc);
