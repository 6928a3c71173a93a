/*
 * scan_control.h - the inside of reclaim: what vmscan.c, kswapd.c, shrink_list.c, pageout.c,
 * scan_balance.c, shrinker.c and throttle.c are to each other. From outside: vmscan.h.
 */
#pragma once

#include "mm/vmscan.h"

/*
 * One reclaim on its way; the control struct of all that reclaims. Inputs first.
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
	bool unwritten;			/* out: file pages that the flusher has to write first were in the way */

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

/* shrink_list.c: one list, 32 pages at a time. */
/* looks at @nr pages; how many were freed */
unsigned long shrink_list(enum lru_list lru, unsigned long nr, struct lruvec *lruvec,
			  struct scan_control *sc);
void shrink_active_list(unsigned long nr, struct lruvec *lruvec, struct scan_control *sc,
			enum lru_list lru);

/* pageout.c: isolated pages; freed: how many. The others are on @pages afterwards. */
unsigned long shrink_page_list(struct list_head *pages, struct scan_control *sc);

/* scan_balance.c: how much of what. */
bool inactive_is_low(struct lruvec *lruvec, enum lru_list inactive_lru);
bool scan_protected(struct mem_cgroup *memcg, struct scan_control *sc);
void prepare_scan_count(struct pglist_data *pgdat, struct scan_control *sc);
void get_scan_count(struct lruvec *lruvec, struct scan_control *sc,
		    unsigned long nr[NR_LRU_LISTS]);

/*
 * shrinker.c: what @memcg (NULL: the root) has in the caches, at @priority; the root also has what is
 * kept by no group. Objects freed.
 */
unsigned long shrink_slab(struct mem_cgroup *memcg, int priority);

/* throttle.c: a reclaimer waits for what only others can do. */
enum vmscan_throttle_state {
	VMSCAN_THROTTLE_WRITEBACK,
	VMSCAN_THROTTLE_ISOLATED,
	VMSCAN_THROTTLE_NOPROGRESS
};
void reclaim_throttle(struct pglist_data *pgdat, enum vmscan_throttle_state reason);
void reclaim_wait_written(struct pglist_data *pgdat);
/* true: a fatal signal came meanwhile */
bool throttle_direct_reclaim(struct pglist_data *pgdat, gfp_t gfp);
bool allow_direct_reclaim(struct pglist_data *pgdat);
