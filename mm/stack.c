/*
 * stack.c - the stack: made by exec, grown by faults.
 *
 * Idea:   A VM_GROWSDOWN VMA is as large as it has been used. A fault below it,
 *         with nothing else in between, extends it down to the fault: as far as
 *         RLIMIT_STACK goes, and never to within stack_guard_gap of another mapping.
 * Locks:  mmap_lock: lock_mm_and_find_vma() changes from reading to writing for
 *         the growth and back, so that all else in mm/ sees borders move only
 *         under the lock held for writing.
 * Above:  fault.c, gup.c, kernel/proc/exec.
 * Below:  vma.c, util.c, mremap.c.   In Linux: mm/mmap.c, fs/exec.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/task.h"
#include "mm/debug.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/util.h"
#include "mm/vma.h"

/* May the stack become @size bytes, by @pages more? They are charged then. 0, -ENOMEM. */
static int acct_stack_growth(struct vm_area_struct *vma, unsigned long size, unsigned long pages)
{
	struct mm_struct *mm = vma->vm_mm;

	if (!may_expand_vm(mm, vma->vm_flags, pages))
		return -ENOMEM;
	if (size > rlimit(RLIMIT_STACK))
		return -ENOMEM;
	if (mlock_future_check(mm, vma->vm_flags, pages << PAGE_SHIFT))
		return -ENOMEM;
	return security_vm_enough_memory_mm(mm, pages) ? -ENOMEM : 0;
}

/*
 * Does growth to @addr come too near to what is below? Another stack's own gap is its business; a
 * PROT_NONE area is a guard itself.
 */
static bool guard_gap_hit(struct vm_area_struct *vma, unsigned long addr)
{
	struct vm_area_struct *prev = vma_prev(vma);

	return prev && !(prev->vm_flags & VM_GROWSDOWN) && (prev->vm_flags & VM_ACCESS_FLAGS) &&
	       addr - prev->vm_end < stack_guard_gap;
}

/*
 * expand_stack: @vma grows down to the page of @addr.
 *
 * => mmap_lock held for writing
 * => 0; -ENOMEM: a limit, the guard gap; -EPERM: below mmap_min_addr
 */
int expand_stack(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long pages;
	int error;

	addr &= PAGE_MASK;
	if (addr >= vma->vm_start)
		return 0;
	if (addr < mmap_min_addr)
		return -EPERM;
	if (!(vma->vm_flags & VM_GROWSDOWN) || guard_gap_hit(vma, addr))
		return -ENOMEM;
	pages = (vma->vm_start - addr) >> PAGE_SHIFT;
	if (pages > vma->vm_pgoff)
		return -ENOMEM;
	error = acct_stack_growth(vma, vma->vm_end - addr, pages);
	if (error)
		return error;
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm += pages;
	vm_stat_account(mm, vma->vm_flags, pages);
	vma_set_range(vma, addr, vma->vm_end, vma->vm_pgoff - pages);
	return 0;
}

/* The slow half: @addr is in no VMA; perhaps a stack can grow to it. => nothing held */
static struct vm_area_struct *find_vma_expanding(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	down_write(&mm->mmap_lock);
	vma = find_vma(mm, addr);	/* it may have come meanwhile */
	if (vma && vma->vm_start > addr && expand_stack(vma, addr))
		vma = NULL;
	if (!vma) {
		up_write(&mm->mmap_lock);
		return NULL;
	}
	downgrade_write(&mm->mmap_lock);
	return vma;
}

/*
 * lock_mm_and_find_vma: the VMA that contains @addr, with mmap_lock held for reading; a stack
 * is grown to @addr if need be.
 *
 * => NULL, and nothing held: there is none; may sleep
 */
struct vm_area_struct *lock_mm_and_find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool grows;

	down_read(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (likely(vma && vma->vm_start <= addr))
		return vma;
	grows = vma && (vma->vm_flags & VM_GROWSDOWN);
	up_read(&mm->mmap_lock);
	return grows ? find_vma_expanding(mm, addr) : NULL;
}

/* --- exec --- */

/*
 * setup_stack_vma: exec's new stack: one page below @top, to be written to by access_remote_vm().
 *
 * => @mm is new: nobody else uses it; @top page aligned. 0, -ENOMEM
 */
int setup_stack_vma(struct mm_struct *mm, unsigned long top, struct vm_area_struct **result)
{
	struct vm_area_struct *vma;

	VM_BUG_ON(top & ~PAGE_MASK);
	if (security_vm_enough_memory_mm(mm, 1))
		return -ENOMEM;
	vma = vm_area_alloc(mm);
	if (!vma) {
		vm_unacct_memory(1);
		return -ENOMEM;
	}
	vma->vm_end = top;
	vma->vm_start = top - PAGE_SIZE;
	vma->vm_flags = VM_STACK_FLAGS | mm->def_flags;	/* not soft-dirty: as Linux's first stack */
	vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
	vma_set_page_prot(vma);
	down_write(&mm->mmap_lock);
	link_vma(mm, vma);
	vm_stat_account(mm, vma->vm_flags, 1);
	up_write(&mm->mmap_lock);
	*result = vma;
	return 0;
}

/*
 * setup_stack_room: the stack with 128 KiB of room below what exec has put there, or as much as
 * @stack_rlimit allows.
 */
int setup_stack_room(struct vm_area_struct *vma, unsigned long stack_rlimit)
{
	const unsigned long room = 128UL << 10;
	unsigned long limit = stack_rlimit & PAGE_MASK, base;

	if (vma->vm_end - vma->vm_start + room > limit)
		base = limit < vma->vm_end - vma->vm_start ? vma->vm_start : vma->vm_end - limit;
	else
		base = vma->vm_start - room;
	return expand_stack(vma, base) ? -EFAULT : 0;
}
