/*
 * mm_init.h - from memblock to zones.
 */
#pragma once

#include "mm/mmzone.h"

/*
 * boot_info's memory map into memblock; finds the low/high split (highmem=, mem=). => parameters
 * are parsed
 */
void mm_early_init(void);
void mm_init_zones(void);	/* vmemmap, nodes, zones; after x86's paging_init(max_low_pfn) */
/* gives free memory to the buddy allocator; then kmem_cache_init(), vmalloc_init() */
void mem_init(void);
/* the initramfs' pages. => page-aligned, reserved; before free_initmem() */
void free_initrd_mem(phys_addr_t start, phys_addr_t end);
/* boot-only text and data. => smp_done(); nothing of it is called any more */
void free_initmem(void);
/* empty lists of a memory group (NULL: the root) on a node */
void lruvec_init(struct lruvec *lruvec, struct pglist_data *pgdat, struct mem_cgroup *memcg);
