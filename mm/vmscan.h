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
	unsigned long (*count_objects)(struct shrinker *s);
	/* objects freed; may take no lock that a GFP_KERNEL caller holds */
	unsigned long (*scan_objects)(struct shrinker *s, unsigned long nr);
	int seeks;			/* what it costs to make one again: DEFAULT_SEEKS */
	struct list_head list;
};
#define DEFAULT_SEEKS 2
void register_shrinker(struct shrinker *s);
void drop_slab(void);

/*
 * One reclaim on its way; the control struct of vmscan.c and kswapd.c. Inputs first.
 */
struct scan_control {
	unsigned long nr_to_reclaim;	/* in: pages wanted */
	gfp_t gfp_mask;			/* in: of the allocation it is for */
	int order;			/* in */
	int priority;			/* in: DEF_PRIORITY … 0 */
	const nodemask_t *nodemask;	/* in: nodes that help; NULL: all */
	enum zone_type reclaim_idx;	/* in: highest zone that helps; others' pages are skipped */
	bool may_writepage, may_unmap, may_swap;	/* in */
	bool ignore_references;		/* in: MADV_PAGEOUT: take it even if it was just used */
	bool kswapd;			/* in */
	struct mem_cgroup *target_memcg;	/* in: whose limit it is about; NULL: the machine's */
	bool memcg_low_reclaim;		/* in: nothing else is left: memory.low is not kept */
	bool memcg_low_skipped;		/* out: it was */

	/* found by prepare_scan_count */
	bool cache_trim_mode, file_is_tiny, deactivate_anon, deactivate_file;
	unsigned long anon_cost, file_cost;
	unsigned long nr_scanned, nr_reclaimed;	/* out */
	struct reclaim_stat {		/* out: of the last lists scanned */
		unsigned long taken, dirty, unqueued_dirty, writeback, immediate, pageout,
		    ref_keep, unmap_fail, activated[2] /* anonymous, file */;
	} nr;
};
/* vmscan.c: one pass over the node's lists and the shrinkers at sc->priority. */
void shrink_node(struct pglist_data *pgdat, struct scan_control *sc);
void snapshot_refaults(struct mem_cgroup *target, struct pglist_data *pgdat);
void age_active_anon(struct pglist_data *pgdat, struct scan_control *sc);
/* is there somewhere to put them? NULL: the root's */
bool can_reclaim_anon_pages(struct mem_cgroup *memcg);
/* scan_balance.c: how much of what. */
bool inactive_is_low(struct lruvec *lruvec, enum lru_list inactive_lru);
bool scan_protected(struct mem_cgroup *memcg, struct scan_control *sc);
void prepare_scan_count(struct pglist_data *pgdat, struct scan_control *sc);
void get_scan_count(struct lruvec *lruvec, struct scan_control *sc,
		    unsigned long nr[NR_LRU_LISTS]);
/* shrinker.c: every shrinker at @priority; objects freed. */
unsigned long shrink_slab(int priority);
/* throttle.c: a reclaimer waits for what only others can do. */
enum vmscan_throttle_state {
	VMSCAN_THROTTLE_WRITEBACK,
	VMSCAN_THROTTLE_ISOLATED,
	VMSCAN_THROTTLE_NOPROGRESS
};
void reclaim_throttle(struct pglist_data *pgdat, enum vmscan_throttle_state reason);
/* true: a fatal signal came meanwhile */
bool throttle_direct_reclaim(struct pglist_data *pgdat, gfp_t gfp);
bool allow_direct_reclaim(struct pglist_data *pgdat);
