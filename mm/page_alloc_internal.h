/*
 * page_alloc_internal.h - between page_alloc.c (lists), page_slowpath.c (what
 *                         to do when they are low) and watermark.c (how low is low).
 */
#pragma once

#include "mm/page_alloc.h"

#define PAGEBLOCK_ORDER 9			/* 2 MiB: pages of one migratetype stand together */
#define PAGEBLOCK_PAGES (1UL << PAGEBLOCK_ORDER)
#define PAGE_ALLOC_COSTLY_ORDER 3		/* above it nobody is killed for a request */
#define SWAP_CLUSTER_MAX_PAGES 32UL

/* One request, as the slow path hands it round. */
struct alloc_context {
	struct pglist_data *pgdat;		/* in: the node that is asked first */
	const nodemask_t *nodemask;		/* in: NULL: all */
	enum zone_type highest_zoneidx;		/* in */
	enum migratetype migratetype;		/* in */
};

struct page *get_page_from_freelist(gfp_t gfp, unsigned int order, unsigned int alloc_flags,
				    const struct alloc_context *ac);
struct page *__alloc_pages_slowpath(gfp_t gfp, unsigned int order, const struct alloc_context *ac);
/* zone_watermark_ok with @free pages instead of what there are. */
bool zone_watermark_ok_free(struct zone *z, unsigned int order, unsigned long mark,
			    int highest_zoneidx, unsigned int alloc_flags, long free);
/*
 * Raises @zone's marks for a while, since page types begin to mix. => zone->lock held. True: it
 * did
 */
bool boost_watermark(struct zone *zone);
enum migratetype get_pageblock_migratetype(struct page *page);

/* mm_init.c: boot memory into the lists. => its struct pages are initialised, refcount 0 */
void free_boot_range(struct zone *zone, unsigned long start_pfn, unsigned long end_pfn);
void page_alloc_init_zone(struct zone *zone);	/* lists, locks */

/* fail_page_alloc.c */
extern int fail_page_alloc_interval;	/* 0: off */
bool should_fail_alloc_page(gfp_t gfp, unsigned int order);
extern int failslab_interval;			/* 0: never */
bool should_failslab(gfp_t gfp);
