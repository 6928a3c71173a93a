/*
 * vmalloc.c - the kernel's mapped areas: big tables, devices' registers.
 *
 * Idea:   areas lie one after the other from VMALLOC_BASE, each followed by a
 *         page that is never mapped, so that running over an end faults:
 *
 *            | area ....... |guard| area .. |guard|   hole   | area ... |guard|
 *
 *         A new area goes into the lowest hole that is large enough. Below
 *         first_hole there is none, so that a search does not begin at the
 *         bottom each time. Page tables of the region stay once they are made.
 * Locks:  LOCK_VMAP_ALLOC for the areas; entries belong to their area's owner.
 * Above:  kstack.c, drivers, whoever needs much.  Below: kernel/x86/paging.h, page_alloc.c.
 *         In Linux: mm/vmalloc.c.
 */
#include "mm/vmalloc.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/string.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/page.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/tlb.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define VMALLOC_END (VMALLOC_BASE + VMALLOC_SIZE)

/* Guard: vmap_lock for all but owns_pages (c). */
struct vmap_area {
	struct rb_node node;		/* by address */
	struct list_head list;		/* by address */
	unsigned long start, end;	/* end is behind the guard page */
	bool owns_pages;		/* c: they are freed with it */
};

static DEFINE_MUTEX(vmap_lock, LOCK_VMAP_ALLOC);
static struct rb_root areas;		/* vmap_lock */
static LIST_HEAD(area_list);		/* vmap_lock */
static unsigned long first_hole = VMALLOC_BASE;	/* vmap_lock: all below is taken */
static _Atomic long used_pages;		/* a: pages owned by areas */
static struct kmem_cache *area_cache;

void vmalloc_init(void)
{
	area_cache = kmem_cache_create("vmap_area", sizeof(struct vmap_area), 0, SLAB_PANIC, NULL);
}

unsigned long vmalloc_used_kb(void)
{
	return used_pages << (PAGE_SHIFT - 10);
}

/* --- areas: => vmap_lock held --- */

/* The last area that starts below @addr, or NULL. */
static struct vmap_area *last_below(unsigned long addr)
{
	struct rb_node *n = areas.rb_node;
	struct vmap_area *best = NULL;

	while (n) {
		struct vmap_area *a = rb_entry(n, struct vmap_area, node);

		if (a->start < addr) {
			best = a;
			n = n->rb_right;
		} else {
			n = n->rb_left;
		}
	}
	return best;
}

static void insert_area(struct vmap_area *area, struct list_head *after)
{
	struct rb_node **link = &areas.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = area->start < rb_entry(parent, struct vmap_area, node)->start
			       ? &parent->rb_left
			       : &parent->rb_right;
	}
	rb_link_node(&area->node, parent, link);
	rb_insert_color(&area->node, &areas);
	list_add(&area->list, after);
}

/* Gives @area the lowest place for @size bytes (guard included). */
static bool place_area(struct vmap_area *area, unsigned long size)
{
	struct vmap_area *prev = last_below(first_hole);
	struct list_head *after = prev ? &prev->list : &area_list;

	for (;;) {
		unsigned long start = after == &area_list ? VMALLOC_BASE
			: list_entry(after, struct vmap_area, list)->end;
		unsigned long limit = list_is_last(after, &area_list) ? VMALLOC_END
			: list_entry(after->next, struct vmap_area, list)->start;

		if (limit - start >= size) {
			area->start = start;
			area->end = start + size;
			if (start == first_hole)
				first_hole = area->end;
			insert_area(area, after);
			return true;
		}
		if (limit == VMALLOC_END)
			return false;
		if (start == first_hole && limit == start)	/* no hole at all */
			first_hole = list_entry(after->next, struct vmap_area, list)->end;
		after = after->next;
	}
}

/* --- with the lock taken inside --- */

static struct vmap_area *alloc_area(unsigned long size, bool owns_pages)
{
	struct vmap_area *area;
	bool ok;

	if (!size || size > VMALLOC_SIZE / 2)
		return NULL;
	area = kmem_cache_alloc(area_cache, GFP_KERNEL);
	if (!area)
		return NULL;
	area->owns_pages = owns_pages;
	mutex_lock(&vmap_lock);
	ok = place_area(area, PAGE_ALIGN(size) + PAGE_SIZE);
	mutex_unlock(&vmap_lock);
	if (ok)
		return area;
	kmem_cache_free(area_cache, area);
	return NULL;
}

static void free_area(struct vmap_area *area)
{
	mutex_lock(&vmap_lock);
	rb_erase(&area->node, &areas);
	list_del(&area->list);
	first_hole = MIN(first_hole, area->start);
	mutex_unlock(&vmap_lock);
	kmem_cache_free(area_cache, area);
}

static struct vmap_area *find_area(unsigned long addr)
{
	struct vmap_area *area;

	mutex_lock(&vmap_lock);
	area = last_below(addr + 1);
	mutex_unlock(&vmap_lock);
	return area && addr < area->end ? area : NULL;
}

/*
 * Takes the mapping of @area away; pages that are its own go onto @pages. The TLBs still know
 * them.
 */
static void unmap_area(struct vmap_area *area, struct list_head *pages)
{
	for (unsigned long va = area->start; va < area->end - PAGE_SIZE; va += PAGE_SIZE) {
		phys_addr_t phys = unmap_kernel_page(va);

		if (area->owns_pages && phys)
			list_add(&pfn_to_page(phys >> PAGE_SHIFT)->lru, pages);
	}
}

