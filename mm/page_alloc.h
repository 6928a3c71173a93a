/*
 * page_alloc.h - the buddy allocator's interface. Pages are counted from order 0 (1 page) to 10
 * (1,024).
 */
#pragma once

#include "mm/gfp.h"
#include "mm/mm_types.h"
#include "mm/page-flags.h"

/* alloc_flags of the slow path; shown to vmscan and oom_kill. */
enum alloc_flags {
	ALLOC_WMARK_MIN = 0,
	ALLOC_WMARK_LOW = 1,
	ALLOC_WMARK_HIGH = 2,
	ALLOC_NO_WATERMARKS = 4,
	ALLOC_HARDER = 0x10,
	ALLOC_HIGH = 0x20,
	ALLOC_CPUSET = 0x40,		/* inside current's mems_allowed */
	ALLOC_OOM = 8,
	ALLOC_KSWAPD = 0x800
};
#define ALLOC_WMARK_MASK 3

/*
 * The main way in. NULL if there is none. => may sleep with __GFP_DIRECT_RECLAIM. refcount is 1.
 * @nodemask NULL: all nodes, @preferred_nid's first.
 */
struct page *__alloc_pages(gfp_t gfp, unsigned int order, int preferred_nid,
			   const nodemask_t *nodemask);
/* mempolicy.c: by current's memory policy. */
struct page *alloc_pages_current(gfp_t gfp, unsigned int order);
static inline struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	if (likely(nr_online_nodes == 1))
		return __alloc_pages(gfp, order, 0, NULL);
	return alloc_pages_current(gfp, order);
}
/* Of @nid, or as near as can be (@gfp may say __GFP_THISNODE). */
static inline struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp, order, nid, NULL);
}
#define alloc_page(gfp) alloc_pages(gfp, 0)
/* low memory: its address in the direct map, NULL */
void *__get_free_pages(gfp_t gfp, unsigned int order);
void *get_zeroed_page(gfp_t gfp);
void free_pages_address(void *addr, unsigned int order);
/* drops a reference; the last frees */
void __free_pages(struct page *page, unsigned int order);
#define __free_page(page) __free_pages(page, 0)
void free_unref_page(struct page *page);		/* => refcount is 0 already */
void free_unref_page_list(struct list_head *list);	/* linked by lru, refcount 0 */

static inline void get_page(struct page *page) { page->_refcount++; }
static inline bool get_page_unless_zero(struct page *page)
{
	int old = page->_refcount;

	while (old > 0)
		if (atomic_compare_exchange_weak(&page->_refcount, &old, old + 1))
			return true;
	return false;
}
static inline bool put_page_testzero(struct page *page)
{
	return atomic_fetch_sub(&page->_refcount, 1) == 1;
}
/* mm/swap.c: takes it off the LRU and frees it if it was the last */
void put_page(struct page *page);

bool zone_watermark_ok(struct zone *z, unsigned int order, unsigned long mark, int highest_zoneidx,
		       unsigned int alloc_flags);
bool gfp_pfmemalloc_allowed(gfp_t gfp);
enum zone_type gfp_zone(gfp_t gfp);		/* the highest zone that it may use */
void drain_local_pages(void *unused);	/* this CPU's stock */
/* every CPU's stock back to the buddy lists; may sleep */
void drain_all_pages(void);
/* all figures from memory and CPUs: in mem_init(), and once more when all CPUs are up */
void init_per_zone_wmark_min(void);
/* after min_free_kbytes, the scale factor or memory changed */
void setup_per_zone_wmarks(void);
unsigned long nr_free_buffer_pages(void);	/* what low memory has above the high marks */
unsigned long totalreserve_pages(void);
unsigned long totalram_pages(void), totalhigh_pages(void);
unsigned long si_mem_available(void);		/* pages: MemAvailable */
void adjust_managed_page_count(struct page *page, long count);
/* gives boot memory to the buddy lists */
void free_reserved_area(phys_addr_t start, phys_addr_t end, const char *what);
bool pfn_valid(unsigned long pfn);	/* it has a struct page */
void *page_address(const struct page *page);	/* low memory only (asserted) */
struct page *virt_to_page(const void *addr);	/* direct map only */
extern int min_free_kbytes, watermark_scale_factor, watermark_boost_factor;
extern int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES];
/*
 * Failure injection: fail_page_alloc=<interval>[,<seed>[,min-order]] makes every interval-th (on
 * average) GFP_KERNEL-like request of a user task fail.
 */
