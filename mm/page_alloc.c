/*
 * page_alloc.c - the buddy allocator: lists of free blocks, and each CPU's stock.
 *
 * Idea:   a free block of order n is 2^n pages, aligned to its size. Freed, it
 *         joins its buddy (pfn ^ 2^n) if that is free as well, and so on:
 *
 *            order 2   |   A0   |   A1   |      A1 is free? then one of order 3
 *            order 3   |        A        |
 *
 *         Each 2 MiB pageblock has a migratetype and blocks are kept in lists by
 *         it, so that movable pages do not settle between unmovable ones. A type
 *         that runs out steals from another, the biggest block first.
 *         Single pages go through a small stock of each CPU (pcp), which needs
 *         no lock; it is filled and emptied a batch at a time.
 * Locks:  LOCK_ZONE, interrupts off. A pcp: its own CPU with interrupts off.
 * Above:  everybody.  Beside: page_slowpath.c when lists are low, watermark.c.
 *         In Linux: mm/page_alloc.c.
 */
#include "mm/page_alloc.h"

#include "kernel/lib/bitops.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/page.h"
#include "kernel/x86/smp.h"
#include "mm/cpuset.h"
#include "mm/debug.h"
#include "mm/highmem.h"
#include "mm/memcontrol.h"
#include "mm/page_alloc_internal.h"
#include "mm/trace.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

#define PAGE_POISON 0xaaaaaaaaaaaaaaaaUL	/* in every word of a free page: CHECKS */

/* --- small facts about a page --- */

void *page_address(const struct page *page)
{
	VM_BUG_ON_PAGE(page_is_highmem(page), page);
	return phys_to_virt(page_to_phys(page));
}

struct page *virt_to_page(const void *addr)
{
	VM_BUG_ON((unsigned long)addr < DIRECT_BASE ||
		  (unsigned long)addr >= DIRECT_BASE + (max_low_pfn << PAGE_SHIFT));
	return pfn_to_page(((unsigned long)addr - DIRECT_BASE) >> PAGE_SHIFT);
}

static inline u8 *pageblock_type(struct zone *zone, struct page *page)
{
	return &zone->pageblock_types[(page_to_pfn(page) >> PAGEBLOCK_ORDER) -
				      (zone->zone_start_pfn >> PAGEBLOCK_ORDER)];
}

/* The type of the 2 MiB that @page lies in. A hint unless zone->lock is held. */
enum migratetype get_pageblock_migratetype(struct page *page)
{
	return (enum migratetype)*pageblock_type(page_zone(page), page);
}

