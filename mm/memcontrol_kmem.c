/*
 * memcontrol_kmem.c - the kernel's own memory, charged to the group it works for: page tables,
 *                     stacks, pipes (by the page), tasks, VMAs, files, names (by the object).
 *
 * Idea:   whoever allocates with __GFP_ACCOUNT, or from a cache with SLAB_ACCOUNT, on behalf
 *         of a process has it charged to that process' group. A page says whose it is
 *         in page->memcg, with PG_kmemcg; an object in a hidden pointer behind it. Objects
 *         are smaller than the pages that counters count: a CPU keeps what is left of a
 *         page charged for the last one, and gives pages back when objects freed add up
 *         to them:
 *
 *            charge 712 bytes:  1 page - 712 = 3,384 to the stock
 *            the next 712:      from the stock
 *            …                  another group's turn: the rest goes to memcg->spare_bytes
 *
 *         At any time: pages charged for objects = bytes in objects + in stocks + spare.
 * Locks:  a CPU's stock: interrupts off.
 * Above:  page_alloc.c, slab.c, kstack.c, vmalloc.c.
 * Below:  memcontrol.c (try_charge).   In Linux: mm/memcontrol.c (obj_cgroup).
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

/* Bytes charged to @memcg that no object has. Guard: its CPU, interrupts off. */
struct object_stock {
	struct mem_cgroup *memcg;	/* a reference; NULL: empty */
	unsigned int bytes;
};
static DEFINE_PER_CPU(struct object_stock, object_stock);

/* current's group with a reference; NULL: the root, or nobody that could be charged. */
static struct mem_cgroup *get_current_memcg(void)
{
	struct mem_cgroup *memcg;

	if (in_interrupt() || !current->mm || (current->flags & PF_KTHREAD))
		return NULL;
	rcu_read_lock();
	do {
		memcg = READ_ONCE(current->mm->memcg);
	} while (memcg && !css_tryget(&memcg->css));
	rcu_read_unlock();
	return memcg;
}

/* --- pages --- */

static int charge_pages(struct mem_cgroup *memcg, gfp_t gfp, unsigned int nr)
{
	int error = try_charge_memcg(memcg, gfp, nr);

	if (!error)
		mod_memcg_kmem(memcg, nr);
	return error;
}

static void uncharge_pages(struct mem_cgroup *memcg, unsigned long nr)
{
	mod_memcg_kmem(memcg, -(long)nr);
	page_counter_uncharge(&memcg->memory, nr);
}

/*
 * mem_cgroup_charge_kmem_page: a fresh block of the kernel's is charged to current's group.
 *
 * => where __GFP_ACCOUNT was asked for and there are groups. 0, -ENOMEM
 */
int mem_cgroup_charge_kmem_page(struct page *page, gfp_t gfp, unsigned int order)
{
	struct mem_cgroup *memcg = get_current_memcg();
	int error;

	if (!memcg)
		return 0;
	error = charge_pages(memcg, gfp, 1U << order);
	if (error) {
		css_put(&memcg->css);
		return error;
	}
	page->memcg = memcg;
	page_set(page, PG_kmemcg);
	return 0;
}

/* mem_cgroup_free_page: a block that still has a group goes back to the allocator. */
void mem_cgroup_free_page(struct page *page, unsigned int order)
{
	struct mem_cgroup *memcg = page->memcg;

	if (!page_test(page, PG_kmemcg)) {	/* a user's, freed past put_page() */
		VM_BUG_ON_PAGE(order, page);
		mem_cgroup_uncharge(page);
		return;
	}
	uncharge_pages(memcg, 1UL << order);
	page->memcg = NULL;
	page_clear(page, PG_kmemcg);
	css_put(&memcg->css);
}

/* mem_cgroup_charge_stack: @pages of a kernel stack, for current. *@owner: whom; NULL: nobody. */
int mem_cgroup_charge_stack(struct mem_cgroup **owner, unsigned int pages, int nid)
{
	struct mem_cgroup *memcg;
	int error = 0;

	*owner = NULL;
	if (likely(!memcg_groups))
		return 0;
	memcg = get_current_memcg();
	if (memcg)
		error = charge_pages(memcg, GFP_KERNEL, pages);
	if (error) {
		css_put(&memcg->css);
		return error;
	}
	if (memcg)
		mod_memcg_node_state(memcg, nid, NR_KERNEL_STACK_KB,
				     (long)pages << (PAGE_SHIFT - 10));
	*owner = memcg;
	return 0;
}

