/*
 * mincore.c - which pages of a range are in memory.
 *
 * Idea:   A byte a page: mapped here, or in the page cache or swap cache, from where
 *         a fault would bring it without I/O.
 * Locks:  mmap_lock for reading, a page of answers at a time; LOCK_PTE.
 * Above:  kernel/proc (mincore(2)).
 * Below:  pgtable.c, filemap.c, swap_state.c.   In Linux: mm/mincore.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/shmem.h"
#include "mm/slab.h"
#include "mm/swap_state.h"
#include "mm/vma.h"

#define ANSWERS PAGE_SIZE	/* pages looked at under one lock */

static bool mincore_swap(swp_entry_t entry)
{
	struct page *page = lookup_swap_cache(entry);
	bool present = page && page_test(page, PG_uptodate);

	if (page)
		put_page(page);
	return present;
}

/* Is page @pgoff of the mapping in a cache, whole? A page of shmem may be in the swap cache. */
static bool mincore_page(struct address_space *mapping, unsigned long pgoff)
{
	struct page *page = find_get_page(mapping, pgoff);
	bool present = page && page_test(page, PG_uptodate);
	swp_entry_t entry;

	if (page)
		put_page(page);
	else if (shmem_swap_entry(mapping, pgoff, &entry))
		present = mincore_swap(entry);
	return present;
}

static bool mincore_addr(struct vm_area_struct *vma, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
	pte_t pte = { 0 };

	if (pmd && !pmd_none(*pmd))
		pte = ptep_get(pte_offset(pmd, addr));
	if (pte_present(pte))
		return true;
	if (!pte_none(pte))
		return mincore_swap(pte_to_swp_entry(pte));
	if (!vma->vm_mapping)
		return vma->vm_ops;	/* [vdso]: always there */
	return mincore_page(vma->vm_mapping, vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT));
}

/*
 * Answers for up to ANSWERS pages of one VMA from @addr on. How many, or -ENOMEM: a hole. =>
 * mmap_lock for reading
 */
static long mincore_chunk(struct mm_struct *mm, unsigned long addr, unsigned long pages,
			  unsigned char *vec)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	unsigned long n;

	if (!vma || addr < vma->vm_start)
		return -ENOMEM;
	n = MIN(pages, (vma->vm_end - addr) >> PAGE_SHIFT);
	n = MIN(n, ANSWERS);
	if (vma->vm_ops && vma->vm_ops->may_mincore && !vma->vm_ops->may_mincore(vma)) {
		memset(vec, 1, n);	/* who could not write to it learns nothing of others' reads */
		return (long)n;
	}
	for (unsigned long i = 0; i < n; i++)
		vec[i] = mincore_addr(vma, addr + (i << PAGE_SHIFT));
	return (long)n;
}

/*
 * do_mincore: 0; -EINVAL (alignment), -ENOMEM (a hole, beyond the end), -EFAULT, -EAGAIN (no
 * memory now).
 */
int do_mincore(unsigned long start, size_t len, unsigned char __user *vec)
{
	unsigned long pages = len >> PAGE_SHIFT;
	struct mm_struct *mm = current->mm;
	unsigned char *answers;
	long n = 0;

	if (start & ~PAGE_MASK)
		return -EINVAL;
	if (!access_ok((void *)start, len))
		return -ENOMEM;
	pages += (len & ~PAGE_MASK) != 0;
	if (!access_ok(vec, pages))
		return -EFAULT;
	answers = kmalloc(ANSWERS, GFP_USER);
	if (!answers)
		return -EAGAIN;
	while (pages) {
		down_read(&mm->mmap_lock);
		n = mincore_chunk(mm, start, pages, answers);
		up_read(&mm->mmap_lock);
		if (n <= 0)
			break;
		if (copy_to_user(vec, answers, n)) {
			n = -EFAULT;
			break;
		}
		pages -= n;
		vec += n;
		start += (unsigned long)n << PAGE_SHIFT;
		n = 0;
		cond_resched();
	}
	kfree(answers);
	return (int)n;
}
