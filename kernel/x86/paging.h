/*
 * paging.h - the kernel's own page tables.
 *
 * Idea: paging_init() builds the final map: the image W^X in 4 KiB pages, the
 *       direct map in the largest pages that fit, and the upper tables of all
 *       areas that will ever be used, so that a process' top table is its own
 *       256 entries and a copy of the kernel's 256 that never changes again.
 * Locks: entries are written by their area's owner (mm/vmalloc.c under
 *        LOCK_VMAP); new tables appear by compare-and-swap.
 * Above: mm/vmalloc.c, mm/highmem.c, mm/mm_init.c (vmemmap).
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"
#include "kernel/x86/pte_bits.h"

#define PAGE_KERNEL (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL | _PAGE_NX)
#define PAGE_KERNEL_RO (_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL | _PAGE_NX)
#define PAGE_KERNEL_ROX (_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL)
#define PAGE_KERNEL_NOCACHE (PAGE_KERNEL | _PAGE_PCD | _PAGE_PWT)

extern u64 supported_pte_mask;		/* c: all ones, without _PAGE_NX if the CPU has none */
extern u64 *kernel_pgd;			/* c: the top table (init_tlb_context.pgd is its address) */

/*
 * Where memory comes from; mm sets both.
 * early_alloc: zeroed, below 4 GiB until paging_init() is done, never fails (memblock_alloc).
 * alloc_kernel_table: physical address of a zeroed low page, 0 if there is none. Uses early_alloc
 * until it is set.
 */
extern void *(*early_alloc)(u64 size, u64 align);
extern phys_addr_t (*alloc_kernel_table)(void);

/*
 * Builds the kernel's tables and loads them; the 1:1 map is gone afterwards. => early_alloc is set
 */
void paging_init(unsigned long max_low_pfn);

/* One page. 0, -ENOMEM. => the entry is empty; no flush is needed for a new one */
int map_kernel_page(unsigned long va, phys_addr_t pa, u64 prot);
int map_kernel_range(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot);
/* As map_kernel_range in 2 MiB pages; all three are multiples of 2 MiB. For vmemmap. */
int map_kernel_range_large(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot);
/*
 * Clears the entry; its page, or 0 if there was none. The caller flushes (flush_tlb_kernel_range).
 */
phys_addr_t unmap_kernel_page(unsigned long va);
/* The page behind a kernel address of any kind, large pages too; false if it is not mapped. */
bool kernel_va_to_phys(unsigned long va, phys_addr_t *pa);
/*
 * The entry for @va, its tables made if they are not there; NULL without memory. For kmap's slots.
 */
u64 *kernel_pte(unsigned long va);
/*
 * Devices of this room (APICs, HPET): @phys mapped uncached at a fixed place, for ever. NULL if
 * full.
 */
void *map_fixed_device(phys_addr_t phys, unsigned long size);
