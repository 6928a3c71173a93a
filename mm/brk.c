/*
 * brk.c - the heap: brk(2), and exec's bss.
 *
 * Idea:   The heap is one anonymous VMA whose end is the break. Moving the break is
 *         a mapping or an unmapping at a fixed place, with the data limit asked first.
 * Locks:  mmap_lock for writing, taken here.
 * Above:  kernel/proc (brk(2), exec).
 * Below:  mmap.c, vma.c, util.c.   In Linux: part of mm/mmap.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/task.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/util.h"
#include "mm/vma.h"

/* A private VMA of zeroes at [addr, addr + len). => checked and charged. 0, -ENOMEM */
static int brk_vma(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long flags)
{
	struct vm_area_struct want = {
		.vm_start = addr,
		.vm_end = addr + len,
		.vm_mm = mm,
		.vm_flags = flags,
		.vm_pgoff = addr >> PAGE_SHIFT,
	};
	struct vm_area_struct *vma;

	if (vma_expand(mm, &want))
		return 0;
	vma = vm_area_alloc(mm);
	if (!vma)
		return -ENOMEM;
	vma->vm_start = want.vm_start;
	vma->vm_end = want.vm_end;
	vma->vm_flags = flags;
	vma->vm_pgoff = want.vm_pgoff;
	vma_set_page_prot(vma);
	link_vma(mm, vma);
	return 0;
}

/*
 * The heap (or a bss) gets [addr, addr + len). => mmap_lock for writing, page aligned. 0 or -errno
 */
static int do_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len,
			unsigned long flags)
{
	unsigned long pages = len >> PAGE_SHIFT, at;
	int error;

	flags |= VM_DATA_DEFAULT_FLAGS | VM_ACCOUNT | VM_SOFTDIRTY | mm->def_flags;
	at = get_unmapped_area(mm, addr, len, MAP_FIXED);
	if (IS_ERR((void *)at))
		return (int)(long)at;
	error = mlock_future_check(mm, mm->def_flags, len);
	if (!error && find_vma_intersection(mm, addr, addr + len))
		error = do_munmap(mm, addr, len);
	if (error)
		return error;
	if (!may_expand_vm(mm, flags, pages) || mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	if (security_vm_enough_memory_mm(mm, pages))
		return -ENOMEM;
	if (brk_vma(mm, addr, len, flags)) {
		vm_unacct_memory(pages);
		return -ENOMEM;
	}
	vm_stat_account(mm, flags, pages);
	if (flags & VM_LOCKED)
		mm->locked_vm += pages;
	return 0;
}

/* vm_brk_flags: exec's bss: zeroed memory at a fixed place. 0 or -errno. */
int vm_brk_flags(unsigned long addr, unsigned long len, unsigned long flags)
{
	struct mm_struct *mm = current->mm;
	int error;

	if (PAGE_ALIGN(len) < len)
		return -ENOMEM;
	len = PAGE_ALIGN(len);
	if (!len)
		return 0;
	if (flags & ~VM_EXEC)
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	error = do_brk_flags(mm, addr, len, flags);
	up_write(&mm->mmap_lock);
	if (!error && (mm->def_flags & VM_LOCKED))
		mm_populate(addr, len);
	return error;
}

/* RLIMIT_DATA for the heap and the data segment together. */
static bool within_data_limit(const struct mm_struct *mm, unsigned long brk)
{
	unsigned long limit = rlimit(RLIMIT_DATA);

	return limit == RLIM_INFINITY ||
	       brk - mm->start_brk + (mm->end_data - mm->start_data) <= limit;
}

/*
 * Moves the break. True: it is at @brk. => mmap_lock for writing; *grown: where new, perhaps to be
 * locked, memory begins
 */
static bool set_brk(struct mm_struct *mm, unsigned long brk, unsigned long *grown)
{
	unsigned long new_end = PAGE_ALIGN(brk), old_end = PAGE_ALIGN(mm->brk);
	struct vm_area_struct *next;

	if (brk < mm->start_brk || brk > TASK_SIZE || !within_data_limit(mm, brk))
		return false;
	if (new_end < old_end) {
		if (do_munmap(mm, new_end, old_end - new_end))
			return false;
	} else if (new_end > old_end) {
		/* A page is left free between the heap and what follows it. */
		next = find_vma(mm, old_end);
		if (next && new_end + PAGE_SIZE > vm_start_gap(next))
			return false;
		if (do_brk_flags(mm, old_end, new_end - old_end, 0))
			return false;
		*grown = old_end;
	}
	mm->brk = brk;
	return true;
}

/*
 * do_brk: brk(2): the new break, or the old one if it cannot be moved (or @brk is 0: a question).
 */
unsigned long do_brk(unsigned long brk)
{
	struct mm_struct *mm = current->mm;
	unsigned long grown = 0, result;
	bool populate;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	set_brk(mm, brk, &grown);
	result = mm->brk;
	populate = grown && (mm->def_flags & VM_LOCKED);
	up_write(&mm->mmap_lock);
	if (populate)
		mm_populate(grown, PAGE_ALIGN(result) - grown);
	return result;
}
