/*
 * list_lru.c - see list_lru.h.
 *
 * Idea:   whose an object is stands behind the object (slab.c), so the list that it is on is found
 *         from its address. When a group is removed, its objects become the parent's first, and then
 *         all that is on its list is moved: whoever takes an object off in between
 *         subtracts it from the parent's number, where it will be added.
 * Locks:  the caller's.
 * Above:  kernel/fs's dentries and inodes.   Below: memcontrol.h, slab.c.   In Linux: mm/list_lru.c.
 */
#include "mm/list_lru.h"

#include "kernel/lib/bug.h"
#include "mm/memcontrol.h"
#include "mm/slab.h"

static struct list_lru *lrus[MAX_LIST_LRUS];	/* c: since boot */
static unsigned int nr_lrus;			/* c */

/* list_lru.h */
void list_lru_init(struct list_lru *lru, spinlock_t *lock)
{
	BUG_ON(nr_lrus == MAX_LIST_LRUS);
	lru->id = nr_lrus;
	lru->lock = lock;
	lrus[nr_lrus++] = lru;
	INIT_LIST_HEAD(&lru->root.list);
	lru->root.nr = 0;
}

/* list_lru.h. => a group that nobody knows yet */
void list_lru_init_group(struct list_lru_one lists[MAX_LIST_LRUS])
{
	for (unsigned int i = 0; i < MAX_LIST_LRUS; i++) {
		INIT_LIST_HEAD(&lists[i].list);
		lists[i].nr = 0;
	}
}

static struct list_lru_one *list_of(struct list_lru *lru, struct mem_cgroup *memcg)
{
	return mem_cgroup_is_root(memcg) ? &lru->root : &memcg->lrus[lru->id];
}

/* list_lru.h */
void list_lru_add(struct list_lru *lru, void *object, struct list_head *link)
{
	struct list_lru_one *l = list_of(lru, mem_cgroup_from_slab_obj(object));

	BUG_ON(!list_empty(link));
	list_add_tail(link, &l->list);
	l->nr++;
}

/* list_lru.h */
void list_lru_del(struct list_lru *lru, void *object, struct list_head *link)
{
	if (list_empty(link))
		return;
	list_del_init(link);
	list_of(lru, mem_cgroup_from_slab_obj(object))->nr--;
}

/* list_lru.h. => on its list */
void list_lru_rotate(struct list_lru *lru, void *object, struct list_head *link)
{
	list_move_tail(link, &list_of(lru, mem_cgroup_from_slab_obj(object))->list);
}

/* list_lru.h */
struct list_head *list_lru_first(struct list_lru *lru, struct mem_cgroup *memcg)
{
	struct list_lru_one *l = list_of(lru, memcg);

	return list_empty(&l->list) ? NULL : l->list.next;
}

/* list_lru.h. A hint: the lock is not held. */
unsigned long list_lru_count(struct list_lru *lru, struct mem_cgroup *memcg)
{
	return MAX(READ_ONCE(list_of(lru, memcg)->nr), 0L);
}

/* list_lru.h. => interrupts on; none of the lists' locks held */
void list_lru_reparent(struct mem_cgroup *memcg)
{
	for (unsigned int i = 0; i < nr_lrus; i++) {
		unsigned long flags = spin_lock_irqsave(lrus[i]->lock);
		struct list_lru_one *from = &memcg->lrus[i], *to = list_of(lrus[i], memcg->up);

		list_splice_tail_init(&from->list, &to->list);
		to->nr += from->nr;
		from->nr = 0;
		spin_unlock_irqrestore(lrus[i]->lock, flags);
	}
}
