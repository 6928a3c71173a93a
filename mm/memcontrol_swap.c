/*
 * memcontrol_swap.c - swap slots of a group: memory.swap.max, and whom a slot belongs to.
 *
 * Idea:   a slot is charged to the page's group when it is given out, and stays so until it
 *         is free again, whether its page is in memory meanwhile or not. The area's map keeps
 *         two bytes a slot for it (swap_info_struct.memcg_ids): too few for a pointer,
 *         so a group has an id, which it keeps after rmdir as long as one slot is
 *         its own:
 *
 *            slot ──id──> ids[] ──> mem_cgroup: swap counter, and who pays
 *                                   when the page comes back (mem_cgroup_swapin_charge)
 * Locks:  ids[] is written under cgroup_mutex (a new id) or by the last who drops one; a reader
 *         is inside rcu_read_lock(), or holds a slot of the group.
 * Above:  swapfile.c, swap_state.c, workingset.c (shadows hold ids, too).
 * Below:  page_counter.c.   In Linux: mm/memcontrol.c, mm/swap_cgroup.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/rcu.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define IDS_A_TABLE (PAGE_SIZE / sizeof(struct mem_cgroup *))

/* c once made: tables of groups by id, each a page; id 0 is the root's */
static struct mem_cgroup **tables[MEMCG_ID_MAX / IDS_A_TABLE];
static unsigned int last_id;			/* cgroup_mutex */

static struct mem_cgroup **id_slot(unsigned int id)
{
	struct mem_cgroup **table = READ_ONCE(tables[id / IDS_A_TABLE]);

	return table ? &table[id % IDS_A_TABLE] : NULL;
}

struct mem_cgroup *mem_cgroup_from_id(u16 id)
{
	struct mem_cgroup **slot = id_slot(id);

	return slot ? READ_ONCE(*slot) : NULL;
}

/*
 * mem_cgroup_alloc_id: @memcg can have slots from now on. The ids go round, so that one that old
 * shadows still name is not given out again soon; among twice as many as there are groups, so that
 * the tables, which stay, are as many as groups once needed.
 */
int mem_cgroup_alloc_id(struct mem_cgroup *memcg)
{
	unsigned int ids = MIN(ALIGN_UP(2U * (memcg_groups + 1), IDS_A_TABLE), MEMCG_ID_MAX);

	for (unsigned int tried = 0; tried < ids; tried++) {
		unsigned int id = ++last_id % ids;
		struct mem_cgroup **slot;

		if (id == 0)
			continue;
		if (!tables[id / IDS_A_TABLE]) {
			void *table = get_zeroed_page(GFP_KERNEL);

			if (!table)
				return -ENOMEM;
			WRITE_ONCE(tables[id / IDS_A_TABLE], table);
		}
		slot = id_slot(id);
		if (READ_ONCE(*slot))
			continue;
		memcg->id = id;
		memcg->id_users = 1;
		css_get(&memcg->css);		/* the id's, for as long as it names something */
		WRITE_ONCE(*slot, memcg);
		return 0;
	}
	return -ENOSPC;
}

/* mem_cgroup_put_id: @n slots less (or, once, rmdir). Any context. */
void mem_cgroup_put_id(struct mem_cgroup *memcg, int n)
{
	if (atomic_fetch_sub(&memcg->id_users, n) != n)
		return;
	WRITE_ONCE(*id_slot(memcg->id), NULL);
	css_put(&memcg->css);
}

/* One slot more of @memcg, or of its nearest ancestor that has not been removed; NULL: the root. */
static struct mem_cgroup *get_id_online(struct mem_cgroup *memcg)
{
	for (; memcg; memcg = memcg->up) {
		int users = memcg->id_users;

		while (users > 0)
			if (atomic_compare_exchange_weak(&memcg->id_users, &users, users + 1))
				return memcg;
	}
	return NULL;
}

/* mem_cgroup_swap_failed: @page is to go out, and no slot is free. */
void mem_cgroup_swap_failed(struct page *page)
{
	if (page->memcg)
		memcg_memory_event(page->memcg, MEMCG_SWAP_FAIL);
}

/*
 * mem_cgroup_charge_swap: the fresh slot @entry is for @page.
 *
 * => the page is locked: nobody else gives it a slot. -ENOMEM: a group's swap.max is reached
 */
int mem_cgroup_charge_swap(struct page *page, swp_entry_t entry)
{
	struct mem_cgroup *memcg = page->memcg;
	struct page_counter *fail;

	if (likely(!memcg))
		return 0;
	memcg = get_id_online(memcg);
	if (!memcg)
		return 0;
	if (!page_counter_try_charge(&memcg->swap, 1, &fail)) {
		memcg_memory_event(memcg, MEMCG_SWAP_MAX);
		memcg_memory_event(memcg, MEMCG_SWAP_FAIL);
		mem_cgroup_put_id(memcg, 1);
		return -ENOMEM;
	}
	swap_slot_set_memcg(entry, memcg->id);
	return 0;
}

/* mem_cgroup_uncharge_swap: a slot of the group with this @id is free. Any context. */
void mem_cgroup_uncharge_swap(u16 id)
{
	struct mem_cgroup *memcg = mem_cgroup_from_id(id);

	BUG_ON(!memcg);			/* the slot has held the id until now */
	page_counter_uncharge(&memcg->swap, 1);
	mem_cgroup_put_id(memcg, 1);
}

/*
 * mem_cgroup_nr_swap_pages: slots that @memcg may still get: the machine's free ones, or what its
 * and its ancestors' swap.max leave. NULL: the root.
 */
long mem_cgroup_nr_swap_pages(struct mem_cgroup *memcg)
{
	long free = get_nr_swap_pages();

	if (mem_cgroup_is_root(memcg))
		return free;
	for (; memcg; memcg = memcg->up)
		free = MIN(free, (long)READ_ONCE(memcg->swap.max) -
				 (long)page_counter_read(&memcg->swap));
	return free;
}

/*
 * mem_cgroup_swap_full: swap_area_is_full() for @page: half of the machine's slots, or of its
 * group's, are in use.
 */
bool mem_cgroup_swap_full(struct page *page)
{
	if (swap_area_is_full())
		return true;
	if (unlikely(PageSwapCache(page) && page->memcg)) {
		for (struct mem_cgroup *memcg = page->memcg; memcg; memcg = memcg->up) {
			unsigned long usage = page_counter_read(&memcg->swap);

			if (usage * 2 >= READ_ONCE(memcg->swap.high) ||
			    usage * 2 >= READ_ONCE(memcg->swap.max))
				return true;
		}
	}
	return false;
}
