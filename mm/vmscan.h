/*
 * vmscan.h - kswapd and direct reclaim.
 */
#pragma once

#include "mm/gfp.h"
#include "mm/mm_types.h"

/* the first scan looks at 1/4096 of each list, the last (0) at all of it */
#define DEF_PRIORITY 12
/* fruitless kswapd runs in a row until a node counts as hopeless */
#define MAX_RECLAIM_RETRIES 16

struct mem_cgroup;

struct reclaim_state { unsigned long reclaimed_slab; };
/* Direct reclaim for an allocation that failed: pages freed; 0: nothing could be. May sleep. */
unsigned long try_to_free_pages(struct pglist_data *pgdat, int order, gfp_t gfp,
				const nodemask_t *nodemask);
/* any context */
void wakeup_kswapd(struct zone *zone, gfp_t gfp, int order, enum zone_type highest_zoneidx);
int kswapd(void *pgdat);				/* the thread; started by main.c */
/* after mm_init_zones(), before the first allocation */
void kswapd_init(void);
void kswapd_bind(void);			/* each to its node's CPUs; once they are up */
unsigned long zone_reclaimable_pages(struct zone *zone);
bool pgdat_all_unreclaimable(struct pglist_data *pgdat);	/* "all_unreclaimable? yes" */
extern int vm_swappiness;
/* MADV_PAGEOUT: isolated pages, linked by lru */
unsigned long reclaim_pages(struct list_head *pages);
void check_move_unevictable_page(struct page *page);
/* page_lock.c: a write ended; throttled reclaimers may go on. Any context. */
void acct_reclaim_writeback(struct page *page);

/* Caches that can shrink (slab objects, inodes). */
struct shrinker {
	/* @memcg: whose; NULL: the root's, and what belongs to no group */
	unsigned long (*count_objects)(struct shrinker *s, struct mem_cgroup *memcg);
	/* objects freed; may take no lock that a GFP_KERNEL caller holds */
	unsigned long (*scan_objects)(struct shrinker *s, struct mem_cgroup *memcg,
				      unsigned long nr);
	bool memcg_aware;		/* it knows what is whose; else it is only asked for NULL */
	int seeks;			/* what it costs to make one again: DEFAULT_SEEKS, or 0 */
	struct list_head list;
};
#define DEFAULT_SEEKS 2
void register_shrinker(struct shrinker *s);
void drop_slab(void);