static inline void add_free_pages(struct zone *zone, long n)
{
	_Atomic long *count = &zone->vm_stat[NR_FREE_PAGES];

	/* Written under zone->lock only, so no locked instruction is needed. */
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void set_flags_relaxed(struct page *page, unsigned long flags)
{
	atomic_store_explicit(&page->flags, flags, memory_order_relaxed);
}
static inline unsigned long flags_relaxed(const struct page *page)
{
	return atomic_load_explicit(&page->flags, memory_order_relaxed);
}

/* --- blocks: => zone->lock held, all of them --- */

static void add_to_free_list(struct page *page, struct zone *zone, unsigned int order,
			     enum migratetype mt, bool tail)
{
	struct free_area *area = &zone->free_area[order];

	set_flags_relaxed(page, flags_relaxed(page) | PG_buddy);
	page->private = order;
	if (tail)
		list_add_tail(&page->lru, &area->free_list[mt]);
	else
		list_add(&page->lru, &area->free_list[mt]);
	area->nr_free++;
}

static void del_page_from_free_list(struct page *page, struct zone *zone, unsigned int order)
{
	VM_BUG_ON_PAGE(!page_test(page, PG_buddy) || page->private != order, page);
	list_del(&page->lru);
	set_flags_relaxed(page, flags_relaxed(page) & ~(unsigned long)PG_buddy);
	page->private = 0;
	zone->free_area[order].nr_free--;
}

/*
 * Is @buddy the first page of a free block of @order in the same zone as @page? It has a struct
 * page: mm_init.c.
 */
static inline bool page_is_buddy(const struct page *page, const struct page *buddy,
				 unsigned int order)
{
	unsigned long want = (flags_relaxed(page) & PG_SECTION_MASK) | PG_buddy;

	return (flags_relaxed(buddy) & (PG_SECTION_MASK | PG_buddy)) == want &&
	       buddy->private == order;
}

/* Would the block join once more if its buddy came free? Then it had better be used last. */
static bool buddy_merge_likely(struct page *page, unsigned long pfn, unsigned int order)
{
	unsigned long higher = pfn & ~(1UL << order), above;

	if (order >= MAX_ORDER - 2)
		return false;
	above = higher ^ (1UL << (order + 1));
	return page_is_buddy(page, page + (above - pfn), order + 1);
}

static void free_one_block(struct page *page, struct zone *zone, unsigned int order,
			   enum migratetype mt)
{
	unsigned long pfn = page_to_pfn(page);

	VM_BUG_ON_PAGE(pfn & ((1UL << order) - 1), page);
	VM_BUG_ON_PAGE(page_zone(page) != zone, page);
	for (; order < MAX_ORDER - 1; order++) {
		unsigned long buddy_pfn = pfn ^ (1UL << order);
		struct page *buddy = page + (buddy_pfn - pfn);

		if (!page_is_buddy(page, buddy, order))
			break;
		del_page_from_free_list(buddy, zone, order);
		page += (pfn & buddy_pfn) - pfn;
		pfn &= buddy_pfn;
	}
	add_to_free_list(page, zone, order, mt, buddy_merge_likely(page, pfn, order));
}

/* Of a block of order @high only the first 2^@low pages are wanted: the rest goes back. */
static void expand(struct zone *zone, struct page *page, unsigned int low, unsigned int high,
		   enum migratetype mt)
{
	while (high > low) {
		high--;
		add_to_free_list(page + (1UL << high), zone, high, mt, false);
	}
}

static struct page *rmqueue_smallest(struct zone *zone, unsigned int order, enum migratetype mt)
{
	for (unsigned int o = order; o < MAX_ORDER; o++) {
		struct page *page = list_first_entry_or_null(&zone->free_area[o].free_list[mt],
							     struct page, lru);

		if (!page)
			continue;
		del_page_from_free_list(page, zone, o);
		expand(zone, page, order, o, mt);
		return page;
	}
	return NULL;
}

/* Whom a type steals from, in order. */
static const u8 fallbacks[MIGRATE_PCPTYPES][2] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

/*
 * May a request of @order and @mt take the whole pageblock's free pages with it, not just the one
 * block?
 */
static bool can_steal_fallback(unsigned int order, enum migratetype mt)
{
	return order >= PAGEBLOCK_ORDER / 2 || mt != MIGRATE_MOVABLE;
}

/* The type to steal from at @order, or -1. */
static int find_suitable_fallback(struct free_area *area, unsigned int order, enum migratetype mt,
				  bool *steal)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fallbacks[0]); i++) {
		u8 from = fallbacks[mt][i];

		if (!list_empty(&area->free_list[from])) {
			*steal = can_steal_fallback(order, mt);
			return from;
		}
	}
	return -1;
}

/*
 * All free blocks of @page's pageblock go to @mt's lists. Returns their pages;
 * *@movable: pages in use there that could be moved away (those on the LRU).
 */
static unsigned long move_freepages_block(struct zone *zone, struct page *page, enum migratetype mt,
					  unsigned long *movable)
{
	unsigned long pfn = page_to_pfn(page) & ~(PAGEBLOCK_PAGES - 1), end = pfn + PAGEBLOCK_PAGES,
		      moved = 0;

	*movable = 0;
	pfn = MAX(pfn, zone->zone_start_pfn);
	end = MIN(end, zone->zone_start_pfn + zone->spanned_pages);
	while (pfn < end) {
		struct page *p = pfn_to_page(pfn);

		if (!page_test(p, PG_buddy)) {
			*movable += page_test(p, PG_lru);
			pfn++;
			continue;
		}
		list_move(&p->lru, &zone->free_area[p->private].free_list[mt]);
		moved += 1UL << p->private;
		pfn += 1UL << p->private;
	}
	return moved;
}

