/*
 * pte_bits.h - the bits of a page-table entry. SDM vol. 3, tables 4-15 to 4-20.
 */
#pragma once

#define _PAGE_PRESENT	(1UL << 0)
#define _PAGE_RW	(1UL << 1)
#define _PAGE_USER	(1UL << 2)
#define _PAGE_PWT	(1UL << 3)
#define _PAGE_PCD	(1UL << 4)
#define _PAGE_ACCESSED	(1UL << 5)
#define _PAGE_DIRTY	(1UL << 6)
#define _PAGE_PSE	(1UL << 7)
#define _PAGE_GLOBAL	(1UL << 8)
#define _PAGE_NX	(1UL << 63)
#define PTE_PFN_MASK	0x000ffffffffff000UL
#define PTRS_PER_TABLE	512
#define PMD_SHIFT 21
#define PUD_SHIFT 30
#define PGD_SHIFT 39
