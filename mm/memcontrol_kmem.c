/*
 * memcontrol_kmem.c - the kernel's own memory, charged to the group it works for: page tables,
 *                     stacks, pipes (by the page), tasks, VMAs, files, names (by the object).
 *
 * Idea:   whoever allocates with __GFP_ACCOUNT, or from a cache with SLAB_ACCOUNT, on behalf
 *         of a process has it charged to that process' group. A page says whose it is
 *         in page->memcg_data, an object in a hidden pointer behind it: both
 *         name the group's obj_cgroup (obj_cgroup.c). Objects
 *         are smaller than the pages that counters count: a CPU keeps what is left of a
 *         page charged for the last one, and gives pages back when objects freed add up
 *         to them:
 *
 *            charge 712 bytes:  1 page - 712 = 3,384 to the stock
 *            the next 712:      from the stock
 *            …                  another group's turn: the rest goes to objcg->spare_bytes
 *
 *         At any time: pages charged for objects = bytes in objects + in stocks + spare.
 * Locks:  a CPU's stock: interrupts off.
 * Above:  page_alloc.c, slab.c, kstack.c, vmalloc.c.
 * Below:  memcontrol.c (try_charge), obj_cgroup.c.   In Linux: mm/memcontrol.c (obj_cgroup).
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/smp.h"
#include "mm/debug.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"

/* Bytes charged to @objcg that no object has. Guard: its CPU, interrupts off. */
struct object_stock {
	struct obj_cgroup *objcg;	/* a reference; NULL: empty */
	unsigned int bytes;
};
static DEFINE_PER_CPU(struct object_stock, object_stock);

/* current's with a reference; NULL: the root's, or nobody that could be charged. */
static struct obj_cgroup *get_obj_cgroup_from_current(void)
{
	struct obj_cgroup *objcg;

	if (in_interrupt() || !current->mm || (current->flags & PF_KTHREAD))
		return NULL;
	rcu_read_lock();
	objcg = get_obj_cgroup(READ_ONCE(current->mm->memcg));
	rcu_read_unlock();
	return objcg;
}

/* The group that @objcg stands for now, with a reference; NULL: the root. */
static struct mem_cgroup *get_mem_cgroup_from_objcg(struct obj_cgroup *objcg)
{
	struct mem_cgroup *memcg;

	rcu_read_lock();
	do {	/* Removed, and freed, between the two steps: look again. */
		memcg = READ_ONCE(objcg->memcg);
	} while (memcg && !css_tryget(&memcg->css));
	rcu_read_unlock();
	return memcg;
}

/* --- pages --- */

/* May sleep as @gfp says. 0, -ENOMEM */
static int charge_pages(struct obj_cgroup *objcg, gfp_t gfp, unsigned int nr)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_objcg(objcg);
	int error;

	if (unlikely(!memcg))
		return 0;
	error = try_charge_memcg(memcg, gfp, nr);
	if (!error)
		mod_memcg_kmem(memcg, nr);
	css_put(&memcg->css);
	return error;
}

/* Any context. A group that is removed meanwhile is not freed before the end of it. */
static void uncharge_pages(struct obj_cgroup *objcg, unsigned long nr)
{
	struct mem_cgroup *memcg;

	rcu_read_lock();
	memcg = READ_ONCE(objcg->memcg);
	if (likely(memcg)) {
		mod_memcg_kmem(memcg, -(long)nr);
		page_counter_uncharge(&memcg->memory, nr);
	}
	rcu_read_unlock();
}

static void mod_objcg_state(struct obj_cgroup *objcg, int nid, enum node_stat_item item, long delta)
{
	rcu_read_lock();
	mod_memcg_node_state(READ_ONCE(objcg->memcg), nid, item, delta);
	rcu_read_unlock();
}

/*
 * mem_cgroup_charge_kmem_page: a fresh block of the kernel's is charged to current's group.
 *
 * => where __GFP_ACCOUNT was asked for and there are groups. 0, -ENOMEM
 */
int mem_cgroup_charge_kmem_page(struct page *page, gfp_t gfp, unsigned int order)
{
	struct obj_cgroup *objcg = get_obj_cgroup_from_current();
	int error;

	if (!objcg)
		return 0;
	error = charge_pages(objcg, gfp, 1U << order);
	if (error)
		obj_cgroup_put(objcg);
	else
		WRITE_ONCE(page->memcg_data, (unsigned long)objcg | MEMCG_DATA_KMEM);
	return error;
}

/* mem_cgroup_free_page: a block that still has a group goes back to the allocator. */
void mem_cgroup_free_page(struct page *page, unsigned int order)
{
	struct obj_cgroup *objcg;

	if (!page_is_kmem(page)) {	/* a user's, freed past put_page() */
		VM_BUG_ON_PAGE(order, page);
		mem_cgroup_uncharge(page);
		return;
	}
	objcg = (struct obj_cgroup *)(page->memcg_data - MEMCG_DATA_KMEM);
	page->memcg_data = 0;
	uncharge_pages(objcg, 1UL << order);
	obj_cgroup_put(objcg);
}

