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
/* memcontrol_stat.c: only the group's. => it has one */
void mod_memcg_page_state(struct page *page, enum node_stat_item item, long delta);
/* The node's counter and that of the page's group. => no slab page (their memcg is none) */
static inline void mod_page_state(struct page *page, enum node_stat_item item, long delta)
{
	mod_node_page_state(page_pgdat(page), item, delta);
	if (unlikely(page->memcg))
		mod_memcg_page_state(page, item, delta);
}
/*
 * A request was served by @zone; @preferred is where it had rather been. With one node there is
 * nothing to tell apart: the figures follow from PGALLOC and from higher_order_pages.
 */
DECLARE_PER_CPU(unsigned long[MAX_NR_ZONES], higher_order_pages);
void count_numa(struct zone *preferred, struct zone *zone);
static inline void zone_statistics(struct zone *preferred, struct zone *zone, unsigned int order)
{
	if (unlikely(nr_online_nodes > 1))
		count_numa(preferred, zone);
	else if (unlikely(order))
		this_cpu_add(higher_order_pages[zone_idx(zone)], (1UL << order) - 1);
}
void count_numa_interleave(struct zone *zone);
unsigned long zone_numa_state(struct zone *zone, enum numa_stat_item item);
unsigned long node_numa_state(struct pglist_data *pgdat, enum numa_stat_item item);
unsigned long zone_page_state(struct zone *zone, enum zone_stat_item item);	/* never negative */
unsigned long node_page_state(struct pglist_data *pgdat, enum node_stat_item item);
/* exact: CPUs' batches are added in */
unsigned long global_zone_page_state(enum zone_stat_item item);
unsigned long global_node_page_state(enum node_stat_item item);
void all_vm_events(unsigned long *events);	/* NR_VM_EVENT_ITEMS sums */
/* pages in the CPUs' stocks: free, but not in NR_FREE_PAGES */
unsigned long zone_pcp_pages(struct zone *zone);
extern const char *const zone_stat_names[NR_VM_ZONE_STAT_ITEMS],
	*const node_stat_names[NR_VM_NODE_STAT_ITEMS],
	*const numa_stat_names[NR_VM_NUMA_EVENT_ITEMS];
/*
 * Block-device pages in the page cache, "Buffers" of /proc/meminfo. c: set by kernel/block; NULL:
 * it caches none.
 */
extern unsigned long (*nr_blockdev_pages)(void);
