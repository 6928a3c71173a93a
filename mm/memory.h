/*
 * memory.h - faults, and changing page tables range by range.
 */
#pragma once

#include "mm/mm_types.h"
#include "mm/page-flags.h"
#include "mm/pgtable.h"
#include "mm/trace.h"

struct pt_regs;
/*
 * => mmap_lock held for reading; may drop it only if VM_FAULT_RETRY is returned. Counts the fault.
 */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
			   struct pt_regs *regs);
/* fork: 0, -ENOMEM. Both mmap_locks held. */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src);
struct mmu_gather;
void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end);
/* madvise(DONTNEED) */
void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long len);
/*
 * All mappings of [start, start+nr) pages of a file go (truncate). @even_cows: private copies too.
 */
void unmap_mapping_pages(struct address_space *mapping, unsigned long start, unsigned long nr,
			 bool even_cows);
/*
 * userfaultfd: @page, charged here, or (NULL) the page of zeroes becomes what stands at @addr of the
 * anonymous @vma. => mmap_lock for reading. 0: @page's reference is taken over; -EEXIST, -ENOMEM,
 * -EFAULT
 */
int mfill_anon_page(struct vm_area_struct *vma, unsigned long addr, struct page *page);
/* Reads or writes another process's memory: /proc/<pid>/cmdline, environ. Bytes done. May sleep. */
int access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		     unsigned int how);	/* FOLL_*: gup.h */
/* 0 or -EFAULT: mlock, populate */
int fault_in_user_range(unsigned long addr, unsigned long len, bool write);
/* c: the shared page of zeroes; reserved, never counted */
extern struct page *zero_page;
/* The page that @pte counts; NULL for the zero page and for devices' memory. => present */
static inline struct page *vm_normal_page(pte_t pte)
{
	return likely(!pte_special(pte)) ? pte_page(pte) : NULL;
}
static inline void add_mm_counter(struct mm_struct *mm, enum rss_counter which, long n)
{
	mm->rss[which] += n;
	if (trace_enabled(rss_stat))
		trace_mm_rss(mm, which);
}
/* The peak is noted before pages go (update_hiwater_rss), not at each that comes. */
void update_hiwater_rss(struct mm_struct *mm);
void update_hiwater_vm(struct mm_struct *mm);
static inline unsigned long get_mm_counter(struct mm_struct *mm, enum rss_counter which)
{
	long n = mm->rss[which];

	return n < 0 ? 0 : (unsigned long)n;
}
static inline unsigned long get_mm_rss(struct mm_struct *mm)
{
	return get_mm_counter(mm, MM_FILEPAGES) + get_mm_counter(mm, MM_ANONPAGES) +
	       get_mm_counter(mm, MM_SHMEMPAGES);
}
/* Which one a mapped page counts under. */
static inline enum rss_counter mm_counter(const struct page *page)
{
	if (PageAnon(page))
		return MM_ANONPAGES;
	return page_test(page, PG_swapbacked) ? MM_SHMEMPAGES : MM_FILEPAGES;
}
void mem_init_zero_page(void);