/* mem_cgroup_charge_stack: @pages of a kernel stack, for current. *@owner: whom; NULL: nobody. */
int mem_cgroup_charge_stack(struct obj_cgroup **owner, unsigned int pages, int nid)
{
	struct obj_cgroup *objcg;
	int error;

	*owner = NULL;
	if (likely(!memcg_groups))
		return 0;
	objcg = get_obj_cgroup_from_current();
	if (!objcg)
		return 0;
	error = charge_pages(objcg, GFP_KERNEL, pages);
	if (error) {
		obj_cgroup_put(objcg);
		return error;
	}
	mod_objcg_state(objcg, nid, NR_KERNEL_STACK_KB, (long)pages << (PAGE_SHIFT - 10));
	*owner = objcg;
	return 0;
}

/* mem_cgroup_uncharge_stack: undoes it. Any context. */
void mem_cgroup_uncharge_stack(struct obj_cgroup *objcg, unsigned int pages, int nid)
{
	if (likely(!objcg))
		return;
	mod_objcg_state(objcg, nid, NR_KERNEL_STACK_KB, -((long)pages << (PAGE_SHIFT - 10)));
	uncharge_pages(objcg, pages);
	obj_cgroup_put(objcg);
}

/* mem_cgroup_count_vmalloc: @page joins (@pages 1) or leaves (-1) a vmalloc area. */
void mem_cgroup_count_vmalloc(struct page *page, long pages)
{
	rcu_read_lock();
	for (struct mem_cgroup *memcg = page_memcg(page); memcg; memcg = memcg->up)
		memcg->vmalloc_pages += pages;
	rcu_read_unlock();
}

/* --- objects --- */

/* @bytes of @objcg's that nobody has: whole pages of them are uncharged. */
static void add_spare_bytes(struct obj_cgroup *objcg, unsigned long bytes)
{
	unsigned long old = objcg->spare_bytes;

	while (!atomic_compare_exchange_weak(&objcg->spare_bytes, &old,
					     (old + bytes) % PAGE_SIZE))
		;
	if (old + bytes >= PAGE_SIZE)
		uncharge_pages(objcg, (old + bytes) / PAGE_SIZE);
}

/* Empties this CPU's stock. => interrupts off */
static void drain_objects(struct object_stock *stock)
{
	struct obj_cgroup *objcg = stock->objcg;

	if (!objcg)
		return;
	if (stock->bytes)
		add_spare_bytes(objcg, stock->bytes);
	stock->bytes = 0;
	stock->objcg = NULL;
	obj_cgroup_put(objcg);
}

void mem_cgroup_drain_objects(struct mem_cgroup *root)
{
	struct object_stock *stock = this_cpu_ptr(object_stock);

	if (stock->objcg && mem_cgroup_is_descendant(READ_ONCE(stock->objcg->memcg), root))
		drain_objects(stock);
}

/* @bytes of @objcg's into this CPU's stock; whole pages of it are uncharged if @uncharge. */
static void refill_objects(struct obj_cgroup *objcg, unsigned int bytes, bool uncharge)
{
	unsigned long flags = local_irq_save(), pages = 0;
	struct object_stock *stock = this_cpu_ptr(object_stock);

	if (stock->objcg != objcg) {
		drain_objects(stock);
		obj_cgroup_get(objcg);
		stock->objcg = objcg;
		/* What is spare here and there adds up. */
		stock->bytes = atomic_exchange(&objcg->spare_bytes, 0);
		uncharge = true;
	}
	stock->bytes += bytes;
	if (uncharge && stock->bytes > PAGE_SIZE) {
		pages = stock->bytes / PAGE_SIZE;
		stock->bytes %= PAGE_SIZE;
	}
	local_irq_restore(flags);
	if (pages)
		uncharge_pages(objcg, pages);
}

static bool consume_objects(struct obj_cgroup *objcg, unsigned int bytes)
{
	unsigned long flags = local_irq_save();
	struct object_stock *stock = this_cpu_ptr(object_stock);
	bool got = stock->objcg == objcg && stock->bytes >= bytes;

	if (got)
		stock->bytes -= bytes;
	local_irq_restore(flags);
	return got;
}

/*
 * mem_cgroup_charge_object: @size bytes of a slab on node @nid for current's group. *@owner: whom;
 * NULL: nobody.
 *
 * => where there are groups. May sleep as @gfp says. False: the group is at its limit
 */
bool mem_cgroup_charge_object(struct obj_cgroup **owner, unsigned int size, gfp_t gfp, int nid,
			      enum node_stat_item item)
{
	struct obj_cgroup *objcg = get_obj_cgroup_from_current();

	*owner = NULL;
	if (!objcg)
		return true;
	if (!consume_objects(objcg, size)) {
		unsigned int pages = DIV_ROUND_UP(size, PAGE_SIZE);

		if (charge_pages(objcg, gfp, pages)) {
			obj_cgroup_put(objcg);
			return false;
		}
		if (pages * PAGE_SIZE > size)
			refill_objects(objcg, pages * PAGE_SIZE - size, false);
	}
	mod_objcg_state(objcg, nid, item, size);
	*owner = objcg;
	return true;
}

/* mem_cgroup_uncharge_object: undoes it. Any context. */
void mem_cgroup_uncharge_object(struct obj_cgroup *objcg, unsigned int size, int nid,
				enum node_stat_item item)
{
	mod_objcg_state(objcg, nid, item, -(long)size);
	refill_objects(objcg, size, true);
	obj_cgroup_put(objcg);
}