/*
 * @page of another type is about to serve @mt: the whole pageblock changes sides if most of it is
 * free or alike.
 * The caller looks in @mt's lists again, or (if nothing moved) takes the block as it is.
 */
static bool steal_suitable_fallback(struct zone *zone, struct page *page, enum migratetype mt,
				    bool whole)
{
	unsigned int order = page->private;
	enum migratetype old = get_pageblock_migratetype(page);
	unsigned long free, movable, alike;

	if (order >= PAGEBLOCK_ORDER) {
		for (unsigned long i = 0; i < 1UL << order; i += PAGEBLOCK_PAGES)
			*pageblock_type(zone, page + i) = mt;
		list_move(&page->lru, &zone->free_area[order].free_list[mt]);
		return true;
	}
	if (boost_watermark(zone))
		zone->boosted = true;
	if (!whole) {
		list_move(&page->lru, &zone->free_area[order].free_list[mt]);
		return true;
	}
	free = move_freepages_block(zone, page, mt, &movable);
	if (mt == MIGRATE_MOVABLE)
		alike = movable;
	else	/* unmovable and reclaimable mix, movable ones are strangers */
		alike = old == MIGRATE_MOVABLE
				? PAGEBLOCK_PAGES - MIN(free + movable, PAGEBLOCK_PAGES)
				: 0;
	if (free + alike >= PAGEBLOCK_PAGES / 2)
		*pageblock_type(zone, page) = mt;
	return true;
}

/* The first block of @from's at order @o serves a request of @order for @mt. */
static bool steal_from(struct zone *zone, unsigned int order, unsigned int o, enum migratetype mt,
		       int from, bool whole)
{
	struct page *page =
		list_first_entry(&zone->free_area[o].free_list[from], struct page, lru);
	bool stolen = steal_suitable_fallback(zone, page, mt, whole);

	TRACE(mm_page_alloc_extfrag, .pfn = page_to_pfn(page), .alloc_order = order,
	      .fallback_order = o, .alloc_migratetype = mt, .fallback_migratetype = from,
	      .change_ownership = get_pageblock_migratetype(page) == mt);
	return stolen;
}

/*
 * Steals for @mt. Whoever takes the pageblock over wants the biggest block;
 * movable requests, which take one block only, the smallest that does.
 */
static bool rmqueue_fallback(struct zone *zone, unsigned int order, enum migratetype mt)
{
	bool steal = false;
	int from;

	for (int o = MAX_ORDER - 1; o >= (int)order; o--) {
		from = find_suitable_fallback(&zone->free_area[o], o, mt, &steal);
		if (from < 0)
			continue;
		if (!steal && mt == MIGRATE_MOVABLE && o > (int)order)
			break;
		return steal_from(zone, order, o, mt, from, steal);
	}
	for (unsigned int o = order; o < MAX_ORDER; o++) {
		from = find_suitable_fallback(&zone->free_area[o], o, mt, &steal);
		if (from >= 0)
			return steal_from(zone, order, o, mt, from, steal);
	}
	return false;
}

static struct page *rmqueue_block(struct zone *zone, unsigned int order, enum migratetype mt)
{
	struct page *page;

	do {
		page = rmqueue_smallest(zone, order, mt);
	} while (!page && rmqueue_fallback(zone, order, mt));
	return page;
}

/* --- the CPUs' stocks: => interrupts off --- */

/*
 * The order to take next of @want single pages: the smallest free block, whole or as much of it as
 * is
 * wanted. Page by page would yield the same pages, but split the block and list its pieces each
 * time.
 */
static unsigned int bulk_order(struct zone *zone, int want, enum migratetype mt)
{
	for (unsigned int o = 0; o < MAX_ORDER; o++)
		if (!list_empty(&zone->free_area[o].free_list[mt]))
			return MIN(o, (unsigned int)ilog2(want));
	return 0;	/* to be stolen */
}

/* Up to @want single pages from the blocks to the end of @list; how many. */
static __noinline int rmqueue_bulk(struct zone *zone, int want, struct list_head *list,
				   enum migratetype mt)
{
	int got = 0;