/* => no TLB knows them */
static void free_area_pages(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		atomic_fetch_sub(&used_pages, 1);
		if (unlikely(page->memcg))
			mem_cgroup_count_vmalloc(page, -1);
		__free_page(page);
	}
}

/* @n areas at once: one round of interrupts makes the CPUs forget them all. */
static void remove_areas(struct vmap_area **list, unsigned int n)
{
	unsigned long start = ~0UL, end = 0;
	LIST_HEAD(pages);

	for (unsigned int i = 0; i < n; i++) {
		unmap_area(list[i], &pages);
		start = MIN(start, list[i]->start);
		end = MAX(end, list[i]->end - PAGE_SIZE);
	}
	flush_tlb_kernel_range(start, end);
	free_area_pages(&pages);
	for (unsigned int i = 0; i < n; i++)
		free_area(list[i]);
}

static void remove_area(struct vmap_area *area)
{
	remove_areas(&area, 1);
}

/* --- vmalloc --- */

static bool fill_area(struct vmap_area *area, gfp_t gfp)
{
	for (unsigned long va = area->start; va < area->end - PAGE_SIZE; va += PAGE_SIZE) {
		struct page *page = alloc_page(gfp);

		if (!page)
			return false;
		if (map_kernel_page(va, page_to_phys(page), PAGE_KERNEL)) {
			__free_page(page);
			return false;
		}
		atomic_fetch_add(&used_pages, 1);
		if (unlikely(page->memcg))
			mem_cgroup_count_vmalloc(page, 1);
		cond_resched();
	}
	return true;
}

void *vmalloc_gfp(unsigned long size, gfp_t gfp)
{
	struct vmap_area *area;

	/* never: refuse before half the memory is gone */
	if (size >> PAGE_SHIFT > totalram_pages())
		return NULL;
	area = alloc_area(size, true);
	if (!area)
		return NULL;
	if (fill_area(area, gfp))
		return (void *)area->start;
	remove_area(area);
	return NULL;
}

void *vmalloc(unsigned long size)
{
	return vmalloc_gfp(size, GFP_KERNEL | __GFP_HIGHMEM);
}

void *vzalloc(unsigned long size)
{
	return vmalloc_gfp(size, GFP_KERNEL | __GFP_HIGHMEM | __GFP_ZERO);
}

void vfree_many(void *const *addrs, unsigned int n)
{
	struct vmap_area *areas_of[VFREE_BATCH];
	unsigned int found = 0;

	BUG_ON(n > VFREE_BATCH);
	for (unsigned int i = 0; i < n; i++) {
		unsigned long addr = (unsigned long)addrs[i];
		struct vmap_area *area = find_area(addr);

		if (!WARN(!area || area->start != addr, "vfree of %px, which is no area\n",
			  addrs[i]))
			areas_of[found++] = area;
	}
	remove_areas(areas_of, found);
}

void vfree(const void *addr)
{
	if (addr)
		vfree_many((void *const *)&addr, 1);
}

/* Areas to be freed, each linked by its first word. */
struct freed_area { struct freed_area *next; };
static _Atomic(struct freed_area *) freed_areas;	/* a */

static void vfree_deferred(struct work_struct *work)
{
	struct freed_area *area = atomic_exchange(&freed_areas, NULL), *next;

	for (; area; area = next) {
		next = area->next;
		vfree(area);
	}
}
static struct work_struct vfree_work = WORK_INIT(vfree_work, vfree_deferred);

void vfree_atomic(void *addr)
{
	struct freed_area *area = addr;

	area->next = atomic_load(&freed_areas);
	while (!atomic_compare_exchange_weak(&freed_areas, &area->next, area))
		;
	schedule_work(&vfree_work);
}

struct page *vmalloc_to_page(const void *addr)
{
	phys_addr_t phys;

	return kernel_va_to_phys((unsigned long)addr, &phys) ? pfn_to_page(phys >> PAGE_SHIFT)
							     : NULL;
}

/* --- other people's memory --- */

static void *map_phys(phys_addr_t phys, unsigned long size, u64 prot)
{
	phys_addr_t first = phys & PAGE_MASK;
	unsigned long bytes = PAGE_ALIGN(phys + size) - first;
	struct vmap_area *area = alloc_area(bytes, false);

	if (!area)
		return NULL;
	if (map_kernel_range(area->start, first, bytes, prot)) {
		remove_area(area);
		return NULL;
	}
	return (void *)(area->start + (phys - first));
}

void *ioremap(phys_addr_t phys, unsigned long size)
{
	return map_phys(phys, size, PAGE_KERNEL_NOCACHE);
}

void *memremap(phys_addr_t phys, unsigned long size)
{
	if (phys + size <= (phys_addr_t)max_low_pfn << PAGE_SHIFT)
		return phys_to_virt(phys);
	return map_phys(phys, size, PAGE_KERNEL);
}

void iounmap(void *addr)
{
	struct vmap_area *area;

	if (!addr || !is_vmalloc_addr(addr))
		return;
	area = find_area((unsigned long)addr);
	if (!WARN(!area || area->owns_pages, "iounmap of %px, which is no such area\n", addr))
		remove_area(area);
}

void memunmap(void *addr)
{
	iounmap(addr);
}
