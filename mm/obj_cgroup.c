/*
 * obj_cgroup.c - who pays for the kernel's memory: a group, and when that is removed, its parent.
 *
 * Idea:   a page of a process lives as long as the process needs it, or until reclaim finds
 *         it. A name, an inode or a cached table may stay for ever, and would keep
 *         a removed group (some 10 kB with its lists) as long. So what the kernel
 *         has charged does not point to the group, but to its obj_cgroup,
 *         a few words that point on, and that rmdir bends:
 *
 *            object ─┐                              object ─┐
 *            object ─┼─> obj_cgroup ──> a/b         object ─┼─> obj_cgroup ──┐   a/b (freed)
 *            page   ─┘                  │           page   ─┘                └─> a
 *                                       a
 *
 *         Nothing is counted again: a/b's charge is part of a's from the beginning, so whoever
 *         gives back asks his obj_cgroup where to subtract, and subtracts there and above.
 *         What was charged while a/b was there stays in a/b's own counters, which nobody
 *         reads any more.
 *
 *         An obj_cgroup goes with the last object. Readers who have no reference (current's
 *         group, /proc/kpagecgroup) come by RCU.
 * Locks:  objcg_lock: the lists of obj_cgroups, and where they point. Reading that: RCU.
 * Above:  memcontrol_kmem.c charges, memcontrol.c makes and removes groups, list_lru.c.
 * Below:  workqueue, rcu.   In Linux: mm/memcontrol.c (obj_cgroup).
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/rcu.h"
#include "mm/memcontrol.h"
#include "mm/slab.h"

static spinlock_t objcg_lock = SPINLOCK_INIT(LOCK_OBJCG);
static _Atomic(struct obj_cgroup *) dead_objcgs;	/* by next_dead */

/* Nobody has a reference; once those are gone who still look, they are freed. */
static void free_dead_objcgs(struct work_struct *work)
{
	struct obj_cgroup *objcg = atomic_exchange(&dead_objcgs, NULL), *next;

	if (!objcg)
		return;
	synchronize_rcu();
	for (; objcg; objcg = next) {
		next = objcg->next_dead;
		/* No object is left, so what was spare added up to pages, and those are uncharged. */
		WARN_ON(objcg->spare_bytes);
		spin_lock(&objcg_lock);
		list_del(&objcg->list);
		spin_unlock(&objcg_lock);
		kfree(objcg);
	}
}
static struct work_struct dead_objcgs_work = WORK_INIT(dead_objcgs_work, free_dead_objcgs);

/* obj_cgroup_put: any context. */
void obj_cgroup_put(struct obj_cgroup *objcg)
{
	long left = --objcg->refcnt;

	if (CHECKS)
		BUG_ON(left < 0);
	if (likely(left))
		return;
	objcg->next_dead = atomic_load(&dead_objcgs);
	while (!atomic_compare_exchange_weak(&dead_objcgs, &objcg->next_dead, objcg))
		;
	schedule_work(&dead_objcgs_work);
}

/* One more reference, unless the last is gone. */
static bool obj_cgroup_tryget(struct obj_cgroup *objcg)
{
	long n = objcg->refcnt;

	while (n)
		if (atomic_compare_exchange_weak(&objcg->refcnt, &n, n + 1))
			return true;
	return false;
}

/*
 * get_obj_cgroup: @memcg's with a reference; that of the nearest group above that has one, if it
 * was removed. NULL: the root.
 *
 * => rcu_read_lock(), or a reference on @memcg
 */
struct obj_cgroup *get_obj_cgroup(struct mem_cgroup *memcg)
{
	for (; memcg; memcg = memcg->up) {
		struct obj_cgroup *objcg = READ_ONCE(memcg->objcg);

		if (objcg && obj_cgroup_tryget(objcg))
			return objcg;
	}
	return NULL;
}

/* obj_cgroup_online: @memcg, which nobody knows yet, gets one. 0, -ENOMEM. May sleep. */
int obj_cgroup_online(struct mem_cgroup *memcg)
{
	struct obj_cgroup *objcg = kzalloc(sizeof(*objcg), GFP_KERNEL);

	if (!objcg)
		return -ENOMEM;
	objcg->memcg = memcg;
	objcg->refcnt = 1;
	spin_lock(&objcg_lock);
	list_add(&objcg->list, &memcg->objcgs);
	spin_unlock(&objcg_lock);
	memcg->objcg = objcg;
	return 0;
}

/*
 * memcg_reparent_objcgs: @memcg is removed: what the kernel has charged to it, and to those
 * removed below it, is its parent's from now on.
 *
 * => cgroup_mutex; @memcg is not the root. Does not sleep
 */
void memcg_reparent_objcgs(struct mem_cgroup *memcg)
{
	struct mem_cgroup *parent = parent_mem_cgroup(memcg);
	struct obj_cgroup *own = memcg->objcg, *objcg;

	WRITE_ONCE(memcg->objcg, NULL);
	spin_lock(&objcg_lock);
	list_for_each_entry(objcg, &memcg->objcgs, list)
		WRITE_ONCE(objcg->memcg, memcg->up);
	list_splice_init(&memcg->objcgs, &parent->objcgs);
	spin_unlock(&objcg_lock);
	obj_cgroup_put(own);
}