	spin_lock(&zone->lock);
	while (got < want) {
		unsigned int order = bulk_order(zone, want - got, mt);
		struct page *page = rmqueue_block(zone, order, mt);

		if (!page)
			break;
		TRACE(mm_page_alloc_zone_locked, .pfn = page_to_pfn(page), .order = order,
		      .migratetype = mt, .percpu_refill = 1);
		for (unsigned int i = 0; i < 1U << order; i++)
			list_add_tail(&page[i].lru, list);
		got += 1 << order;
	}
	add_free_pages(zone, -got);
	spin_unlock(&zone->lock);
	return got;
}

/* @n pages of @pcp, the coldest of each list in turn, back to the blocks. */
static __noinline void free_pcppages_bulk(struct zone *zone, struct per_cpu_pages *pcp, int n)
{
	unsigned int which = 0;

	n = MIN(n, pcp->count);
	pcp->count -= n;
	spin_lock(&zone->lock);
	add_free_pages(zone, n);
	while (n) {
		struct list_head *list = &pcp->lists[which];
		struct page *page;

		which = which + 1 < MIGRATE_PCPTYPES ? which + 1 : 0;
		if (list_empty(list))
			continue;
		page = list_last_entry(list, struct page, lru);
		list_unlink_entry(&page->lru);
		TRACE(mm_page_pcpu_drain, .pfn = page_to_pfn(page),
		      .migratetype = *pageblock_type(zone, page));
		free_one_block(page, zone, 0, (enum migratetype)*pageblock_type(zone, page));
		n--;
	}
	spin_unlock(&zone->lock);
}

void drain_local_pages(void *unused)
{
	unsigned long flags = local_irq_save();
	struct zone *zone;

	for_each_populated_zone(zone) {
		struct per_cpu_pages *pcp = &zone->pcp[smp_processor_id()];

		if (pcp->count)
			free_pcppages_bulk(zone, pcp, pcp->count);
	}
	local_irq_restore(flags);
}

void drain_all_pages(void)
{
	struct zone *zone;
	u64 mask = 0;
	int cpu;

	for_each_populated_zone(zone)
		for_each_online_cpu(cpu)
			if (READ_ONCE(zone->pcp[cpu].count))
				mask |= 1UL << cpu;
	if (mask == 1UL << smp_processor_id())
		drain_local_pages(NULL);
	else if (mask)
		on_each_cpu_mask(mask, drain_local_pages, NULL);
}

/* --- allocating --- */

static __noinline struct page *rmqueue_buddy(struct zone *zone, unsigned int order,
					     enum migratetype mt)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	struct page *page = rmqueue_block(zone, order, mt);

	if (page) {
		add_free_pages(zone, -(1L << order));
		TRACE(mm_page_alloc_zone_locked, .pfn = page_to_pfn(page), .order = order,
		      .migratetype = mt);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

static inline struct page *rmqueue_pcp(struct zone *zone, enum migratetype mt)
{
	unsigned long flags = local_irq_save();
	struct per_cpu_pages *pcp = &zone->pcp[smp_processor_id()];
	struct list_head *list = &pcp->lists[mt];
	struct page *page = NULL;

	if (unlikely(list_empty(list)))
		pcp->count += rmqueue_bulk(zone, pcp->batch, list, mt);
	if (likely(!list_empty(list))) {
		page = list_first_entry(list, struct page, lru);
		list_unlink_entry(&page->lru);
		pcp->count--;
	}
	local_irq_restore(flags);
	return page;
}

static void check_page_poison(struct page *page)
{
	unsigned long *p, bad = 0;

	if (!page_test(page, PG_poisoned))
		return;
	p = kmap_local_page(page);
	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*p) && !bad; i++)
		bad = p[i] ^ PAGE_POISON;
	kunmap_local(p);
	if (bad) {
		dump_page(page, "pagealloc: a free page was written to");
		BUG();
	}
	page_clear(page, PG_poisoned);
}

static void poison_page(struct page *page)
{
	unsigned long *p = kmap_local_page(page);

	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*p); i++)
		p[i] = PAGE_POISON;
	kunmap_local(p);
	page_set(page, PG_poisoned);
}

