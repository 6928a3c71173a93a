/*
 * mprotect.c - other rights for mapped memory.
 *
 * Idea:   The range is carved out of its VMAs, their flags change, and the entries
 *         that are present get the new rights at once. A private page that becomes
 *         writable still faults at its first write, unless it is known to be ours
 *         alone and dirty already. What becomes private-writable is promised memory
 *         from then on, and charged.
 * Locks:  mmap_lock for writing, LOCK_PTE inside.
 * Above:  kernel/proc (mprotect(2)).
 * Below:  vma.c, pgtable.c, util.c.   In Linux: mm/mprotect.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/debug.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/rmap.h"
#include "mm/util.h"
#include "mm/vma.h"

/*
 * May a present page become writable without a fault? A private one only if nobody else can have
 * it.
 */
static bool can_change_pte_writable(const struct vm_area_struct *vma, pte_t pte)
{
	struct page *page;

	if (!(vma->vm_flags & VM_WRITE) || (vma->vm_flags & VM_SHARED) || !pte_dirty(pte))
		return false;
	if (!(vma->vm_flags & VM_SOFTDIRTY) && !pte_soft_dirty(pte))
		return false;		/* somebody waits to hear of the write */
	page = vm_normal_page(pte);
	return page && PageAnon(page) && page_test(page, PG_anon_exclusive);
}

/* The present entries of one table. */
static void change_pte_range(struct vm_area_struct *vma, pmd_t *pmd, unsigned long addr,
			     unsigned long end)
{
	spinlock_t *ptl;
	pte_t *ptep = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);

	if (!ptep)
		return;
	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);

		if (!pte_present(pte))
			continue;
		pte = ptep_get_and_clear(ptep);		/* the CPU sets no bit while it is out */
		pte = pte_modify(pte, vma->vm_page_prot);
		if (can_change_pte_writable(vma, pte))
			pte = pte_mkwrite(pte);
		/* It may be on its way to another frame (migrate.c): the first write asks. */
		if (pte_write(pte) && vm_normal_page(pte) &&
		    page_test(vm_normal_page(pte), PG_locked))
			pte = pte_wrprotect(pte);
		set_pte(ptep, pte);
	}
	spin_unlock(ptl);
}

/* @vma's flags have changed: so do its entries. => mmap_lock for writing */
static void change_protection(struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start, next;
	struct mm_struct *mm = vma->vm_mm;
	bool any = false;
	pmd_t *pmd;

	while ((addr = next_present_pmd(mm, addr, vma->vm_end, &pmd)) < vma->vm_end) {
		next = pmd_addr_end(addr, vma->vm_end);
		change_pte_range(vma, pmd, addr, next);
		addr = next;
		any = true;
	}
	if (any)
		flush_tlb_range(&mm->tlb, vma->vm_start, vma->vm_end);
}

/*
 * Pages of commit charge that new flags need, and the data limit. 0, -ENOMEM; *charged.
 * What was charged once stays charged: it may hold private pages.
 */
static int charge_new_rights(struct mm_struct *mm, const struct vm_area_struct *vma,
			     unsigned long *new_flags, unsigned long pages, unsigned long *charged)
{
	unsigned long old_flags = vma->vm_flags;

	*charged = 0;
	if (!(*new_flags & VM_WRITE))
		return 0;
	if (!may_expand_vm(mm, *new_flags, pages) && may_expand_vm(mm, old_flags, pages))
		return -ENOMEM;
	if (old_flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE))
		return 0;
	if (security_vm_enough_memory_mm(mm, pages))
		return -ENOMEM;
	*charged = pages;
	*new_flags |= VM_ACCOUNT;
	return 0;
}

/*
 * One VMA's part [start, end) gets @new_flags. 0, -ENOMEM.
 * *vmap: what covers the part afterwards.
 */
static int mprotect_fixup(struct vm_area_struct **vmap, unsigned long start, unsigned long end,
			  unsigned long new_flags)
{
	struct vm_area_struct *vma = *vmap;
	struct mm_struct *mm = vma->vm_mm;
	unsigned long old_flags = vma->vm_flags, pages = (end - start) >> PAGE_SHIFT, charged;
	int error;

	if (new_flags == old_flags)
		return 0;
	error = charge_new_rights(mm, vma, &new_flags, pages, &charged);
	if (error)
		return error;
	error = vma_carve(&vma, start, end);
	if (error) {
		vm_unacct_memory(charged);
		return error;
	}
	vma->vm_flags = new_flags;
	vma_set_page_prot(vma);
	change_protection(vma);
	vm_stat_account(mm, old_flags, -(long)pages);
	vm_stat_account(mm, new_flags, (long)pages);
	*vmap = vma_merge(vma);
	return 0;
}

/*
 * The rest of the range, VMA by VMA. *populate: locked private memory that became writable. =>
 * mmap_lock for writing
 */
static int mprotect_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			  unsigned long prot, bool *populate)
{
	unsigned long rights = (prot & PROT_READ ? VM_READ : 0) |
			       (prot & PROT_WRITE ? VM_WRITE : 0) |
			       (prot & PROT_EXEC ? VM_EXEC : 0);

	while (start < end) {
		unsigned long new_flags, stop;
		int error;

		if (!vma || vma->vm_start > start)
			return -ENOMEM;		/* a hole; what came before it has been done */
		new_flags = (vma->vm_flags & ~VM_ACCESS_FLAGS) | rights;
		/* VM_MAY* are VM_* four bits up. */
		if ((new_flags & ~(new_flags >> 4)) & VM_ACCESS_FLAGS)
			return -EACCES;
		stop = MIN(end, vma->vm_end);
		if ((new_flags & VM_LOCKED) && (new_flags & VM_WRITE) &&
		    !(vma->vm_flags & (VM_WRITE | VM_SHARED)))
			*populate = true;
		error = mprotect_fixup(&vma, start, stop, new_flags);
		if (error)
			return error;
		start = stop;
		if (vma->vm_end <= start)
			vma = vma_next(vma);
	}
	return 0;
}

/* PROT_GROWSDOWN: the change extends to the whole stack below. 0, -ENOMEM, -EINVAL. */
static int find_first_vma(struct mm_struct *mm, unsigned long *start, unsigned long end, bool grows,
			  struct vm_area_struct **result)
{
	struct vm_area_struct *vma = find_vma(mm, *start);

	if (!vma)
		return -ENOMEM;
	if (grows) {
		if (vma->vm_start >= end)
			return -ENOMEM;
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		*start = vma->vm_start;
	}
	*result = vma;
	return 0;
}

/*
 * do_mprotect: mprotect(2). 0; -EINVAL (alignment, unknown bits), -ENOMEM (a hole, limits, memory),
 * -EACCES (more than the file allows), -EINTR. What precedes the mistake is done.
 */
int do_mprotect(unsigned long start, size_t len, unsigned long prot)
{
	const unsigned long grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long begin = start, end;
	bool populate = false;
	int error;

	prot &= ~(unsigned long)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (start & ~PAGE_MASK))
		return -EINVAL;
	if (!len)
		return 0;
	len = PAGE_ALIGN(len);
	end = start + len;
	if (end <= start)
		return -ENOMEM;
	if ((prot & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM)) ||
	    grows == PROT_GROWSUP)
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	error = find_first_vma(mm, &begin, end, grows, &vma);
	if (!error)
		error = mprotect_range(vma, begin, end, prot, &populate);
	up_write(&mm->mmap_lock);
	if (!error && populate)
		mm_populate(begin, end - begin);
	return error;
}
