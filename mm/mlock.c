/*
 * mlock.c - memory that must stay: mlock, mlock2, munlock, mlockall.
 *
 * Idea:   VM_LOCKED on a VMA says so; its pages carry PG_mlocked and live on the
 *         unevictable list, where reclaim does not look. A page that another VMA has
 *         locked as well loses its mark at the first munlock; reclaim, which asks
 *         the VMAs before it takes a page away (rmap.c), puts the mark back then.
 * Locks:  mmap_lock for writing; pages are marked under LOCK_PTE, lists under LOCK_LRU.
 * Above:  kernel/proc (system calls); memory.c, zap.c mark pages as they come and go.
 * Below:  vma.c, gup.c, swap.c.   In Linux: mm/mlock.c.
 */
#include "mm/mlock.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/gup.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/swap.h"
#include "mm/util.h"
#include "mm/vma.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

#define CAP_IPC_LOCK 14

void mlock_vma_page(struct page *page)
{
	if (page_test(page, PG_reserved) || page_test_and_set(page, PG_mlocked))
		return;
	mod_zone_page_state(page_zone(page), NR_MLOCK, 1);
	count_vm_event(UNEVICTABLE_PGMLOCKED);
	/* In a batch, or isolated: whoever puts it back will look at the mark. */
	if (isolate_lru_page(page))
		putback_lru_page(page);
}

void munlock_vma_page(struct page *page)
{
	if (!page_test_and_clear(page, PG_mlocked))
		return;
	mod_zone_page_state(page_zone(page), NR_MLOCK, -1);
	count_vm_event(UNEVICTABLE_PGMUNLOCKED);
	check_move_unevictable_page(page);
}

bool can_do_mlock(void)
{
	return rlimit(RLIMIT_MEMLOCK) != 0 || mm_capable_current(CAP_IPC_LOCK);
}

int mlock_future_check(struct mm_struct *mm, unsigned long flags, unsigned long len)
{
	unsigned long locked = (len >> PAGE_SHIFT) + mm->locked_vm;

	if (!(flags & VM_LOCKED) || locked <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT)
		return 0;
	return mm_capable_current(CAP_IPC_LOCK) ? 0 : -EAGAIN;
}

/* The pages of one table that are there are marked, or freed of their mark. */
static void mlock_pte_range(struct vm_area_struct *vma, pmd_t *pmd, unsigned long addr,
			    unsigned long end)
{
	spinlock_t *ptl;
	pte_t *ptep = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);

	if (!ptep)
		return;
	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);
		struct page *page = pte_present(pte) ? vm_normal_page(pte) : NULL;

		if (!page)
			continue;
		if (vma->vm_flags & VM_LOCKED)
			mlock_vma_page(page);
		else
			munlock_vma_page(page);
	}
	spin_unlock(ptl);
}

/* @vma's VM_LOCKED has changed: its pages follow. */
static void mlock_vma_pages(struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start, next;
	pmd_t *pmd;

	lru_add_drain();	/* pages in this CPU's batch can be moved then */
	while ((addr = next_present_pmd(vma->vm_mm, addr, vma->vm_end, &pmd)) < vma->vm_end) {
		next = pmd_addr_end(addr, vma->vm_end);
		mlock_pte_range(vma, pmd, addr, next);
		addr = next;
		cond_resched();
	}
	lru_add_drain();
}

/*
 * One VMA's part gets or loses VM_LOCKED (and VM_LOCKONFAULT). 0, -ENOMEM; *vmap covers the part
 * afterwards.
 */
static int mlock_fixup(struct vm_area_struct **vmap, unsigned long start, unsigned long end,
		       unsigned long lock)
{
	struct vm_area_struct *vma = *vmap;
	unsigned long old = vma->vm_flags, new = (old & ~VM_LOCKED_MASK) | lock;
	long pages = (long)((end - start) >> PAGE_SHIFT);
	int error;

	if (new == old || (old & VM_SPECIAL))
		return 0;
	error = vma_carve(&vma, start, end);
	if (error)
		return error;
	if (!(lock & VM_LOCKED))
		pages = -pages;
	else if (old & VM_LOCKED)
		pages = 0;
	vma->vm_mm->locked_vm += pages;
	vma->vm_flags = new;
	if (!(lock & VM_LOCKED) || !(old & VM_LOCKED))
		mlock_vma_pages(vma);
	*vmap = vma_merge(vma);
	return 0;
}

/* The range, VMA by VMA; a hole is -ENOMEM. => mmap_lock for writing, the range not empty */
static int apply_vma_lock_flags(struct mm_struct *mm, unsigned long start, unsigned long end,
				unsigned long lock)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	while (start < end) {
		unsigned long stop;
		int error;

		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		stop = MIN(end, vma->vm_end);
		error = mlock_fixup(&vma, start, stop, lock);
		if (error)
			return error;
		start = stop;
		if (vma->vm_end <= start)
			vma = vma_next(vma);
	}
	return 0;
}