static __noinline void prep_block(struct page *page, unsigned int order, gfp_t gfp)
{
	for (unsigned long i = 1; i < 1UL << order; i++) {
		page[i].mapping = NULL;
		page[i].private = 0;
		atomic_store_explicit(&page[i]._mapcount, -1, memory_order_relaxed);
		atomic_store_explicit(&page[i]._refcount, 0, memory_order_relaxed);
		if (gfp & __GFP_ZERO)
			clear_highpage(page + i);
	}
	if (gfp & __GFP_COMP) {
		page_set(page, PG_head);
		page[1].private = order;
	}
}

/*
 * What every user of a fresh page may rely on: refcount 1, not mapped, no flags, no mapping,
 * private 0.
 */
static inline void prep_new_page(struct page *page, unsigned int order, gfp_t gfp)
{
	VM_BUG_ON_PAGE(page_test(page, PAGE_FLAGS_CHECK_AT_FREE), page);
	if (CHECKS)
		for (unsigned long i = 0; i < 1UL << order; i++)
			check_page_poison(page + i);
	page->mapping = NULL;
	page->private = 0;
	page->memcg = NULL;
	atomic_store_explicit(&page->_mapcount, -1, memory_order_relaxed);
	atomic_store_explicit(&page->_refcount, 1, memory_order_relaxed);
	if (gfp & __GFP_ZERO)
		clear_highpage(page);
	if (unlikely(order))
		prep_block(page, order, gfp);
}

static __noinline void wake_boosted(struct zone *zone)
{
	zone->boosted = false;
	wakeup_kswapd(zone, 0, 0, zone_idx(zone));
}

/* Enough in @zone for this? The common case in a few instructions. */
static inline bool zone_watermark_fast(struct zone *zone, unsigned int order,
				       unsigned int alloc_flags, gfp_t gfp,
				       const struct alloc_context *ac)
{
	unsigned long mark = wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK);
	long free = atomic_load_explicit(&zone->vm_stat[NR_FREE_PAGES], memory_order_relaxed);

	if (likely(!order && free > (long)mark + zone->lowmem_reserve[ac->highest_zoneidx]))
		return true;
	if (zone_watermark_ok_free(zone, order, mark, ac->highest_zoneidx, alloc_flags, free))
		return true;
	/* A boost is no reason to refuse what cannot wait. */
	if (!order && (gfp & __GFP_ATOMIC) && zone->watermark_boost &&
	    (alloc_flags & ALLOC_WMARK_MASK) == WMARK_MIN)
		return zone_watermark_ok_free(zone, order, zone->watermark[WMARK_MIN],
					      ac->highest_zoneidx, alloc_flags, free);
	return false;
}

/* May @zone's node serve the request at all? (Its cpuset is another question.) */
static inline bool node_may_serve(const struct zone *zone, gfp_t gfp,
				  const struct alloc_context *ac)
{
	if (unlikely(ac->nodemask) && !node_isset(zone->node, *ac->nodemask))
		return false;
	return likely(!(gfp & __GFP_THISNODE)) || zone->zone_pgdat == ac->pgdat;
}

/*
 * get_page_from_freelist: the first zone that may serve the request and has
 * enough gives a page, prepared for use. NULL: none has. Never sleeps.
 */
struct page *get_page_from_freelist(gfp_t gfp, unsigned int order, unsigned int alloc_flags,
				    const struct alloc_context *ac)
{
	struct zone *preferred = NULL;

	for (struct zoneref *z = ac->pgdat->zonelist; z->zone; z++) {
		struct zone *zone = z->zone;
		struct page *page;

		if (z->zone_idx > (int)ac->highest_zoneidx || !node_may_serve(zone, gfp, ac))
			continue;
		if (!preferred)
			preferred = zone;
		if ((alloc_flags & ALLOC_CPUSET) && !cpuset_node_allowed(zone->node, gfp))
			continue;
		if (!(alloc_flags & ALLOC_NO_WATERMARKS) &&
		    !zone_watermark_fast(zone, order, alloc_flags, gfp, ac))
			continue;
		page = likely(!order) ? rmqueue_pcp(zone, ac->migratetype)
				      : rmqueue_buddy(zone, order, ac->migratetype);
		if (unlikely(zone->boosted) && (alloc_flags & ALLOC_KSWAPD))
			wake_boosted(zone);
		if (likely(page)) {
			count_vm_events(PGALLOC_DMA + z->zone_idx, 1L << order);
			zone_statistics(preferred, zone, order);
			prep_new_page(page, order, gfp);
			return page;
		}
	}
	return NULL;
}

