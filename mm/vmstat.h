/*
 * vmstat.h - counting: zones, nodes, events.
 */
#pragma once

#include "mm/mm_types.h"
#include "mm/page-flags.h"

DECLARE_PER_CPU(unsigned long[NR_VM_EVENT_ITEMS], vm_event_states);
static inline void count_vm_event(enum vm_event_item item) { this_cpu_inc(vm_event_states[item]); }
static inline void count_vm_events(enum vm_event_item item, long n)
{
	this_cpu_add(vm_event_states[item], (unsigned long)n);
}
/*
 * A CPU keeps small differences to itself and folds them in when they pass the
 * zone's (node's) stat_threshold; readers add all CPUs' differences. Any context.
 */
/* => not NR_FREE_PAGES */
void mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta);
void mod_node_page_state(struct pglist_data *pgdat, enum node_stat_item item, long delta);
static inline void mod_page_state(struct page *page, enum node_stat_item item, long delta)
{
	mod_node_page_state(page_pgdat(page), item, delta);
}
unsigned long zone_page_state(struct zone *zone, enum zone_stat_item item);	/* never negative */
unsigned long node_page_state(struct pglist_data *pgdat, enum node_stat_item item);
/* exact: CPUs' batches are added in */
unsigned long global_zone_page_state(enum zone_stat_item item);
unsigned long global_node_page_state(enum node_stat_item item);
void all_vm_events(unsigned long *events);	/* NR_VM_EVENT_ITEMS sums */
/* pages in the CPUs' stocks: free, but not in NR_FREE_PAGES */
unsigned long zone_pcp_pages(struct zone *zone);
extern const char *const zone_stat_names[NR_VM_ZONE_STAT_ITEMS],
	*const node_stat_names[NR_VM_NODE_STAT_ITEMS];
/*
 * Block-device pages in the page cache, "Buffers" of /proc/meminfo. c: set by kernel/block; NULL:
 * it caches none.
 */
extern unsigned long (*nr_blockdev_pages)(void);
