/*
 * zap.c - taking mappings away: munmap, exit, MADV_DONTNEED, truncate, the OOM reaper.
 *
 * Idea:   A walk over the page tables of a range clears every entry: a page's
 *         reference goes into an mmu_gather (freed after the TLBs were flushed),
 *         a swap entry gives its slot back. Counters are summed for a table and
 *         changed once.
 * Locks:  mmap_lock for reading at least, or (truncate) i_mmap_rwsem: both keep
 *         the tables there. LOCK_PTE inside.
 * Above:  mmap.c, madvise.c, mm_struct.c, truncate.c, oom_kill.c.
 * Below:  mmu_gather.c, rmap.c, swapfile.c.   In Linux: part of mm/memory.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmu_gather.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/swap.h"
#include "mm/swapfile.h"

/* What one walk does; inputs first. */
struct zap {
	struct mmu_gather *tlb;
	struct vm_area_struct *vma;
	bool keep_cows;			/* in: truncate of a hole: private copies stay */
	bool dirty;			/* a file's page was: TLBs may let CPUs write to it yet */
	long rss[NR_MM_COUNTERS];	/* out: changes not yet in the mm */
};

/* One page's PTE goes. => ptl held */
static void zap_page(struct zap *z, pte_t *ptep, pte_t pte, unsigned long addr)
{
	struct vm_area_struct *vma = z->vma;
	struct page *page = vm_normal_page(pte);

	if (page && z->keep_cows && PageAnon(page))
		return;
	/*
	 * Atomic, because another CPU may set the dirty bit until the flush; nobody runs in a dead
	 * address space.
	 */
	if (z->tlb->fullmm)
		set_pte(ptep, (pte_t){ 0 });
	else
		pte = ptep_get_and_clear(ptep);
	if (unlikely(!page)) {
		if (addr < z->tlb->start)
			z->tlb->start = addr;
		if (addr + PAGE_SIZE > z->tlb->end)
			z->tlb->end = addr + PAGE_SIZE;
		return;
	}
	z->rss[mm_counter(page)]--;
	if (!PageAnon(page)) {
		if (pte_dirty(pte)) {
			set_page_dirty(page);
			z->dirty = true;
		}
		if (pte_young(pte) && !(vma->vm_flags & VM_SEQ_READ))
			mark_page_accessed(page);
	}
	page_remove_rmap(page);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		munlock_vma_page(page);
	tlb_remove_page(z->tlb, page, addr);
}

/* The entries of one table, up to @end. */
static void zap_pte_range(struct zap *z, pmd_t *pmd, unsigned long addr, unsigned long end)
{
	spinlock_t *ptl = pte_lockptr(pmd);
	pte_t *ptep = pte_offset(pmd, addr);

	spin_lock(ptl);
	tlb_settle(&z->vma->vm_mm->tlb);	/* what reclaim unmapped here may be in TLBs yet */
	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);

		if (pte_none(pte))
			continue;
		if (pte_present(pte)) {
			zap_page(z, ptep, pte, addr);
		} else if (!z->keep_cows) {
			set_pte(ptep, (pte_t){ 0 });
			z->rss[MM_SWAPENTS]--;
			free_swap_and_cache(pte_to_swp_entry(pte));
		}
	}
	for (int i = 0; i < NR_MM_COUNTERS; i++) {
		if (z->rss[i])
			add_mm_counter(z->vma->vm_mm, (enum rss_counter)i, z->rss[i]);
		z->rss[i] = 0;
	}
	/* Who writes a page back waits for our lock (page_mkclean): nobody changes it unseen after that. */
	if (z->dirty)
		tlb_flush_mmu(z->tlb);
	z->dirty = false;
	spin_unlock(ptl);
}

static void zap_range(struct zap *z, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = z->vma->vm_mm;
	unsigned long addr = start, next;
	pmd_t *pmd;

	while ((addr = next_present_pmd(mm, addr, end, &pmd)) < end) {
		next = pmd_addr_end(addr, end);
		zap_pte_range(z, pmd, addr, next);
		addr = next;
		cond_resched();
	}
}

/*
 * unmap_page_range: all entries of [start, end) of @vma become empty.
 *
 * => mmap_lock held; the range within the VMA; its pages are freed by tlb_finish_mmu() at the
 * latest
 */
void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end)
{
	struct zap z = { .tlb = tlb, .vma = vma };

	VM_BUG_ON(start < vma->vm_start || end > vma->vm_end || start > end);
	zap_range(&z, start, end);
}

/*
 * zap_page_range: MADV_DONTNEED: the pages go, the mapping stays. => mmap_lock held for reading;
 * may sleep
 */
void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long len)
{
	struct mmu_gather tlb;

	update_hiwater_rss(vma->vm_mm);
	tlb_gather_mmu(&tlb, vma->vm_mm, false);
	unmap_page_range(&tlb, vma, start, start + len);
	tlb_finish_mmu(&tlb);
}

/* The part of @vma that maps pages [first, last] of its file. */
static void unmap_mapping_vma(struct vm_area_struct *vma, unsigned long first, unsigned long last,
			      bool even_cows)
{
	struct mmu_gather tlb;
	struct zap z = { .tlb = &tlb, .vma = vma, .keep_cows = !even_cows };
	unsigned long vma_last = vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT) - 1;
	unsigned long from = MAX(first, vma->vm_pgoff), to = MIN(last, vma_last);

	if (from > to)
		return;
	tlb_gather_mmu(&tlb, vma->vm_mm, false);
	zap_range(&z, vma->vm_start + ((from - vma->vm_pgoff) << PAGE_SHIFT),
		  vma->vm_start + ((to - vma->vm_pgoff + 1) << PAGE_SHIFT));
	tlb_finish_mmu(&tlb);
}

/*
 * unmap_mapping_pages: nobody maps pages [start, start + nr) of the file any more (nr 0: all from
 * start).
 *
 * => may sleep. The caller keeps new faults from finding the pages: i_size is smaller already
 * => @even_cows: private copies go too, as truncate(2) demands
 */
void unmap_mapping_pages(struct address_space *mapping, unsigned long start, unsigned long nr,
			 bool even_cows)
{
	unsigned long last = nr ? start + nr - 1 : ~0UL;
	struct vm_area_struct *vma;

	if (last < start)
		last = ~0UL;
	down_read(&mapping->i_mmap_rwsem);
	list_for_each_entry(vma, &mapping->i_mmap, i_mmap_node)
		unmap_mapping_vma(vma, start, last, even_cows);
	up_read(&mapping->i_mmap_rwsem);
}