enum zone_type gfp_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return ZONE_DMA;
	if (!(gfp & __GFP_HIGHMEM))
		return ZONE_NORMAL;
	return gfp & __GFP_MOVABLE ? ZONE_MOVABLE : ZONE_HIGHMEM;
}

/* MOVABLE and RECLAIMABLE are bits 3 and 4 of gfp: 0, 1 or 2. */
static inline enum migratetype gfp_migratetype(gfp_t gfp)
{
	BUILD_BUG_ON(__GFP_MOVABLE >> 3 != MIGRATE_MOVABLE ||
		     __GFP_RECLAIMABLE >> 3 != MIGRATE_RECLAIMABLE);
	return (enum migratetype)(gfp >> 3 & 3);
}

/*
 * The whole of the common case: one page, the best zone is above its low mark, this CPU has one in
 * stock.
 */
static inline struct page *alloc_from_stock(gfp_t gfp, const pg_data_t *pgdat)
{
	enum zone_type highest = gfp_zone(gfp);
	struct zone *zone = pgdat->preferred_zone[highest];
	long free = atomic_load_explicit(&zone->vm_stat[NR_FREE_PAGES], memory_order_relaxed);
	struct list_head *list;
	struct page *page;
	unsigned long flags;

	if (unlikely(free <= (long)low_wmark_pages(zone) + zone->lowmem_reserve[highest]))
		return NULL;
	flags = local_irq_save();
	list = &zone->pcp[smp_processor_id()].lists[gfp_migratetype(gfp)];
	page = list_first_entry(list, struct page, lru);
	if (unlikely(&page->lru == list)) {
		local_irq_restore(flags);
		return NULL;
	}
	list_unlink_entry(&page->lru);
	zone->pcp[smp_processor_id()].count--;
	local_irq_restore(flags);
	count_vm_event(PGALLOC_DMA + zone_idx(zone));
	return page;
}

/* The rest: any order, any zone, refilling the stock. Fills in @ac for the slow path. */
static __noinline struct page *alloc_pages_any(gfp_t gfp, unsigned int order, pg_data_t *pgdat,
					       const nodemask_t *nodemask, struct alloc_context *ac)
{
	unsigned int alloc_flags = ALLOC_WMARK_LOW | (gfp & ALLOC_KSWAPD);

	*ac = (struct alloc_context){
		.pgdat = pgdat,
		.nodemask = nodemask,
		.highest_zoneidx = gfp_zone(gfp),
		.migratetype = gfp_migratetype(gfp),
	};
	/* While there is memory inside its cpuset, the kernel's part of a task stays there, too. */
	if (cpusets_enabled())
		return get_page_from_freelist(gfp | __GFP_HARDWALL, order,
					      alloc_flags | ALLOC_CPUSET, ac);
	return get_page_from_freelist(gfp, order, alloc_flags, ac);
}

/* The kernel's own memory for a process: its group pays, or there is none. */
static inline struct page *account_page(struct page *page, unsigned int order, gfp_t gfp)
{
	if (likely(!(gfp & __GFP_ACCOUNT)) || !memcg_groups || !page ||
	    !mem_cgroup_charge_kmem_page(page, gfp, order))
		return page;
	__free_pages(page, order);
	return NULL;
}

/* Out of line, so that the common case does not pay for it. @page NULL: there was none. */
static __noinline void trace_alloc(struct page *page, unsigned int order, gfp_t gfp)
{
	TRACE(mm_page_alloc, .pfn = page ? page_to_pfn(page) : -1UL, .order = order,
	      .gfp_flags = gfp, .migratetype = gfp_migratetype(gfp));
}
static __noinline void trace_free(struct page *page, unsigned int order)
{
	TRACE(mm_page_free, .pfn = page_to_pfn(page), .order = order);
}

