/*
 * mmu_gather.c - taking pages out of page tables: first the TLBs forget, then the pages are freed.
 *
 * Idea:   A page may be freed only when no CPU can reach it through a stale TLB
 *         entry. A flush costs a round of interrupts, so pages (and page tables)
 *         are gathered in a small batch, one flush is made for the whole batch,
 *         and only then are the references dropped. A whole address space that
 *         goes (fullmm) has been taken off every CPU before: nothing to flush.
 * Locks:  none; the gather lives on its user's stack. May be called under a pte
 *         table's lock: a flush waits for other CPUs with interrupts on.
 * Above:  zap.c, pgtable.c, mmap.c, mremap.c.
 * Below:  kernel/x86/tlb.c, swap_state.c (free_pages_and_swap_cache).   In Linux: mm/mmu_gather.c.
 */
#include "mm/mmu_gather.h"

#include "kernel/lib/bug.h"
#include "mm/page_alloc.h"
#include "mm/swap_state.h"

static void reset_range(struct mmu_gather *tlb)
{
	tlb->start = ~0UL;
	tlb->end = 0;
}

/* tlb_gather_mmu: begins. @fullmm: @mm has no user left and tlb_context_retire() was called. */
void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm, bool fullmm)
{
	tlb->mm = mm;
	tlb->fullmm = fullmm;
	tlb->nr = 0;
	tlb->nr_tables = 0;
	reset_range(tlb);
}

/* tlb_flush_mmu: what was gathered so far: TLBs flushed, references dropped. */
void tlb_flush_mmu(struct mmu_gather *tlb)
{
	if (!tlb->fullmm && tlb->start < tlb->end)
		flush_tlb_range(&tlb->mm->tlb, tlb->start, tlb->end);
	reset_range(tlb);
	if (tlb->nr)
		free_pages_and_swap_cache(tlb->pages, tlb->nr);
	tlb->nr = 0;
	while (tlb->nr_tables)
		__free_page(tlb->tables[--tlb->nr_tables]);
}

/*
 * tlb_remove_page: @page's PTE at @addr has been cleared; its reference goes with the batch.
 *
 * => may flush: hold no lock that an interrupt takes
 */
void tlb_remove_page(struct mmu_gather *tlb, struct page *page, unsigned long addr)
{
	if (addr < tlb->start)
		tlb->start = addr;
	if (addr + PAGE_SIZE > tlb->end)
		tlb->end = addr + PAGE_SIZE;
	tlb->pages[tlb->nr++] = page;
	if (unlikely(tlb->nr == MMU_GATHER_BATCH))
		tlb_flush_mmu(tlb);
}

/*
 * tlb_remove_table: a table is out of the tree. INVLPG of any address also empties the
 * CPU's caches of upper entries (SDM vol. 3, 4.10.4.1), so some range must be flushed.
 */
void tlb_remove_table(struct mmu_gather *tlb, struct page *table)
{
	if (tlb->start >= tlb->end) {
		tlb->start = 0;
		tlb->end = PAGE_SIZE;
	}
	tlb->tables[tlb->nr_tables++] = table;
	if (unlikely(tlb->nr_tables == ARRAY_SIZE(tlb->tables)))
		tlb_flush_mmu(tlb);
}

/* tlb_finish_mmu: the end; nothing gathered is left. */
void tlb_finish_mmu(struct mmu_gather *tlb)
{
	tlb_flush_mmu(tlb);
	BUG_ON(tlb->nr || tlb->nr_tables);
}
