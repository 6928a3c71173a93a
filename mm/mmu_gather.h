/*
 * mmu_gather.h - taking pages out of page tables: first the TLBs forget, then the pages are freed.
 */
#pragma once

#include "mm/mm_types.h"

#define MMU_GATHER_BATCH 64
struct mmu_gather {
	struct mm_struct *mm;
	unsigned long start, end;	/* what must be flushed; start >= end: nothing */
	bool fullmm;			/* the whole address space goes */
	unsigned int nr, nr_tables;
	struct page *pages[MMU_GATHER_BATCH];	/* references to drop after the flush */
	struct page *tables[16];
};
void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm, bool fullmm);
/* may flush: hold no ptl of an interrupt */
void tlb_remove_page(struct mmu_gather *tlb, struct page *page, unsigned long addr);
void tlb_remove_table(struct mmu_gather *tlb, struct page *table);
void tlb_flush_mmu(struct mmu_gather *tlb);
void tlb_finish_mmu(struct mmu_gather *tlb);