/* What few allocations need: somebody to pay, somebody who watches. */
static __noinline struct page *account_and_trace(struct page *page, unsigned int order, gfp_t gfp)
{
	page = account_page(page, order, gfp);
	if (trace_enabled(mm_page_alloc))
		trace_alloc(page, order, gfp);
	return page;
}

/* All that does not find its page in this CPU's stock. */
static __noinline struct page *alloc_pages_uncommon(gfp_t gfp, unsigned int order, pg_data_t *pgdat,
						    const nodemask_t *nodemask)
{
	struct alloc_context ac;
	struct page *page;

	if (unlikely(order >= MAX_ORDER)) {
		WARN_ON_ONCE(!(gfp & __GFP_NOWARN));
		return NULL;
	}
	page = alloc_pages_any(gfp, order, pgdat, nodemask, &ac);
	if (unlikely(!page))
		page = __alloc_pages_slowpath(gfp, order, &ac);
	return account_and_trace(page, order, gfp);
}

struct page *__alloc_pages(gfp_t gfp, unsigned int order, int preferred_nid,
			   const nodemask_t *nodemask)
{
	pg_data_t *pgdat = NODE_DATA(preferred_nid);
	struct page *page;

	if (CHECKS) {
		BUG_ON(gfp_migratetype(gfp) >= MIGRATE_PCPTYPES);
		if (gfp & __GFP_DIRECT_RECLAIM)
			might_sleep();
	}
	if (unlikely(fail_page_alloc_interval) && should_fail_alloc_page(gfp, order))
		return NULL;
	if (unlikely(order || nr_online_nodes != 1))
		return alloc_pages_uncommon(gfp, order, pgdat, nodemask);
	page = alloc_from_stock(gfp, pgdat);
	if (unlikely(!page))
		return alloc_pages_uncommon(gfp, order, pgdat, nodemask);
	prep_new_page(page, 0, gfp);
	if (unlikely((gfp & __GFP_ACCOUNT) || trace_enabled(mm_page_alloc)))
		return account_and_trace(page, 0, gfp);
	return page;
}

/* => @gfp without __GFP_HIGHMEM */
void *__get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	VM_BUG_ON(gfp & __GFP_HIGHMEM);
	page = alloc_pages(gfp & ~__GFP_HIGHMEM, order);
	return page ? page_address(page) : NULL;
}

void *get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

/* --- freeing --- */

static __noinline void bad_page(struct page *page)
{
	dump_page(page, "bad_page: it is freed while still in use; kept");
	dump_stack();
}

/* Is it fit to be freed? Then its traces are wiped. false: it is kept for ever. */
static inline bool free_pages_prepare(struct page *page, unsigned int order)
{
	unsigned long flags = flags_relaxed(page);

	if (trace_enabled(mm_page_free))
		trace_free(page, order);
	if (unlikely(page->memcg))
		mem_cgroup_free_page(page, order);
	if (unlikely((flags & PAGE_FLAGS_CHECK_AT_FREE) || page->_mapcount != -1 ||
		     page->_refcount != 0)) {
		bad_page(page);
		return false;
	}
	page->mapping = NULL;
	set_flags_relaxed(page, flags & PG_SECTION_MASK);
	for (unsigned long i = 1; i < 1UL << order; i++)
		set_flags_relaxed(page + i, flags_relaxed(page + i) & PG_SECTION_MASK);
	if (CHECKS)
		for (unsigned long i = 0; i < 1UL << order; i++)
			poison_page(page + i);
	return true;
}

static __noinline void free_pages_ok(struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	if (!free_pages_prepare(page, order))
		return;
	flags = spin_lock_irqsave(&zone->lock);
	add_free_pages(zone, 1L << order);
	free_one_block(page, zone, order, get_pageblock_migratetype(page));
	spin_unlock_irqrestore(&zone->lock, flags);
	count_vm_events(PGFREE, 1L << order);
}

