/*
 * special_mapping.c - mappings that the kernel makes in a program's address space: [vdso], [vvar].
 *
 * Idea:   such a VMA is of no file and yet not anonymous: it has vm_ops without vm_file. It may be
 *         moved, protected or unmapped, but only whole (vm_ops->may_split), and never grows. A
 *         page of it is either an ordinary one, mapped and counted as a file's, so that a
 *         debugger's breakpoint makes a private copy of it; or a page frame that nobody counts.
 * Locks:  mmap_lock for writing to make one; for reading, and LOCK_PTE, in a fault.
 * Above:  kernel/proc/vdso.c.   Below: vma.c, pgtable.c.   In Linux: a part of mm/mmap.c.
 */
#include "mm/special_mapping.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "mm/debug.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

int special_mapping_may_split(struct vm_area_struct *vma)
{
	return -EINVAL;
}

int install_special_mapping(struct mm_struct *mm, unsigned long addr, unsigned long pages,
			    unsigned long vm_flags, const struct vm_operations_struct *ops)
{
	struct vm_area_struct *vma = vm_area_alloc(mm);

	VM_BUG_ON(addr & ~PAGE_MASK || !ops->fault || !ops->may_split);
	if (!vma)
		return -ENOMEM;
	vma->vm_start = addr;
	vma->vm_end = addr + pages * PAGE_SIZE;
	vma->vm_flags = vm_flags | VM_DONTEXPAND | VM_SOFTDIRTY;
	vma->vm_ops = ops;
	vma_set_page_prot(vma);
	link_vma(mm, vma);
	vm_stat_account(mm, vma->vm_flags, (long)pages);
	return 0;
}

vm_fault_t vmf_insert_pfn(struct vm_fault *vmf, unsigned long pfn)
{
	pte_t pte = pte_mkspecial(mk_pte(pfn_to_page(pfn), vmf->vma->vm_page_prot)), *ptep;
	spinlock_t *ptl = pte_lockptr(vmf->pmd);

	VM_BUG_ON_VMA(!(vmf->vma->vm_flags & VM_PFNMAP), vmf->vma);
	ptep = pte_offset(vmf->pmd, vmf->address);
	spin_lock(ptl);
	if (pte_none(ptep_get(ptep)))	/* else another thread's fault was first */
		set_pte(ptep, pte);
	spin_unlock(ptl);
	return VM_FAULT_NOPAGE;
}
