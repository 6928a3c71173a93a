/*
 * workingset.h - refaults: pages that came back too soon after they were reclaimed.
 */
#pragma once

#include "mm/mm_types.h"

/*
 * => the page leaves its cache by reclaim, which is about @target (NULL: all). The value entry to leave in its place; NULL: none is
 *    kept.
 */
void *workingset_eviction(struct page *page, struct mem_cgroup *target);
/*
 * => the page joins a cache where @shadow stood. Activates it if it was missed. Before
 *    lru_cache_add().
 */
void workingset_refault(struct page *page, void *shadow);
/* inactive to active: the clock of evictions advances */
void workingset_activation(struct page *page);
void workingset_init(void);			/* boot, before the first page cache */
