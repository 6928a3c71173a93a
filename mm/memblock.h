/*
 * memblock.h - memory before the allocators: what there is, what is taken.
 */
#pragma once

#include "kernel/lib/types.h"

void memblock_add(phys_addr_t base, u64 size);		/* RAM */
void memblock_remove(phys_addr_t base, u64 size);	/* no RAM after all */
void memblock_reserve(phys_addr_t base, u64 size);	/* taken */
void memblock_free(phys_addr_t base, u64 size);
/*
 * Below memblock_set_current_limit(), aligned; zeroed; panics if there is none.
 * Its address is in the direct map (which the boot tables have for the first GiB too).
 */
void *memblock_alloc(u64 size, u64 align);
phys_addr_t memblock_phys_alloc(u64 size, u64 align);	/* not zeroed; 0 if there is none */
void memblock_set_current_limit(phys_addr_t limit);
phys_addr_t memblock_end_of_DRAM(void);
bool memblock_is_reserved(phys_addr_t addr);
bool memblock_is_memory(phys_addr_t addr);
/* Iterates: free (not reserved) ranges, in order. *i starts at 0; false at the end. */
bool memblock_next_free_range(unsigned int *i, phys_addr_t *start, phys_addr_t *end);
bool memblock_next_memory_range(unsigned int *i, phys_addr_t *start, phys_addr_t *end);
bool memblock_next_reserved_range(unsigned int *i, phys_addr_t *start, phys_addr_t *end);