/* Pages of the range that are locked already and would be counted twice. */
static unsigned long count_mm_mlocked_page_nr(struct mm_struct *mm, unsigned long start,
					      unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long pages = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		if (vma->vm_flags & VM_LOCKED)
			pages += (MIN(end, vma->vm_end) - MAX(start, vma->vm_start)) >> PAGE_SHIFT;
	return pages;
}

/* POSIX's names for what populating said. */
static int mlock_posix_error(int error)
{
	return error == -EFAULT ? -ENOMEM : error == -ENOMEM ? -EAGAIN : error;
}

/*
 * do_mlock: mlock(2), mlock2(2). 0; -EPERM, -ENOMEM (limit, hole, no right), -EAGAIN (no memory),
 * -EINTR.
 */
int do_mlock(unsigned long start, size_t len, bool onfault)
{
	struct mm_struct *mm = current->mm;
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT, locked, end;
	int error = -ENOMEM;

	if (!can_do_mlock())
		return -EPERM;
	len = PAGE_ALIGN(len + (start & ~PAGE_MASK));
	start &= PAGE_MASK;
	end = start + len;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	locked = (len >> PAGE_SHIFT) + mm->locked_vm;
	if (locked > limit && !mm_capable_current(CAP_IPC_LOCK))
		locked -= count_mm_mlocked_page_nr(mm, start, end);
	if (locked <= limit || mm_capable_current(CAP_IPC_LOCK))
		error = end < start ? -EINVAL
				    : apply_vma_lock_flags(mm, start, end, VM_LOCKED |
							   (onfault ? VM_LOCKONFAULT : 0));
	up_write(&mm->mmap_lock);
	if (error)
		return error;
	return mlock_posix_error(__mm_populate(start, len, false));
}

int do_munlock(unsigned long start, size_t len)
{
	struct mm_struct *mm = current->mm;
	int error;

	len = PAGE_ALIGN(len + (start & ~PAGE_MASK));
	start &= PAGE_MASK;
	if (start + len < start)
		return -EINVAL;
	if (!len)
		return 0;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	error = apply_vma_lock_flags(mm, start, start + len, 0);
	up_write(&mm->mmap_lock);
	return error;
}

/*
 * MCL_FUTURE sets what new VMAs begin with, MCL_CURRENT changes all there are (errors of single
 * ones are passed over).
 */
static void apply_mlockall_flags(struct mm_struct *mm, int flags)
{
	unsigned long lock = 0;
	struct vm_area_struct *vma;

	mm->def_flags &= ~VM_LOCKED_MASK;
	if (flags & MCL_FUTURE) {
		mm->def_flags |= VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
		if (!(flags & MCL_CURRENT))
			return;
	}
	if (flags & MCL_CURRENT)
		lock = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
	for (vma = find_vma(mm, 0); vma; vma = vma_next(vma)) {
		mlock_fixup(&vma, vma->vm_start, vma->vm_end, lock);
		cond_resched();
	}
}

/* do_mlockall: 0; -EINVAL, -EPERM, -ENOMEM (limit), -EINTR. */
int do_mlockall(int flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	int error = -ENOMEM;

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!can_do_mlock())
		return -EPERM;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	if (!(flags & MCL_CURRENT) || mm->total_vm <= limit || mm_capable_current(CAP_IPC_LOCK)) {
		apply_mlockall_flags(mm, flags);
		error = 0;
	}
	up_write(&mm->mmap_lock);
	if (!error && (flags & MCL_CURRENT))
		mm_populate(0, TASK_SIZE);
	return error;
}

int do_munlockall(void)
{
	struct mm_struct *mm = current->mm;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	apply_mlockall_flags(mm, 0);
	up_write(&mm->mmap_lock);
	return 0;
}
/*
 * check_move_unevictable_page: the page may be reclaimed after all (munlock): to the list of
 * its kind.
 *
 * => a reference is held, and the page cannot be truncated meanwhile
 */
void check_move_unevictable_page(struct page *page)
{
	struct address_space *mapping = page_mapping(page);
	struct lruvec *lruvec = page_lruvec(page);
	unsigned long flags;

	if (page_test(page, PG_mlocked) || (mapping && (mapping->flags & AS_UNEVICTABLE)) ||
	    !page_test_and_clear(page, PG_lru))
		return;
	flags = spin_lock_irqsave(&lruvec->lru_lock);
	if (page_test(page, PG_unevictable)) {
		del_page_from_lru_list(page, lruvec);
		page_clear(page, PG_unevictable);
		page_set(page, PG_lru);
		add_page_to_lru_list(page, lruvec);
		count_vm_event(UNEVICTABLE_PGRESCUED);
	} else {
		page_set(page, PG_lru);
	}
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
}