/* => interrupts off, page prepared */
static inline void free_to_pcp(struct page *page)
{
	struct zone *zone = page_zone(page);
	struct per_cpu_pages *pcp = &zone->pcp[smp_processor_id()];
	enum migratetype mt = (enum migratetype)*pageblock_type(zone, page);

	list_add(&page->lru, &pcp->lists[mt]);
	if (unlikely(++pcp->count >= pcp->high))
		free_pcppages_bulk(zone, pcp, MAX(pcp->batch, pcp->count - pcp->high));
}

void free_unref_page(struct page *page)
{
	unsigned long flags;

	if (!free_pages_prepare(page, 0))
		return;
	flags = local_irq_save();
	free_to_pcp(page);
	local_irq_restore(flags);
	count_vm_event(PGFREE);
}

void free_unref_page_list(struct list_head *list)
{
	struct page *page, *next;
	unsigned long flags = local_irq_save();
	unsigned int n = 0, freed = 0;

	list_for_each_entry_safe(page, next, list, lru) {
		if (free_pages_prepare(page, 0)) {
			TRACE(mm_page_free_batched, .pfn = page_to_pfn(page));
			free_to_pcp(page);
			freed++;
		}
		if (++n % SWAP_CLUSTER_MAX_PAGES == 0) {	/* let interrupts in */
			local_irq_restore(flags);
			flags = local_irq_save();
		}
	}
	local_irq_restore(flags);
	count_vm_events(PGFREE, freed);
	INIT_LIST_HEAD(list);
}

void __free_pages(struct page *page, unsigned int order)
{
	if (!put_page_testzero(page))
		return;
	if (order)
		free_pages_ok(page, order);
	else
		free_unref_page(page);
}

void free_pages_address(void *addr, unsigned int order)
{
	if (addr)
		__free_pages(virt_to_page(addr), order);
}

/* --- boot --- */

void page_alloc_init_zone(struct zone *zone)
{
	spin_lock_init(&zone->lock, LOCK_ZONE);
	for (unsigned int o = 0; o < MAX_ORDER; o++)
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
			INIT_LIST_HEAD(&zone->free_area[o].free_list[mt]);
	for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
		zone->pcp[cpu].batch = 1;
		for (unsigned int mt = 0; mt < MIGRATE_PCPTYPES; mt++)
			INIT_LIST_HEAD(&zone->pcp[cpu].lists[mt]);
	}
}

static _Atomic unsigned long nr_managed_pages;	/* a: the sum of all zones' managed_pages */

static void add_managed_pages(struct zone *zone, long n)
{
	atomic_fetch_add_explicit(&zone->managed_pages, n, memory_order_relaxed);
	atomic_fetch_add_explicit(&nr_managed_pages, n, memory_order_relaxed);
}

unsigned long totalram_pages(void) { return nr_managed_pages; }

void free_boot_range(struct zone *zone, unsigned long start_pfn, unsigned long end_pfn)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock), pfn = start_pfn;

	while (pfn < end_pfn) {
		unsigned int order = pfn ? MIN(__builtin_ctzl(pfn), MAX_ORDER - 1) : MAX_ORDER - 1;

		while (pfn + (1UL << order) > end_pfn)
			order--;
		free_one_block(pfn_to_page(pfn), zone, order,
			       get_pageblock_migratetype(pfn_to_page(pfn)));
		pfn += 1UL << order;
	}
	add_free_pages(zone, end_pfn - start_pfn);
	spin_unlock_irqrestore(&zone->lock, flags);
	add_managed_pages(zone, (long)(end_pfn - start_pfn));
}

void adjust_managed_page_count(struct page *page, long count)
{
	add_managed_pages(page_zone(page), count);
}

void free_reserved_area(phys_addr_t start, phys_addr_t end, const char *what)
{
	unsigned long first = PAGE_ALIGN(start) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	for (unsigned long pfn = first; pfn < last; pfn++) {
		struct page *page = pfn_to_page(pfn);

		BUG_ON(!page_test(page, PG_reserved));
		page_clear(page, PG_reserved);
		atomic_store(&page->_refcount, 1);
		adjust_managed_page_count(page, 1);
		__free_page(page);
	}
	if (what && last > first)
		pr_info("Freeing %s memory: %luK\n", what, (last - first) << (PAGE_SHIFT - 10));
}