/* mem_cgroup_uncharge_stack: undoes it. Any context. */
void mem_cgroup_uncharge_stack(struct mem_cgroup *memcg, unsigned int pages, int nid)
{
	if (likely(!memcg))
		return;
	mod_memcg_node_state(memcg, nid, NR_KERNEL_STACK_KB, -((long)pages << (PAGE_SHIFT - 10)));
	uncharge_pages(memcg, pages);
	css_put(&memcg->css);
}

/* mem_cgroup_count_vmalloc: @page joins (@pages 1) or leaves (-1) a vmalloc area. */
void mem_cgroup_count_vmalloc(struct page *page, long pages)
{
	for (struct mem_cgroup *memcg = page->memcg; memcg; memcg = memcg->up)
		memcg->vmalloc_pages += pages;
}

/* --- objects --- */

/* @bytes of @memcg's that nobody has: whole pages of them are uncharged. */
static void add_spare_bytes(struct mem_cgroup *memcg, unsigned long bytes)
{
	unsigned long old = memcg->spare_bytes;

	while (!atomic_compare_exchange_weak(&memcg->spare_bytes, &old,
					     (old + bytes) % PAGE_SIZE))
		;
	if (old + bytes >= PAGE_SIZE)
		uncharge_pages(memcg, (old + bytes) / PAGE_SIZE);
}

/* Empties this CPU's stock. => interrupts off */
static void drain_objects(struct object_stock *stock)
{
	struct mem_cgroup *memcg = stock->memcg;

	if (!memcg)
		return;
	if (stock->bytes)
		add_spare_bytes(memcg, stock->bytes);
	stock->bytes = 0;
	stock->memcg = NULL;
	css_put(&memcg->css);
}

void mem_cgroup_drain_objects(struct mem_cgroup *root)
{
	struct object_stock *stock = this_cpu_ptr(object_stock);

	if (stock->memcg && mem_cgroup_is_descendant(stock->memcg, root))
		drain_objects(stock);
}

/* @bytes of @memcg's into this CPU's stock; whole pages of it are uncharged if @uncharge. */
static void refill_objects(struct mem_cgroup *memcg, unsigned int bytes, bool uncharge)
{
	unsigned long flags = local_irq_save(), pages = 0;
	struct object_stock *stock = this_cpu_ptr(object_stock);

	/* A removed group's stocks have been emptied: one of them would keep it for ever. */
	if (unlikely(!(READ_ONCE(memcg->css.flags) & CSS_ONLINE))) {
		local_irq_restore(flags);
		add_spare_bytes(memcg, bytes);
		return;
	}
	if (stock->memcg != memcg) {
		drain_objects(stock);
		css_get(&memcg->css);
		stock->memcg = memcg;
		/* What is spare here and there adds up. */
		stock->bytes = atomic_exchange(&memcg->spare_bytes, 0);
		uncharge = true;
	}
	stock->bytes += bytes;
	if (uncharge && stock->bytes > PAGE_SIZE) {
		pages = stock->bytes / PAGE_SIZE;
		stock->bytes %= PAGE_SIZE;
	}
	local_irq_restore(flags);
	if (pages)
		uncharge_pages(memcg, pages);
}

static bool consume_objects(struct mem_cgroup *memcg, unsigned int bytes)
{
	unsigned long flags = local_irq_save();
	struct object_stock *stock = this_cpu_ptr(object_stock);
	bool got = stock->memcg == memcg && stock->bytes >= bytes;

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
bool mem_cgroup_charge_object(struct mem_cgroup **owner, unsigned int size, gfp_t gfp, int nid,
			      enum node_stat_item item)
{
	struct mem_cgroup *memcg = get_current_memcg();

	*owner = NULL;
	if (!memcg)
		return true;
	if (!consume_objects(memcg, size)) {
		unsigned int pages = DIV_ROUND_UP(size, PAGE_SIZE);

		if (charge_pages(memcg, gfp, pages)) {
			css_put(&memcg->css);
			return false;
		}
		if (pages * PAGE_SIZE > size)
			refill_objects(memcg, pages * PAGE_SIZE - size, false);
	}
	mod_memcg_node_state(memcg, nid, item, size);
	*owner = memcg;
	return true;
}

/* mem_cgroup_uncharge_object: undoes it. Any context. */
void mem_cgroup_uncharge_object(struct mem_cgroup *memcg, unsigned int size, int nid,
				enum node_stat_item item)
{
	mod_memcg_node_state(memcg, nid, item, -(long)size);
	refill_objects(memcg, size, true);
	css_put(&memcg->css);
}
