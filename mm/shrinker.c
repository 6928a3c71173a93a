/*
 * shrinker.c - caches that give objects back under pressure.
 *
 * Idea:   a cache says how many objects it could free and frees that many when
 *         asked. Each pass asks for the same share of every cache as of the
 *         page lists: a 2^priority-th, times four, divided by what an object costs to
 *         make again (seeks; nothing: half of them each time). Caches that keep their objects by memory group (list_lru.h)
 *         are asked group by group, in the walk that goes through the groups' pages, too.
 * Locks:  shrinker_rwsem (LOCK_SHRINKER): held for reading while scanning; a scan that finds it
 * taken does without.
 * Above:  vmscan.c, truncate.c (drop_caches).   Below: the caches.   In Linux: mm/vmscan.c
 * (shrink_slab).
 */
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/memcontrol.h"
#include "mm/slab.h"
#include "mm/scan_control.h"
#include "mm/swap.h"
#include "mm/trace.h"
#include "mm/vmstat.h"

static LIST_HEAD(shrinkers);			/* shrinker_rwsem */
static DEFINE_RWSEM(shrinker_rwsem, LOCK_SHRINKER);

#define SHRINK_BATCH 128UL

/* register_shrinker: @s is asked from now on. It is never taken back. */
void register_shrinker(struct shrinker *s)
{
	BUG_ON(!s->count_objects || !s->scan_objects);
	down_write(&shrinker_rwsem);
	list_add_tail(&s->list, &shrinkers);
	up_write(&shrinker_rwsem);
}

static unsigned long do_shrink_slab(struct shrinker *s, struct mem_cgroup *memcg, int priority)
{
	unsigned long count = s->count_objects(s, memcg), freed = 0;
	unsigned long want = s->seeks ? (count >> priority) * 4 / s->seeks : count / 2, total;

	if (priority == 0)
		want = count;
	total = want;
	if (count)
		TRACE(mm_shrink_slab_start, .shr = s, .shrink = (void *)s->scan_objects,
		      .gfp_flags = GFP_KERNEL, .cache_items = count, .delta = want,
		      .total_scan = want, .priority = priority);
	while (want) {
		unsigned long nr = MIN(want, SHRINK_BATCH);

		freed += s->scan_objects(s, memcg, nr);
		count_vm_events(SLABS_SCANNED, nr);
		want -= nr;
		cond_resched();
	}
	if (count)
		TRACE(mm_shrink_slab_end, .shr = s, .shrink = (void *)s->scan_objects,
		      .retval = freed, .total_scan = total);
	return freed;
}

/*
 * shrink_slab: what @memcg (NULL: the root) has in each cache, at @priority. Objects freed (pages
 * are counted by the slab allocator).
 */
unsigned long shrink_slab(struct mem_cgroup *memcg, int priority)
{
	unsigned long freed = 0;
	struct shrinker *s;

	if (mem_cgroup_is_root(memcg))
		memcg = NULL;
	if (!down_read_trylock(&shrinker_rwsem))
		return 0;
	list_for_each_entry(s, &shrinkers, list)
		if (!memcg || s->memcg_aware)
			freed += do_shrink_slab(s, memcg, priority);
	up_read(&shrinker_rwsem);
	return freed;
}

static unsigned long drop_round(void)
{
	struct mem_cgroup *memcg = NULL;
	unsigned long freed = 0;

	while ((memcg = mem_cgroup_iter(NULL, memcg)))
		freed += shrink_slab(memcg, 0);
	return freed;
}

/* drop_slab: drop_caches 2: until a round gives nearly nothing; then what lies in CPUs' stocks. */
void drop_slab(void)
{
	int rounds = 0;

	while (drop_round() > 10 && ++rounds < 16)
		cond_resched();
	slab_drain_stocks();
}
