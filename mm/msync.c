/*
 * msync.c - what was written to shared mappings goes to the file.
 *
 * Locks:  mmap_lock for reading, dropped while a file is written.
 * Above:  kernel/proc (msync(2)).
 * Below:  page-writeback.c.   In Linux: mm/msync.c.
 *
 * Idea:   MS_SYNC waits for each mapped file in turn. MS_ASYNC only checks: the pages
 *         are known to be dirty, and the flusher will come. While the lock is dropped
 *         the mapping's file is kept by vm_ops->open on a copy of its VMA.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/vma.h"

/*
 * Writes @vma's file, mmap_lock dropped meanwhile. 0 or -errno. The lock is held again at the end.
 */
static int sync_one_file(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *keep = vm_area_dup(vma);
	int error;

	if (!keep)
		return -ENOMEM;
	if (keep->vm_ops && keep->vm_ops->open)
		keep->vm_ops->open(keep);
	up_read(&mm->mmap_lock);
	error = keep->vm_ops && keep->vm_ops->fsync ? keep->vm_ops->fsync(keep) :
						      filemap_write_and_wait(keep->vm_mapping);
	remove_vma(keep);
	down_read(&mm->mmap_lock);
	return error;
}

/* The range, VMA by VMA. Holes are passed over, and -ENOMEM in the end. => mmap_lock for reading */
static int sync_range(struct mm_struct *mm, unsigned long start, unsigned long end, int flags)
{
	int unmapped = 0;

	while (start < end) {
		struct vm_area_struct *vma = find_vma(mm, start);
		unsigned long vma_end;
		int error;

		if (!vma)
			return -ENOMEM;
		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
			continue;
		}
		vma_end = vma->vm_end;
		if ((flags & MS_INVALIDATE) && (vma->vm_flags & VM_LOCKED))
			return -EBUSY;
		if ((flags & MS_SYNC) && vma->vm_mapping && (vma->vm_flags & VM_SHARED)) {
			error = sync_one_file(vma);
			if (error)
				return error;
		}
		start = vma_end;
	}
	return unmapped;
}

/* do_msync: 0; -EINVAL, -ENOMEM (a hole), -EBUSY (MS_INVALIDATE of locked memory), -EIO. */
int do_msync(unsigned long start, size_t len, int flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long end;
	int error;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (start & ~PAGE_MASK) ||
	    ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	end = start + PAGE_ALIGN(len);
	if (end < start)
		return -ENOMEM;
	if (end == start)
		return 0;
	down_read(&mm->mmap_lock);
	error = sync_range(mm, start, end, flags);
	up_read(&mm->mmap_lock);
	return error;
}
